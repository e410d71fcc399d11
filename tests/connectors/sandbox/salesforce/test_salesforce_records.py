"""Single records in the Salesforce sandbox: writing, reading, and every way it says no."""

from email.utils import format_datetime
from urllib.parse import quote

import pytest

from connectors.sandbox.salesforce.fields import parse_instant


def test_a_record_is_created_read_changed_and_deleted(organisation):
    # given a new account
    response = organisation.http.post("/sobjects/Account", json={"Name": "Cancity", "AnnualRevenue": 1100.04})
    assert (response.status_code, response.json()["success"], response.json()["errors"]) == (201, True, [])
    key = response.json()["id"]
    before = organisation.read("Account", key)
    assert before["attributes"] == {"type": "Account", "url": f"/services/data/v65.0/sobjects/Account/{key}"}
    assert (before["AnnualRevenue"], before["IsDeleted"], before["CurrencyIsoCode"]) == (1100.04, False, "USD")
    assert before["SystemModstamp"] == before["LastModifiedDate"] == before["CreatedDate"]
    # when it is changed, its stamp moves, though no time passes
    changed = organisation.http.patch(f"/sobjects/Account/{key[:15]}", json={"Industry": "retail", "Phone": None})
    assert (changed.status_code, changed.content) == (204, b"")
    after = organisation.read("Account", key)
    assert after["SystemModstamp"] > before["SystemModstamp"]
    assert after["Industry"] == "retail"
    # when it is deleted it is gone for reads, and known to have been there
    assert organisation.http.delete(f"/sobjects/Account/{key}").status_code == 204
    again = organisation.http.delete(f"/sobjects/Account/{key}")
    assert (again.status_code, again.json()[0]["errorCode"]) == (404, "ENTITY_IS_DELETED")


def test_the_books_keep_money_as_exact_text_and_answers_show_numbers(organisation):
    key = organisation.opportunity(Amount=4514)
    assert organisation.sandbox.books.get("Opportunity", key)["Amount"] == "4514.00"
    assert '"Amount":4514.0,' in organisation.http.get(f"/sobjects/Opportunity/{key}").text


def test_upsert_creates_with_201_then_updates_with_200(organisation):
    path = f"/sobjects/Account/Source_Key__c/{quote('A/1 é', safe='')}"
    first = organisation.http.patch(path, json={"Name": "Isdom"})
    second = organisation.http.patch(path, json={"Name": "Isdom Ltd"})
    assert (first.status_code, first.json()["created"]) == (201, True)
    assert (second.status_code, second.json()["created"]) == (200, False)
    assert first.json()["id"] == second.json()["id"]
    # and the record can be read by the same key, in any case of letters
    assert organisation.http.get(path.replace("/A", "/a")).json()["Name"] == "Isdom Ltd"


def test_upsert_with_update_only_creates_nothing(organisation):
    response = organisation.http.patch("/sobjects/Account/Source_Key__c/x?updateOnly=true", json={"Name": "X"})
    assert (response.status_code, response.json()[0]["errorCode"]) == (404, "NOT_FOUND")
    assert organisation.query("SELECT COUNT() FROM Account")["totalSize"] == 0


def test_upsert_on_a_key_that_is_not_unique_lists_the_records_and_writes_nothing(organisation):
    # given two accounts whose key was made equal behind everybody's back
    one = organisation.create("Account", Name="One", Source_Key__c="k1")
    two = organisation.create("Account", Name="Two", Source_Key__c="k2")
    organisation.root.patch(f"/_sandbox/books/Account/{two}", json={"Source_Key__c": "K1"})
    # when somebody upserts by it
    response = organisation.http.patch("/sobjects/Account/Source_Key__c/k1", json={"Name": "Three"})
    # then both are named
    assert response.status_code == 300
    assert response.json() == [f"/services/data/v65.0/sobjects/Account/{key}" for key in (one, two)]
    assert organisation.read("Account", one)["Name"] == "One"


