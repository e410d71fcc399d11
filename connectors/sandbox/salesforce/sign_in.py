"""Sign-in: OAuth tokens by client credentials or signed assertion, and who a token stands for."""

import base64
import hashlib
import hmac
import secrets
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

import jwt
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from connectors.sandbox.books import Books

TOKENS = "_token"
JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
AUDIENCES = ("https://login.salesforce.com", "https://test.salesforce.com")

Settings = Mapping[str, Any]


def refused(error: str, description: str) -> tuple[int, dict[str, Any]]:
    return 400, {"error": error, "error_description": description}


def issue(
    books: Books, settings: Settings, *, raw: bytes, authorization: str, instance_url: str, user: str
) -> tuple[int, dict[str, Any]]:
    """Status and body of the token endpoint for a form body and an Authorization header."""
    form = dict(parse_qsl(raw.decode("utf-8", "replace")))
    kind, _, basic = authorization.partition(" ")
    if kind.lower() == "basic":
        try:
            name, _, secret = base64.b64decode(basic).decode().partition(":")
        except ValueError:
            return refused("invalid_client", "invalid client credentials")
        form.setdefault("client_id", name)
        form.setdefault("client_secret", secret)
    grant = form.get("grant_type")
    if grant == "client_credentials":
        if form.get("client_id") != settings["client_id"]:
            return refused("invalid_client_id", "client identifier invalid")
        if not hmac.compare_digest(form.get("client_secret", ""), settings["client_secret"]):
            return refused("invalid_client", "invalid client credentials")
    elif grant == JWT_BEARER:
        wrong = _wrong_assertion(settings, form.get("assertion", ""))
        if wrong:
            return refused("invalid_grant", wrong)
    else:
        return refused("unsupported_grant_type", "grant type not supported")
    return 200, _token_body(books, settings, instance_url=instance_url, user=user)


def _wrong_assertion(settings: Settings, assertion: str) -> str:
    """Why an assertion is refused; empty when it is good."""
    pem = str(settings["jwt_certificate"])
    if not pem:
        return "user hasn't approved this consumer"
    if "BEGIN CERTIFICATE" in pem:
        key = x509.load_pem_x509_certificate(pem.encode()).public_key()
        pem = key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    try:
        claims = jwt.decode(
            assertion, pem, algorithms=["RS256"], audience=AUDIENCES, options={"require": ["exp", "iss", "sub", "aud"]}
        )
    except jwt.InvalidAudienceError:
        return "audience is invalid"
    except jwt.ExpiredSignatureError:
        return "expired authorization code"
    except jwt.InvalidTokenError:
        return "invalid assertion"
    if claims["iss"] != settings["client_id"] or claims["sub"] != settings["username"]:
        return "user hasn't approved this consumer"
    return ""


def _token_body(books: Books, settings: Settings, *, instance_url: str, user: str) -> dict[str, Any]:
    token = new_token(books, settings)
    issued_at = str(int(time.time() * 1000))
    identity = f"https://login.salesforce.com/id/{settings['organization_id']}/{user}"
    signature = hmac.new(settings["client_secret"].encode(), (identity + issued_at).encode(), hashlib.sha256)
    return {
        "access_token": token,
        "signature": base64.b64encode(signature.digest()).decode(),
        "token_format": "opaque",
        "scope": "api",
        "instance_url": instance_url,
        "id": identity,
        "token_type": "Bearer",
        "issued_at": issued_at,
    }


def new_token(books: Books, settings: Settings) -> str:
    """A token good for the setting `token_seconds`; forgets those that ran out."""
    now = time.time()
    for document in books.rows(TOKENS):
        if document["expires_at"] <= now:
            books.delete(TOKENS, document["id"])
    token = f"{settings['organization_id'][:15]}!AQ{secrets.token_urlsafe(60)}"
    books.put(TOKENS, token, {"id": token, "expires_at": now + float(settings["token_seconds"])})
    return token


def is_good(books: Books, authorization: str) -> bool:
    """Whether an Authorization header carries a token that is still good."""
    kind, _, token = authorization.partition(" ")
    known = books.get(TOKENS, token.strip()) if kind.lower() in ("bearer", "oauth") else None
    return known is not None and known["expires_at"] > time.time()
