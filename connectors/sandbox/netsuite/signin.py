"""Who calls: token-based authentication (OAuth 1.0a) and OAuth 2.0 client credentials with a signed assertion."""

import base64
import hashlib
import hmac
import secrets
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlsplit

import jwt
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from connectors.sandbox.netsuite.archive import Author
from connectors.sandbox.netsuite.refusals import Refusal

TOKEN_PATH = "/services/rest/auth/oauth2/v1/token"
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
ALGORITHMS = ["PS256", "PS384", "PS512", "ES256", "ES384", "ES512"]


@dataclass(frozen=True)
class Call:
    """What sign-in needs of a request: the URL as the client wrote it, without its query, and the query undecoded."""

    method: str
    url: str
    query: str
    authorization: str


def new_key_pair() -> tuple[str, str]:
    """A fresh P-256 key pair as PEM texts: private, public."""
    key = ec.generate_private_key(ec.SECP256R1())
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    public = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    return private.decode(), public.decode()


class SignIn:
    """Checks credentials against the sandbox's settings and remembers used nonces."""

    def __init__(self) -> None:
        self._nonces: dict[tuple[str, str], float] = {}
        #: tokens already verified: token -> (author, end of life)
        self._verified: dict[str, tuple[Author, float, str]] = {}

    def author(self, call: Call, settings: dict[str, Any]) -> Author:
        """The author behind a request. Raises Refusal (401 INVALID_LOGIN)."""
        scheme, _, rest = call.authorization.partition(" ")
        if scheme.lower() == "bearer":
            return self._bearer(rest.strip(), settings)
        if scheme.lower() == "oauth":
            return self._signed(call, rest, settings)
        raise Refusal("bad_login", reason="No Authorization header.")

    # -- OAuth 1.0a -------------------------------------------------------------------------------
    def _signed(self, call: Call, text: str, settings: dict[str, Any]) -> Author:
        sent: dict[str, str] = {}
        for part in text.split(","):
            name, _, value = part.strip().partition("=")
            sent[unquote(name)] = unquote(value.strip('"'))
        if sent.get("realm", "").upper() != settings["account"].upper():
            raise Refusal("bad_login", reason="Unknown account.")
        if sent.get("oauth_signature_method") != "HMAC-SHA256":
            raise Refusal("bad_login", reason="HMAC-SHA256 is the only signature method.")
        credential = next(
            (
                one
                for one in settings["credentials"]
                if one.get("consumer_key")
                and one["consumer_key"] == sent.get("oauth_consumer_key")
                and one["token_key"] == sent.get("oauth_token")
            ),
            None,
        )
        if credential is None:
            raise Refusal("bad_login", reason="Unknown consumer key or token.")
        key = f"{quote(credential['consumer_secret'], safe='~')}&{quote(credential['token_secret'], safe='~')}"
        digest = hmac.new(key.encode(), base_string(call, sent).encode(), hashlib.sha256).digest()
        if not hmac.compare_digest(base64.b64encode(digest).decode(), sent.get("oauth_signature", "")):
            raise Refusal("bad_login", reason="The signature does not match.")
        self._fresh(sent, window=float(settings["timestamp_seconds"]))
        return Author(credential["name"], credential["role"])

    def _fresh(self, sent: dict[str, str], *, window: float) -> None:
        now = time.time()
        try:
            then = float(sent.get("oauth_timestamp", ""))
        except ValueError as error:
            raise Refusal("bad_login", reason="No timestamp.") from error
        if abs(now - then) > window:
            raise Refusal("bad_login", reason="The timestamp is out of the window.")
        mark = (sent["oauth_token"], sent.get("oauth_nonce", ""))
        if not mark[1] or self._nonces.get(mark, 0) > now:
            raise Refusal("bad_login", reason="The nonce was used before.")
        if len(self._nonces) > 20_000:
            self._nonces = {known: until for known, until in self._nonces.items() if until > now}
        self._nonces[mark] = now + 2 * window

    # -- OAuth 2.0 --------------------------------------------------------------------------------
    def token(self, form: dict[str, str], settings: dict[str, Any], *, url: str) -> dict[str, str]:
        """An access token for a signed assertion (RFC 7523). Raises Refusal (401 INVALID_LOGIN)."""
        if form.get("grant_type") != "client_credentials" or form.get("client_assertion_type") != ASSERTION_TYPE:
            raise Refusal("bad_login", reason="invalid_request: grant_type or client_assertion_type.")
        assertion = form.get("client_assertion", "")
        try:
            kid = jwt.get_unverified_header(assertion).get("kid", "")
            certificate = settings["certificates"].get(kid)
            if certificate is None:
                raise Refusal("bad_login", reason="invalid_client: unknown certificate id.")
            claims = jwt.decode(
                assertion,
                _public_key(certificate),
                algorithms=ALGORITHMS,
                audience=settings["token_url"] or url,
                options={"require": ["iss", "aud", "iat", "exp"], "verify_iat": True},
                leeway=5,
            )
        except (jwt.PyJWTError, ValueError) as error:
            raise Refusal("bad_login", reason=f"invalid_client: {error}.") from error
        credential = next(
            (
                one
                for one in settings["credentials"]
                if one.get("client_id") == claims["iss"] and one.get("certificate_id") == kid
            ),
            None,
        )
        scope = claims.get("scope", "")
        scopes = scope if isinstance(scope, list) else str(scope).replace(",", " ").split()
        if credential is None or "rest_webservices" not in scopes or claims["exp"] - claims["iat"] > 3600:
            raise Refusal("bad_login", reason="invalid_client: no such application, scope or lifetime.")
        now = int(time.time())
        seconds = int(settings["token_seconds"])
        content = {
            "sub": credential["name"],
            "role": credential["role"],
            "iat": now,
            "exp": now + seconds,
            "jti": secrets.token_hex(8),
        }
        token = jwt.encode(content, settings["signing_secret"], algorithm="HS256")
        return {"access_token": token, "expires_in": str(seconds), "token_type": "bearer"}

    def _bearer(self, token: str, settings: dict[str, Any]) -> Author:
        author, until, secret = self._verified.get(token, (None, 0.0, ""))
        if author is None or secret != settings["signing_secret"]:
            try:
                claims = jwt.decode(
                    token, settings["signing_secret"], algorithms=["HS256"], options={"require": ["exp", "sub"]}
                )
            except jwt.PyJWTError as error:
                raise Refusal("bad_login", reason="The access token is unknown or expired.") from error
            author, until = Author(claims["sub"], claims["role"]), float(claims["exp"])
            if len(self._verified) > 1000:
                self._verified.clear()
            self._verified[token] = (author, until, settings["signing_secret"])
        if until <= time.time():
            raise Refusal("bad_login", reason="The access token is unknown or expired.")
        return author


def _public_key(pem: str) -> Any:
    """The key in a PEM certificate or a PEM public key. Raises ValueError for anything else."""
    if "BEGIN CERTIFICATE" in pem:
        return x509.load_pem_x509_certificate(pem.encode()).public_key()
    return serialization.load_pem_public_key(pem.encode())


def base_string(call: Call, sent: dict[str, str]) -> str:
    """The signature base string (RFC 5849, 3.4.1): method, bare URL, all parameters sorted, the query's too."""
    parts = urlsplit(call.url)
    host = parts.hostname or ""
    if parts.port and (parts.scheme, parts.port) not in (("http", 80), ("https", 443)):
        host = f"{host}:{parts.port}"
    pairs = [(name, value) for name, value in sent.items() if name not in ("realm", "oauth_signature")]
    pairs += parse_qsl(call.query, keep_blank_values=True)
    encoded = sorted((_encode(name), _encode(value)) for name, value in pairs)
    parameters = "&".join(f"{name}={value}" for name, value in encoded)
    return "&".join((call.method.upper(), _encode(f"{parts.scheme}://{host}{parts.path}"), _encode(parameters)))


def _encode(text: str) -> str:
    return quote(text, safe="~")