@pytest.mark.parametrize(
    ("kind", "fields", "status", "code", "blamed"),
    [
        ("Account", {}, 400, "REQUIRED_FIELD_MISSING", ["Name"]),
        ("Account", {"Name": "  "}, 400, "REQUIRED_FIELD_MISSING", ["Name"]),
        ("Account", {"Name": "x" * 256}, 400, "STRING_TOO_LONG", ["Name"]),
        ("Account", {"Name": "x", "Nmae": "y"}, 400, "INVALID_FIELD", None),
        ("Account", {"Name": "x", "CreatedDate": "2020-01-01T00:00:00Z"}, 400, "INVALID_FIELD_FOR_INSERT_UPDATE",
         ["CreatedDate"]),
        ("Account", {"Name": "x", "AnnualRevenue": "many"}, 400, "JSON_PARSER_ERROR", ["AnnualRevenue"]),
        ("Account", {"Name": "x", "AnnualRevenue": "NaN"}, 400, "JSON_PARSER_ERROR", ["AnnualRevenue"]),
        ("Account", {"Name": "x", "AnnualRevenue": 1e17}, 400, "NUMBER_OUTSIDE_VALID_RANGE", ["AnnualRevenue"]),
        ("Account", {"Name": "x", "ParentId": "0015g000004XyZAAA0"}, 400, "INVALID_CROSS_REFERENCE_KEY",
         ["ParentId"]),
        ("Account", {"Name": "x", "ParentId": "nonsense"}, 400, "MALFORMED_ID", ["ParentId"]),
        ("Account", {"Name": "x", "ParentId": "0065g000004XyZA"}, 400, "MALFORMED_ID", ["ParentId"]),
        ("Account", {"Name": "x", "CurrencyIsoCode": "XXX"}, 400, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
         ["CurrencyIsoCode"]),
        ("Contact", {"LastName": "x", "Email": "nowhere"}, 400, "INVALID_EMAIL_ADDRESS", ["Email"]),
        ("Contact", {"LastName": "x", "Account": {"Source_Key__c": "none"}}, 400, "INVALID_FIELD", None),
        ("Opportunity", {"Name": "x", "CloseDate": "2026-05-14"}, 400, "REQUIRED_FIELD_MISSING", ["StageName"]),
        ("Opportunity", {"Name": "x", "StageName": "Won", "CloseDate": "2026-05-14"}, 400,
         "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", ["StageName"]),
        ("Opportunity", {"Name": "x", "StageName": "Engaging", "CloseDate": "14.05.2026"}, 400, "JSON_PARSER_ERROR",
         ["CloseDate"]),
        ("Opportunity", {"Name": "x", "StageName": "Engaging", "CloseDate": "2026-05-14", "IsWon": True}, 400,
         "INVALID_FIELD_FOR_INSERT_UPDATE", ["IsWon"]),
        ("Invoice", {"Name": "x"}, 404, "NOT_FOUND", None),
    ],
)  # fmt: skip
def test_a_wrong_record_is_refused_with_salesforces_own_code(organisation, kind, fields, status, code, blamed):
    response = organisation.http.post(f"/sobjects/{kind}", json=fields)
    assert response.status_code == status
    (error,) = response.json()
    assert error["errorCode"] == code
    assert error.get("fields") == blamed


@pytest.mark.parametrize("body", [b"{", b"", b"[1]", b'{"Name": NaN}', b"[" * 100_000])
def test_a_body_that_is_no_json_object_is_a_parser_error(organisation, body):
    response = organisation.http.post("/sobjects/Account", content=body)
    assert (response.status_code, response.json()[0]["errorCode"]) == (400, "JSON_PARSER_ERROR")


def test_a_second_record_with_the_same_external_id_names_the_first(organisation):
    key = organisation.create("Account", Name="One", Source_Key__c="k1")
    response = organisation.http.post("/sobjects/Account", json={"Name": "Two", "Source_Key__c": "K1"})
    assert response.json() == [
        {
            "message": f"duplicate value found: Source_Key__c duplicates value on record with id: {key}",
            "errorCode": "DUPLICATE_VALUE",
        }
    ]


def test_won_and_closed_follow_from_the_stage_and_go_back_with_it(organisation):
    key = organisation.opportunity(StageName="Closed Won")
    won = organisation.read("Opportunity", key)
    assert (won["IsWon"], won["IsClosed"], won["Probability"]) == (True, True, 100.0)
    organisation.http.patch(f"/sobjects/Opportunity/{key}", json={"StageName": "Engaging"})
    opened = organisation.read("Opportunity", key)
    assert (opened["IsWon"], opened["IsClosed"]) == (False, False)


