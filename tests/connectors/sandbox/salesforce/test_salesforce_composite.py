"""Composite requests, collections and trees in the Salesforce sandbox."""

import pytest

BASE = "/services/data/v65.0"


def part(name, method, path, body=None):
    return {"referenceId": name, "method": method, "url": BASE + path, **({"body": body} if body else {})}


def test_parts_of_a_composite_use_the_answers_of_earlier_parts(organisation):
    response = organisation.http.post(
        "/composite",
        json={
            "allOrNone": True,
            "compositeRequest": [
                part("acc", "PATCH", "/sobjects/Account/Source_Key__c/A-1", {"Name": "Cancity"}),
                part("con", "POST", "/sobjects/Contact", {"LastName": "Reader", "AccountId": "@{acc.id}"}),
                part("read", "GET", "/sobjects/Account/@{acc.id}?fields=Id,Name"),
                part("found", "GET", "/query?q=SELECT+Id,Name+FROM+Contact+WHERE+AccountId='@{acc.id}'"),
                part("again", "GET", "/sobjects/Contact/@{found.records[0].Id}"),
            ],
        },
    )
    parts = response.json()["compositeResponse"]
    assert response.status_code == 200
    assert [one["httpStatusCode"] for one in parts] == [201, 201, 200, 200, 200]
    assert [one["referenceId"] for one in parts] == ["acc", "con", "read", "found", "again"]
    assert parts[4]["body"]["AccountId"] == parts[0]["body"]["id"]
    assert parts[1]["httpHeaders"]["Location"].startswith(BASE + "/sobjects/Contact/003")


def test_one_failure_undoes_an_all_or_none_composite(organisation):
    response = organisation.http.post(
        "/composite",
        json={
            "allOrNone": True,
            "compositeRequest": [
                part("good", "POST", "/sobjects/Account", {"Name": "Cancity"}),
                part("bad", "POST", "/sobjects/Account", {"Industry": "retail"}),
                part("later", "POST", "/sobjects/Account", {"Name": "Isdom"}),
            ],
        },
    )
    good, bad, later = response.json()["compositeResponse"]
    assert response.status_code == 200
    assert bad["body"][0]["errorCode"] == "REQUIRED_FIELD_MISSING"
    for halted in (good, later):
        assert (halted["httpStatusCode"], halted["body"][0]["errorCode"]) == (400, "PROCESSING_HALTED")
    assert organisation.query("SELECT COUNT() FROM Account")["totalSize"] == 0


def test_without_all_or_none_only_the_parts_that_need_the_failed_one_fail(organisation):
    response = organisation.http.post(
        "/composite",
        json={
            "compositeRequest": [
                part("bad", "POST", "/sobjects/Account", {"Industry": "retail"}),
                part("needs", "POST", "/sobjects/Contact", {"LastName": "R", "AccountId": "@{bad.id}"}),
                part("good", "POST", "/sobjects/Account", {"Name": "Isdom"}),
            ]
        },
    )
    bad, needs, good = response.json()["compositeResponse"]
    assert (bad["httpStatusCode"], needs["httpStatusCode"], good["httpStatusCode"]) == (400, 400, 201)
    assert needs["body"][0]["errorCode"] == "PROCESSING_HALTED"


@pytest.mark.parametrize(
    "parts",
    [
        [part(f"r{n}", "GET", "/limits") for n in range(26)],
        [part(f"r{n}", "GET", "/query?q=SELECT+Id+FROM+Account") for n in range(6)],
        [part("a-b", "GET", "/limits")],
        [part("a", "GET", "/limits"), part("a", "GET", "/limits")],
        [],
    ],
)
def test_a_composite_that_breaks_the_rules_is_refused_as_a_whole(organisation, parts):
    response = organisation.http.post("/composite", json={"compositeRequest": parts})
    assert response.status_code == 400
    assert response.json()[0]["errorCode"] in ("LIMIT_EXCEEDED", "JSON_PARSER_ERROR")


def rows(*records):
    return [{"attributes": {"type": "Account"}, **record} for record in records]


