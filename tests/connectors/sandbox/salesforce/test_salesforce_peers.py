"""The Salesforce sandbox driven and read by software that is not ours, in an environment of its own."""

import os
import subprocess
from pathlib import Path

import pytest
import trustme

from connectors.sandbox.salesforce import SalesforceSandbox
from tests.own_environment import python_of

from .conftest import eventually, running

ROOT = Path(__file__).parents[4]
PEERS = Path(__file__).parents[1] / "peers"
SPECS = Path(os.environ.get("Q2C_SPECS", ROOT.parent / "shared" / "specs"))
WSDL = SPECS / "salesforce" / "outbound_message_opportunity.wsdl"

pytestmark = pytest.mark.peers


@pytest.fixture(scope="session")
def peer_python() -> Path:
    """The interpreter of an environment with simple-salesforce."""
    return python_of("salesforce")


def test_simple_salesforce_finds_a_salesforce(peer_python, tmp_path):
    # given a sandbox behind TLS, since this client speaks nothing else
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    certificate = authority.issue_cert("localhost")
    certificate.private_key_and_cert_chain_pem.write_to_path(str(tmp_path / "server.pem"))
    with running(SalesforceSandbox().app(), ssl_certfile=str(tmp_path / "server.pem")) as port:
        # when simple-salesforce plays its story against it
        story = subprocess.run(
            [str(peer_python), str(PEERS / "simple_salesforce_story.py"), str(port), "q2c-sandbox-client",
             "q2c-sandbox-secret"],
            env={**os.environ, "REQUESTS_CA_BUNDLE": str(tmp_path / "ca.pem"), "NO_PROXY": "localhost"},
            capture_output=True,
            text=True,
            timeout=120,
        )  # fmt: skip
    # then it reaches the end
    assert story.returncode == 0, story.stderr


@pytest.mark.skipif(not WSDL.exists(), reason=f"the vendor's WSDL is not here: {WSDL}")
def test_an_outbound_message_satisfies_the_vendors_wsdl(peer_python, tmp_path, organisation, ear):
    # given the message of three won deals
    account = organisation.create("Account", Name="Isdom")
    keys = organisation.opportunities(3, AccountId=account)
    organisation.win(keys)
    (message,) = eventually(lambda: ear.messages)
    (tmp_path / "message.xml").write_text(message)
    # when zeep and the schema read it
    read = subprocess.run(
        [str(peer_python), str(PEERS / "outbound_message_schema.py"), str(WSDL), str(tmp_path / "message.xml"),
         str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=120,
    )  # fmt: skip
    # then all of it is understood
    assert read.returncode == 0, read.stderr
    assert read.stdout.strip() == "3"