def test_lines_take_price_and_product_from_the_book_and_add_up_to_the_amount(organisation):
    # given a deal and a product in the standard book
    product, price = organisation.product(price="4821")
    deal = organisation.opportunity(Amount=1)
    # when it gets a line by product and one by price book entry with its own price
    first = organisation.create("OpportunityLineItem", OpportunityId=deal, Product2Id=product, Quantity=1)
    organisation.create("OpportunityLineItem", OpportunityId=deal, PricebookEntryId=price, Quantity=2, TotalPrice=11)
    # then both are complete, and the deal's amount is their sum and no longer to be set by hand
    line = organisation.read("OpportunityLineItem", first)
    assert (line["PricebookEntryId"], line["UnitPrice"], line["ListPrice"]) == (price, 4821.0, 4821.0)
    organisation.http.patch(f"/sobjects/Opportunity/{deal}", json={"Amount": 5})
    whole = organisation.read("Opportunity", deal)
    assert (whole["Amount"], whole["HasOpportunityLineItem"]) == (4832.0, True)
    # and removing a line takes it off again
    organisation.http.delete(f"/sobjects/OpportunityLineItem/{first}")
    assert organisation.read("Opportunity", deal)["Amount"] == 11.0


def test_a_line_without_a_product_needs_the_text_that_was_sold(organisation):
    deal = organisation.opportunity()
    line = {"OpportunityId": deal, "Quantity": 1, "UnitPrice": 4514}
    refused = organisation.http.post("/sobjects/OpportunityLineItem", json=line)
    assert refused.json()[0]["errorCode"] == "REQUIRED_FIELD_MISSING"
    organisation.create("OpportunityLineItem", **line, Product_Text__c="GTXPro")
    row = organisation.query("SELECT Product_Text__c, Product2.ProductCode, TotalPrice FROM OpportunityLineItem")
    assert row["records"][0]["Product_Text__c"] == "GTXPro"
    assert row["records"][0]["Product2"] is None


def test_an_account_with_won_deals_cannot_be_deleted_and_another_takes_its_records_along(organisation):
    kept = organisation.create("Account", Name="Kept")
    organisation.opportunity(AccountId=kept, StageName="Closed Won")
    assert organisation.http.delete(f"/sobjects/Account/{kept}").json()[0]["errorCode"] == "DELETE_FAILED"
    gone = organisation.create("Account", Name="Gone", Source_Key__c="g")
    child = organisation.create("Account", Name="Child", ParentId=gone)
    organisation.create("Contact", LastName="Reader", AccountId=gone)
    assert organisation.http.delete(f"/sobjects/Account/{gone}").status_code == 204
    assert organisation.query("SELECT COUNT() FROM Contact")["totalSize"] == 0
    assert organisation.read("Account", child)["ParentId"] is None
    # and its external id is free again
    organisation.create("Account", Name="Next", Source_Key__c="g")


def test_accounts_cannot_be_their_own_ancestors(organisation):
    top = organisation.create("Account", Name="Top")
    below = organisation.create("Account", Name="Below", ParentId=top)
    response = organisation.http.patch(f"/sobjects/Account/{top}", json={"ParentId": below})
    assert response.json()[0]["errorCode"] == "CIRCULAR_DEPENDENCY"


def test_a_locked_record_and_its_children_refuse_writes_until_it_is_let_go(organisation):
    account = organisation.create("Account", Name="Busy")
    deal = organisation.opportunity(AccountId=account)
    organisation.settings(locked_records=[account])
    response = organisation.http.patch(f"/sobjects/Opportunity/{deal}", json={"Name": "New"})
    assert (response.status_code, response.json()[0]["errorCode"]) == (400, "UNABLE_TO_LOCK_ROW")
    organisation.settings(locked_records=[])
    assert organisation.http.patch(f"/sobjects/Opportunity/{deal}", json={"Name": "New"}).status_code == 204