def test_collections_answer_200_with_a_result_for_each_record(organisation):
    response = organisation.http.post("/composite/sobjects", json={"records": rows({"Name": "One"}, {}, {"Name": "3"})})
    first, wrong, third = response.json()
    assert response.status_code == 200
    assert (first["success"], third["success"]) == (True, True)
    assert wrong == {
        "success": False,
        "errors": [
            {
                "statusCode": "REQUIRED_FIELD_MISSING",
                "message": "Required fields are missing: [Name]",
                "fields": ["Name"],
            }
        ],
    }
    changed = organisation.http.patch(
        "/composite/sobjects",
        json={"records": rows({"id": first["id"], "Name": "1"}, {"id": "0015g000004XyZAAA0", "Name": "x"}, {})},
    ).json()
    assert [result["success"] for result in changed] == [True, False, False]
    assert changed[1]["errors"][0]["statusCode"] == "INVALID_CROSS_REFERENCE_KEY"


def test_collections_of_all_or_none_keep_nothing_when_one_fails(organisation):
    results = organisation.http.post(
        "/composite/sobjects", json={"allOrNone": True, "records": rows({"Name": "One"}, {})}
    ).json()
    assert [result["errors"][0]["statusCode"] for result in results] == [
        "ALL_OR_NONE_OPERATION_ROLLED_BACK",
        "REQUIRED_FIELD_MISSING",
    ]
    assert organisation.query("SELECT COUNT() FROM Account")["totalSize"] == 0


def test_collections_upsert_by_external_id_and_refuse_the_same_key_twice(organisation):
    organisation.create("Account", Name="Old", Source_Key__c="a")
    results = organisation.http.patch(
        "/composite/sobjects/Account/Source_Key__c",
        json={"records": rows(*({"Source_Key__c": key, "Name": key} for key in ("a", "b", "A")))},
    ).json()
    assert [result.get("created") for result in results] == [False, True, None]
    assert results[2]["errors"][0]["statusCode"] == "DUPLICATE_EXTERNAL_ID"


def test_collections_read_and_delete_by_ids(organisation):
    keys = [organisation.create("Account", Name=name) for name in ("One", "Two")]
    read = organisation.http.get(
        "/composite/sobjects/Account", params={"ids": f"{keys[1]},0015g000004XyZAAA0", "fields": "Name"}
    ).json()
    assert (read[0]["Name"], read[1]) == ("Two", None)
    posted = organisation.http.post("/composite/sobjects/Account", json={"ids": keys, "fields": ["Id", "Name"]}).json()
    assert [row["Id"] for row in posted] == keys
    gone = organisation.http.delete("/composite/sobjects", params={"ids": ",".join([*keys, "nonsense"])}).json()
    assert [result["success"] for result in gone] == [True, True, False]


def test_collections_take_at_most_200_records(organisation):
    response = organisation.http.post("/composite/sobjects", json={"records": rows(*[{"Name": "x"}] * 201)})
    assert (response.status_code, response.json()[0]["errorCode"]) == (400, "EXCEEDED_ID_LIMIT")


def test_a_tree_is_planted_with_its_branches_or_not_at_all(organisation):
    def tree(last_name):
        contact = {"attributes": {"type": "Contact", "referenceId": "c1"}, "LastName": last_name}
        account = {"attributes": {"type": "Account", "referenceId": "a1"}, "Name": "Cancity"}
        return {"records": [{**account, "Contacts": {"records": [contact]}}]}

    bad = organisation.http.post("/composite/tree/Account", json=tree(None))
    assert (bad.status_code, bad.json()["hasErrors"], bad.json()["results"][0]["referenceId"]) == (400, True, "c1")
    assert organisation.query("SELECT COUNT() FROM Account")["totalSize"] == 0
    good = organisation.http.post("/composite/tree/Account", json=tree("Reader"))
    assert (good.status_code, good.json()["hasErrors"]) == (201, False)
    found = organisation.query("SELECT LastName, Account.Name FROM Contact WHERE Account.Name = 'cancity'")
    assert found["records"][0]["Account"]["Name"] == "Cancity"
