"""How calls to NetSuite are signed."""

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from connectors.netsuite.signing import MachineSignIn, TokenSigning, base_string

RFC_PARAMETERS = {
    "oauth_consumer_key": "9djdj82h48djs9d2",
    "oauth_token": "kkk9d7dh3k39sjv7",
    "oauth_signature_method": "HMAC-SHA1",
    "oauth_timestamp": "137131201",
    "oauth_nonce": "7d8f3e4a",
}


def pem(key):
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()


def test_the_base_string_is_the_one_of_rfc_5849():
    # given the example of section 3.4.1.1, all of whose parameters stand in the address
    url = "http://EXAMPLE.COM:80/request?b5=%3D%253D&a3=a&c%40=&a2=r%20b&c2=&a3=2+q"
    # when
    text = base_string("post", url, oauth=RFC_PARAMETERS)
    # then
    assert text == (
        "POST&http%3A%2F%2Fexample.com%2Frequest&a2%3Dr%2520b%26a3%3D2%2520q%26a3%3Da%26b5%3D%253D%25253D%26"
        "c%2540%3D%26c2%3D%26oauth_consumer_key%3D9djdj82h48djs9d2%26oauth_nonce%3D7d8f3e4a%26"
        "oauth_signature_method%3DHMAC-SHA1%26oauth_timestamp%3D137131201%26oauth_token%3Dkkk9d7dh3k39sjv7"
    )


def test_the_query_changes_the_signature_and_the_realm_is_the_account():
    # given
    signing = TokenSigning(
        account="1234567-sb1", consumer_key="k", consumer_secret="a&b", token_id="t", token_secret="s"
    )
    # when
    plain, asked = (
        signing.header("GET", f"https://x.example.com/a{query}", nonce="n", timestamp=1) for query in ("", "?limit=1")
    )
    # then
    assert plain.startswith('OAuth realm="1234567_SB1", oauth_consumer_key="k"')
    assert plain.rsplit("oauth_signature=", 1)[1] != asked.rsplit("oauth_signature=", 1)[1]


@pytest.mark.parametrize(
    ("key", "algorithm"),
    [(rsa.generate_private_key(65537, 2048), "PS256"), (ec.generate_private_key(ec.SECP256R1()), "ES256")],
    ids=["rsa", "elliptic"],
)
def test_the_assertion_is_signed_as_the_key_allows(key, algorithm):
    # given
    url = "https://x.example.com/services/rest/auth/oauth2/v1/token"
    sign_in = MachineSignIn(client_id="client", certificate_id="certificate", private_key=pem(key), token_url=url)
    # when
    form = sign_in.form()
    # then
    assertion = form["client_assertion"]
    assert jwt.get_unverified_header(assertion) == {"alg": algorithm, "kid": "certificate", "typ": "JWT"}
    claims = jwt.decode(assertion, key.public_key(), algorithms=[algorithm], audience=url)
    assert (claims["iss"], claims["scope"]) == ("client", "rest_webservices")
    assert 0 < claims["exp"] - claims["iat"] < 3600


def test_a_token_is_kept_until_it_is_refused():
    # given
    key = pem(ec.generate_private_key(ec.SECP256R1()))
    sign_in = MachineSignIn(client_id="c", certificate_id="k", private_key=key, token_url="https://x.example.com")
    given = iter(["first", "second"])
    # when
    before = [sign_in.token(lambda form: (next(given), 3600.0)) for _ in range(3)]
    sign_in.forget("another one")
    sign_in.forget("first")
    after = sign_in.token(lambda form: (next(given), 3600.0))
    # then
    assert (before, after) == (["first"] * 3, "second")
