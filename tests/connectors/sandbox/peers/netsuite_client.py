"""Drives the NetSuite sandbox with the `netsuite` package; run by its own interpreter: netsuite_client.py ADDRESS.

Prints one JSON object with what the client saw.
"""

import asyncio
import json
import sys
from decimal import Decimal

from netsuite import Config, NetSuiteRestApi, TokenAuth
from netsuite.exceptions import NetsuiteAPIRequestError

address = sys.argv[1]


class Api(NetSuiteRestApi):
    """The client as it is, except for its computed host name."""

    def _make_url(self, subpath: str) -> str:
        return f"{address}/services/rest{subpath}"


def api(*, secret: str = "demo-token-secret", name: str = "demo", account: str = "1234567_SB1") -> Api:
    auth = TokenAuth(
        consumer_key=f"{name}-consumer",
        consumer_secret=f"{name}-consumer-secret",
        token_id=f"{name}-token",
        token_secret=secret,
    )
    return Api(Config(account=account, auth=auth))


async def status(call) -> int:
    try:
        await call
    except NetsuiteAPIRequestError as error:
        return error.status_code
    return 200


async def main() -> dict:
    full = api()
    seen: dict = {}
    customer = {"companyName": "Peer Company", "subsidiary": {"id": "1"}, "currency": {"id": "1"}}
    seen["put"] = await full.put("/record/v1/customer/eid:PEER", json=customer)
    await full.post("/record/v1/serviceSaleItem", json={"itemId": "PEER-FEE", "incomeAccount": {"id": "400"}})
    item = await full.get("/record/v1/serviceSaleItem", params={"q": 'itemId IS "PEER-FEE"'})
    invoice = {
        "externalId": "PEER-1",
        "entity": {"externalId": "PEER"},
        "tranDate": "2026-11-10",
        "item": {"items": [{"item": {"id": item["items"][0]["id"]}, "amount": 123.45}]},
    }
    seen["post"] = await full.post("/record/v1/invoice", json=invoice)
    await full.patch("/record/v1/invoice/eid:PEER-1", json={"memo": "Ärger & + %20 ~"})
    read = await full.get("/record/v1/invoice/eid:PEER-1", params={"expandSubResources": "true"})
    seen["memo"], seen["total"], seen["line"] = (
        read["memo"],
        str(Decimal(str(read["total"]))),
        read["item"]["items"][0]["line"],
    )
    rows = await full.suiteql(
        "SELECT externalid, trandate, foreigntotal, BUILTIN.DF(status) status FROM transaction WHERE type = 'CustInvc'"
        " AND trandate = TO_DATE('2026-11-10', 'YYYY-MM-DD') ORDER BY id",
        limit=5,
        offset=0,
    )
    seen["rows"] = rows["items"]
    seen["schema"] = "tranDate" in (await full.jsonschema("invoice"))["properties"]
    seen["openapi"] = sorted((await full.openapi(["invoice", "customer"]))["components"]["schemas"])
    seen["misspelt"] = await status(full.post("/record/v1/customer", json={**customer, "kompanyName": "x"}))
    seen["wrong_secret"] = await status(api(secret="wrong").get("/record/v1/customer"))
    seen["wrong_account"] = await status(api(account="7654321").get("/record/v1/customer"))
    reader = api(name="demo-read", secret="demo-read-token-secret")
    seen["reader_reads"] = await status(reader.get("/record/v1/customer", params={"limit": 1, "q": "email EMPTY"}))
    seen["reader_writes"] = await status(reader.delete("/record/v1/invoice/eid:PEER-1"))
    seen["delete"] = await full.delete("/record/v1/invoice/eid:PEER-1")
    seen["gone"] = await status(full.get("/record/v1/invoice/eid:PEER-1"))
    return seen


print(json.dumps(asyncio.run(main())))
