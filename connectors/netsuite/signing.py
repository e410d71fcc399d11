"""How a call to NetSuite is signed: token-based authentication (OAuth 1.0a) and machine-to-machine OAuth 2.0."""

import base64
import hashlib
import hmac
import secrets
import threading
import time
from collections.abc import Callable, Generator
from typing import Any
from urllib.parse import parse_qsl, quote

import httpx
import jwt
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
#: NetSuite takes assertions of up to an hour; a short one is worth less to a thief
ASSERTION_SECONDS = 300
#: a token is renewed this long before it ends, so that no call starts with one about to end
EARLY_SECONDS = 60.0


def _escape(text: str) -> str:
    """Percent-encoding by RFC 5849, 3.6: only unreserved characters stay."""
    return quote(text, safe="-._~")


class TokenSigning(httpx.Auth):
    """Signs every request with HMAC-SHA256 (RFC 5849). The query parameters are part of what is signed."""

    def __init__(
        self, *, account: str, consumer_key: str, consumer_secret: str, token_id: str, token_secret: str
    ) -> None:
        #: upper case and with an underscore, other than in the host name
        self.realm = account.upper().replace("-", "_")
        self.consumer_key, self.token_id = consumer_key, token_id
        self.key = f"{_escape(consumer_secret)}&{_escape(token_secret)}".encode()

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        request.headers["authorization"] = self.header(
            request.method, str(request.url), nonce=secrets.token_hex(16), timestamp=int(time.time())
        )
        yield request

    def header(self, method: str, url: str, *, nonce: str, timestamp: int) -> str:
        """The Authorization header of one request."""
        oauth = {
            "oauth_consumer_key": self.consumer_key,
            "oauth_token": self.token_id,
            "oauth_nonce": nonce,
            "oauth_timestamp": str(timestamp),
            "oauth_version": "1.0",
            "oauth_signature_method": "HMAC-SHA256",
        }
        digest = hmac.new(self.key, base_string(method, url, oauth=oauth).encode(), hashlib.sha256).digest()
        parts = {"realm": self.realm, **oauth, "oauth_signature": base64.b64encode(digest).decode()}
        return "OAuth " + ", ".join(f'{name}="{_escape(value)}"' for name, value in parts.items())


def base_string(method: str, url: str, *, oauth: dict[str, str]) -> str:
    """What is signed (RFC 5849, 3.4.1): method, address without its query, and all parameters sorted."""
    parts = httpx.URL(url)
    port = f":{parts.port}" if parts.port else ""  # httpx leaves the scheme's own port out, as the rule wants
    path = parts.raw_path.split(b"?", 1)[0].decode("ascii")
    parameters = [*oauth.items(), *parse_qsl(parts.query.decode("ascii"), keep_blank_values=True)]
    pairs = sorted((_escape(name), _escape(value)) for name, value in parameters)
    return "&".join(
        (
            method.upper(),
            _escape(f"{parts.scheme}://{parts.host.lower()}{port}{path}"),
            _escape("&".join(f"{name}={value}" for name, value in pairs)),
        )
    )


class MachineSignIn:
    """Access tokens by signed assertion (OAuth 2.0 client credentials), kept until shortly before they end."""

    def __init__(self, *, client_id: str, certificate_id: str, private_key: str, token_url: str) -> None:
        """Raises ValueError where the private key cannot be read."""
        self.client_id, self.certificate_id, self.token_url = client_id, certificate_id, token_url
        self.private_key: Any = load_pem_private_key(private_key.encode(), password=None)
        #: NetSuite takes RSA-PSS and ECDSA, and no plain RS256
        self.algorithm = (
            {256: "ES256", 384: "ES384", 521: "ES512"}[self.private_key.key_size]
            if isinstance(self.private_key, EllipticCurvePrivateKey)
            else "PS256"
        )
        self._lock = threading.Lock()
        self._token, self._ends_at = "", 0.0

    def form(self) -> dict[str, str]:
        """The form that is exchanged for a token."""
        now = int(time.time())
        assertion = jwt.encode(
            {
                "iss": self.client_id,
                "scope": "rest_webservices",
                "aud": self.token_url,
                "iat": now,
                "exp": now + ASSERTION_SECONDS,
            },
            self.private_key,
            algorithm=self.algorithm,
            headers={"kid": self.certificate_id, "typ": "JWT"},
        )
        return {
            "grant_type": "client_credentials",
            "client_assertion_type": ASSERTION_TYPE,
            "client_assertion": assertion,
        }

    def token(self, fetch: Callable[[dict[str, str]], tuple[str, float]]) -> str:
        """The current token; `fetch` turns the form into a token and its seconds, by one caller at a time."""
        with self._lock:
            if not self._token or time.monotonic() >= self._ends_at:
                token, seconds = fetch(self.form())
                self._token, self._ends_at = token, time.monotonic() + max(0.0, seconds - EARLY_SECONDS)
            return self._token

    def forget(self, token: str) -> None:
        """Drop a token that was refused, unless another caller has replaced it already."""
        with self._lock:
            if self._token == token:
                self._token = ""
