"""Drives a Salesforce sandbox with simple-salesforce; run in its own environment: story.py PORT CLIENT_ID SECRET."""

import sys

import requests
from simple_salesforce import Salesforce
from simple_salesforce.exceptions import (
    SalesforceExpiredSession,
    SalesforceMalformedRequest,
    SalesforceMoreThanOneRecord,
    SalesforceRefusedRequest,
    SalesforceResourceNotFound,
)


def fails(error, call):
    """The first entry of the error array, which must come as this class of error."""
    try:
        call()
    except error as refused:
        return refused.content[0]
    raise AssertionError(f"{error.__name__} was expected")


def main(port, client_id, secret):
    url = f"https://localhost:{port}"
    # simple-salesforce's own sign-in goes to salesforce.com only, so the token is fetched here, the way it would.
    answer = requests.post(
        f"{url}/services/oauth2/token", data={"grant_type": "client_credentials"}, auth=(client_id, secret), timeout=10
    ).json()
    sf = Salesforce(instance_url=answer["instance_url"], session_id=answer["access_token"], version="65.0")

    # create, read, change, upsert, delete
    created = sf.Account.create({"Name": "Cancity", "Source_Key__c": "A-1", "AnnualRevenue": 718.62})
    assert created["success"] and created["errors"] == [], created
    key = created["id"]
    read = sf.Account.get(key)
    assert (read["Name"], read["AnnualRevenue"]) == ("Cancity", 718.62), read
    assert sf.Account.update(key, {"Industry": "retail"}) == 204
    assert sf.Account.upsert("Source_Key__c/A-1", {"Name": "Cancity Inc"}) == 200
    assert sf.Account.upsert("Source_Key__c/A-2", {"Name": "Isdom"}) == 201
    by_key = sf.Account.get_by_custom_id("Source_Key__c", "A-1")
    assert (by_key["Id"], by_key["Name"], by_key["Industry"]) == (key, "Cancity Inc", "retail"), by_key
    other = sf.Account.get_by_custom_id("Source_Key__c", "A-2")["Id"]
    assert sf.Account.delete(other) == 204

    # describe
    fields = {field["name"]: field for field in sf.Opportunity.describe()["fields"]}
    assert fields["Source_Key__c"]["externalId"] and fields["CloseDate"]["type"] == "date"
    assert sf.describe()["sobjects"]
    assert sf.Account.metadata()["objectDescribe"]["keyPrefix"] == "001"

    # queries: pages one by one and all at once
    rows = [
        {
            "attributes": {"type": "Opportunity"}, "Name": f"Deal {n}", "StageName": "Closed Won", "Amount": n,
            "CloseDate": "2026-05-14", "Account": {"Source_Key__c": "A-1"},
        }
        for n in range(450)
    ]  # fmt: skip
    for start in range(0, 450, 200):
        results = sf.restful("composite/sobjects", method="POST", json={"records": rows[start : start + 200]})
        assert all(result["success"] for result in results), results
    sf.headers["Sforce-Query-Options"] = "batchSize=200"
    soql = "SELECT Id, Amount, Account.Name FROM Opportunity WHERE IsWon = true ORDER BY Amount"
    page = sf.query(soql)
    assert (page["totalSize"], page["done"], len(page["records"])) == (450, False, 200)
    page = sf.query_more(page["nextRecordsUrl"], identifier_is_url=True)
    assert page["records"][0]["Amount"] == 200.0
    found = sf.query_all(soql)
    assert [row["Amount"] for row in found["records"]] == [float(n) for n in range(450)]
    assert found["records"][0]["Account"]["Name"] == "Cancity Inc"
    assert sum(1 for _ in sf.query_all_iter(soql)) == 450
    assert sf.query("SELECT COUNT() FROM Opportunity")["totalSize"] == 450
    assert len(sf.query_all("SELECT Id FROM Account", include_deleted=True)["records"]) == 2

    # composite
    base = "/services/data/v65.0"
    composite = sf.restful(
        "composite",
        method="POST",
        json={
            "allOrNone": True,
            "compositeRequest": [
                {"referenceId": "acc", "method": "PATCH", "url": f"{base}/sobjects/Account/Source_Key__c/A-3",
                 "body": {"Name": "Zoomit"}},
                {"referenceId": "con", "method": "POST", "url": f"{base}/sobjects/Contact",
                 "body": {"LastName": "Reader", "AccountId": "@{acc.id}"}},
            ],
        },
    )  # fmt: skip
    assert [part["httpStatusCode"] for part in composite["compositeResponse"]] == [201, 201], composite

    # bookkeeping
    usage = sf.api_usage["api-usage"]
    assert (usage.total, usage.used > 10) == (1_000_000, True), usage
    assert sf.limits()["DailyApiRequests"]["Max"] == 1_000_000

    # refusals arrive as the errors their status stands for
    assert (
        fails(SalesforceMalformedRequest, lambda: sf.query("SELECT Foo FROM Account"))["errorCode"] == "INVALID_FIELD"
    )
    missing = fails(SalesforceMalformedRequest, lambda: sf.Account.create({"Industry": "x"}))
    assert (missing["errorCode"], missing["fields"]) == ("REQUIRED_FIELD_MISSING", ["Name"])
    assert fails(SalesforceResourceNotFound, lambda: sf.Account.get(other))["errorCode"] == "ENTITY_IS_DELETED"
    control = f"{url}/_sandbox"
    twin = sf.Account.create({"Name": "Twin", "Source_Key__c": "A-9"})["id"]
    requests.patch(f"{control}/books/Account/{twin}", json={"Source_Key__c": "A-1"}, timeout=10).raise_for_status()
    assert key in fails(SalesforceMoreThanOneRecord, lambda: sf.Account.upsert("Source_Key__c/A-1", {"Name": "x"}))
    requests.patch(f"{control}/settings", json={"daily_limit": 1}, timeout=10).raise_for_status()
    assert fails(SalesforceRefusedRequest, lambda: sf.Account.get(key))["errorCode"] == "REQUEST_LIMIT_EXCEEDED"
    sf = Salesforce(instance_url=url, session_id="00Dnonsense", version="65.0")
    assert fails(SalesforceExpiredSession, lambda: sf.Account.get(key))["errorCode"] == "INVALID_SESSION_ID"


if __name__ == "__main__":
    main(*sys.argv[1:])
