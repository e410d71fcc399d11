"""Start one sandbox: python -m connectors.sandbox stripe --port 8101 --state .dev/stripe.db"""

import argparse
import importlib
from pathlib import Path

import uvicorn

SANDBOXES = {
    "salesforce": "connectors.sandbox.salesforce:SalesforceSandbox",
    "stripe": "connectors.sandbox.stripe_billing:StripeSandbox",
    "netsuite": "connectors.sandbox.netsuite:NetSuiteSandbox",
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("system", choices=sorted(SANDBOXES))
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--state", type=Path, default=None, help="SQLite file of its books; in memory without it")
    chosen = parser.parse_args()
    module, name = SANDBOXES[chosen.system].split(":")
    sandbox = getattr(importlib.import_module(module), name)(chosen.state)
    uvicorn.run(sandbox.app(), host=chosen.host, port=chosen.port, log_level="warning", access_log=False)


if __name__ == "__main__":
    main()
