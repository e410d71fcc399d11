"""A client that is not ours against the sandbox: the `netsuite` package, in an environment of its own."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.own_environment import python_of

ROOT = Path(__file__).parents[4]
SCRIPT = ROOT / "tests" / "connectors" / "sandbox" / "peers" / "netsuite_client.py"

pytestmark = pytest.mark.peers


@pytest.fixture(scope="session")
def interpreter() -> Path:
    """The peer's own Python."""
    return python_of("netsuite")


def test_the_netsuite_package_signs_in_writes_reads_and_queries(stranger, interpreter):
    # given a fresh account
    # when somebody else's client works with it
    run = subprocess.run([interpreter, SCRIPT, stranger.address], capture_output=True, text=True, timeout=120)
    assert run.returncode == 0, run.stderr
    # then it sees what NetSuite would show
    assert json.loads(run.stdout) == {
        "put": None,
        "post": None,
        "memo": "Ärger & + %20 ~",
        "total": "123.45",
        "line": 1,
        "rows": [
            {
                "links": [],
                "externalid": "PEER-1",
                "trandate": "11/10/2026",
                "foreigntotal": "123.45",
                "status": "Invoice : Open",
            }
        ],
        "schema": True,
        "openapi": ["customer", "invoice"],
        "misspelt": 400,
        "wrong_secret": 401,
        "wrong_account": 401,
        "reader_reads": 200,
        "reader_writes": 403,
        "delete": None,
        "gone": 404,
    }
    assert sys.executable != str(interpreter)