def test_a_change_since_the_known_date_stops_a_conditional_write(organisation):
    key = organisation.create("Account", Name="One")
    stamp = parse_instant(organisation.read("Account", key)["LastModifiedDate"])
    long_ago = {"If-Unmodified-Since": format_datetime(stamp.replace(year=2020), usegmt=True)}
    now = {"If-Unmodified-Since": format_datetime(stamp, usegmt=True)}
    assert organisation.http.patch(f"/sobjects/Account/{key}", json={"Name": "2"}, headers=long_ago).status_code == 412
    assert organisation.http.patch(f"/sobjects/Account/{key}", json={"Name": "2"}, headers=now).status_code == 204


def test_describe_tells_types_lengths_and_keys(organisation):
    described = organisation.http.get("/sobjects/Opportunity/describe").json()
    fields = {field["name"]: field for field in described["fields"]}
    assert described["keyPrefix"] == "006"
    assert (fields["Q2C_Case__c"]["length"], fields["Source_Key__c"]["externalId"]) == (1000, True)
    assert (fields["AccountId"]["referenceTo"], fields["AccountId"]["relationshipName"]) == (["Account"], "Account")
    assert "Closed Won" in [value["value"] for value in fields["StageName"]["picklistValues"]]
    names = {entry["name"] for entry in organisation.http.get("/sobjects").json()["sobjects"]}
    assert {"Account", "Contact", "Opportunity", "OpportunityLineItem", "Product2", "Pricebook2"} <= names


def test_updated_and_deleted_list_what_a_replica_missed(organisation):
    one, two = organisation.create("Account", Name="One"), organisation.create("Account", Name="Two")
    start = organisation.read("Account", one)["SystemModstamp"]
    organisation.http.delete(f"/sobjects/Account/{two}")
    window = {"start": start, "end": "2999-01-01T00:00:00+00:00"}
    assert organisation.http.get("/sobjects/Account/updated", params=window).json()["ids"] == [one]
    gone = organisation.http.get("/sobjects/Account/deleted", params=window).json()["deletedRecords"]
    assert [row["id"] for row in gone] == [two]
    old = organisation.http.get("/sobjects/Account/updated", params={**window, "start": "2020-01-01T00:00:00Z"})
    assert old.json()[0]["errorCode"] == "INVALID_REPLICATION_DATE"


def test_an_edit_behind_everybodys_back_is_found_by_every_index(organisation):
    # given a deal that somebody changes in the books directly
    key = organisation.opportunity(Source_Key__c="old")
    organisation.root.patch(
        f"/_sandbox/books/Opportunity/{key}",
        json={"Source_Key__c": "new", "StageName": "Closed Won", "CloseDate": "2027-01-01"},
    )
    # then queries by old and new values say so
    count = "SELECT COUNT() FROM Opportunity WHERE "
    assert organisation.query(count + "Source_Key__c = 'new' AND IsWon = true")["totalSize"] == 1
    assert organisation.query(count + "Source_Key__c = 'old'")["totalSize"] == 0
    assert organisation.query(count + "CloseDate > 2026-12-31")["totalSize"] == 1
    # and a removed record is nowhere
    organisation.root.delete(f"/_sandbox/books/Opportunity/{key}")
    assert organisation.query("SELECT COUNT() FROM Opportunity")["totalSize"] == 0
    assert organisation.query(count + "SystemModstamp > 2020-01-01T00:00:00Z")["totalSize"] == 0


def test_records_and_indexes_survive_a_restart(tmp_path):
    from connectors.sandbox.salesforce import SalesforceSandbox, writing
    from connectors.sandbox.salesforce.objects import OBJECTS

    # given an account written down by one sandbox
    first = SalesforceSandbox(tmp_path / "books.db")
    first.app()
    first.records.begin(user="0055g000009abcDAAQ")
    key = writing.create(first.records, OBJECTS["Account"], {"Name": "Kept", "Source_Key__c": "K"})
    first.books.close()
    # when another opens the same file
    second = SalesforceSandbox(tmp_path / "books.db")
    # then it finds it by its key, and its clock does not run backwards
    assert second.records.ids_by("Account", "Source_Key__c", "k") == [key]
    second.records.begin(user="0055g000009abcDAAQ")
    writing.update(second.records, OBJECTS["Account"], key, {"Name": "Kept on"})
    (change,) = second.records.finish()
    assert change.after["SystemModstamp"] > change.before["SystemModstamp"]
    second.books.close()
