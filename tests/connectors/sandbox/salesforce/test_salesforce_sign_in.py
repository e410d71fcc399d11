"""Signing in to the Salesforce sandbox, API limits and versions."""

import time

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

TOKEN = "/services/oauth2/token"
FORM = {"grant_type": "client_credentials", "client_id": "q2c-sandbox-client", "client_secret": "q2c-sandbox-secret"}


def test_client_credentials_are_taken_from_the_form_and_from_the_header(organisation):
    # when the same credentials come in both places Salesforce clients put them
    by_form = organisation.root.post(TOKEN, data=FORM)
    by_header = organisation.root.post(
        TOKEN, data={"grant_type": "client_credentials"}, auth=("q2c-sandbox-client", "q2c-sandbox-secret")
    )
    # then both give a token that names no end, and the address to go to
    for response in (by_form, by_header):
        body = response.json()
        assert response.status_code == 200
        assert set(body) == {
            "access_token", "signature", "token_format", "scope", "instance_url", "id", "token_type", "issued_at",
        }  # fmt: skip
        assert body["access_token"].startswith("00D")
        assert body["instance_url"] == organisation.url


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"client_secret": "wrong"}, "invalid_client"),
        ({"client_id": "wrong"}, "invalid_client_id"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
    ],
)
def test_wrong_credentials_are_refused_with_oauth_words(organisation, change, error):
    response = organisation.root.post(TOKEN, data={**FORM, **change})
    assert response.status_code == 400
    assert response.json()["error"] == error
    assert response.json()["error_description"]


def test_a_signed_assertion_gives_a_token_and_a_stale_one_does_not(organisation):
    # given a connected app that knows our public key
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    organisation.settings(jwt_certificate=pem)
    claims = {
        "iss": "q2c-sandbox-client",
        "sub": "integration@q2c.example",
        "aud": "https://test.salesforce.com",
        "exp": time.time() + 180,
    }

    def ask(**changed):
        assertion = jwt.encode({**claims, **changed}, key, algorithm="RS256")
        form = {"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer", "assertion": assertion}
        return organisation.root.post(TOKEN, data=form)

    # then the good one works, and each wrong one says what is wrong
    assert ask().status_code == 200
    assert ask(exp=time.time() - 10).json()["error_description"] == "expired authorization code"
    assert ask(aud="https://example.org").json()["error_description"] == "audience is invalid"
    assert ask(sub="somebody").json()["error_description"] == "user hasn't approved this consumer"


def test_an_expired_token_is_answered_with_an_array_of_one_error(organisation):
    # given a token that runs out at once
    organisation.settings(token_seconds=0)
    organisation.sign_in()
    # when it is used
    response = organisation.http.get("/limits")
    # then the answer is Salesforce's own
    assert response.status_code == 401
    assert response.json() == [{"message": "Session expired or invalid", "errorCode": "INVALID_SESSION_ID"}]
    assert "api-usage=" in response.headers["Sforce-Limit-Info"]


def test_every_reply_says_how_much_of_the_day_is_used(organisation):
    first = organisation.http.get("/limits").headers["Sforce-Limit-Info"]
    second = organisation.http.get("/sobjects/Account/none").headers["Sforce-Limit-Info"]
    assert (first, second) == ("api-usage=1/1000000", "api-usage=2/1000000")
    assert organisation.http.get("/limits").json() == {"DailyApiRequests": {"Max": 1000000, "Remaining": 999997}}


def test_at_the_daily_limit_every_call_is_refused(organisation):
    organisation.settings(daily_limit=1)
    assert organisation.http.get("/limits").status_code == 200
    response = organisation.http.get("/limits")
    assert response.status_code == 403
    assert response.json() == [{"message": "TotalRequests Limit exceeded.", "errorCode": "REQUEST_LIMIT_EXCEEDED"}]
    assert response.headers["Sforce-Limit-Info"] == "api-usage=1/1"


@pytest.mark.parametrize("version", ["60.0", "65.0", "68.0"])
def test_every_version_in_service_answers_with_its_own_paths(organisation, version):
    response = organisation.root.get(f"/services/data/v{version}/", headers=organisation.http.headers)
    assert response.json()["query"] == f"/services/data/v{version}/query"


@pytest.mark.parametrize("version", ["59.0", "69.0", "65.5", "x"])
def test_other_versions_are_unsupported(organisation, version):
    response = organisation.root.get(f"/services/data/v{version}/limits", headers=organisation.http.headers)
    assert response.status_code == 400
    assert response.json()[0]["errorCode"] == "UNSUPPORTED_API_VERSION"


def test_a_url_that_is_too_long_never_reaches_the_query(organisation):
    response = organisation.http.get("/query", params={"q": "SELECT Id FROM Account" + " " * 17000})
    assert response.status_code == 414


def test_a_revoked_token_is_no_longer_good(organisation):
    token = organisation.sign_in()
    assert organisation.root.post("/services/oauth2/revoke", data={"token": token}).status_code == 200
    assert organisation.http.get("/limits").status_code == 401
