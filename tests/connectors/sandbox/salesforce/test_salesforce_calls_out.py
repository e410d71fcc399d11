"""The calls a Salesforce organisation makes: outbound messages for won deals, Flow callouts for accounts."""

import time
from xml.etree import ElementTree

import pytest

from .conftest import ACK, eventually

OUT = "{http://soap.sforce.com/2005/09/outbound}"
SF = "{urn:sobject.enterprise.soap.sforce.com}"
OWN = {"Sforce-Call-Options": "client=q2c"}


def notifications(messages):
    """(notification id, record id, fields) of every notification, in order."""
    found = []
    for message in messages:
        for one in ElementTree.fromstring(message.encode()).iter(OUT + "Notification"):
            record = one.find(OUT + "sObject")
            fields = {child.tag.removeprefix(SF): child.text for child in record}
            found.append((one.find(OUT + "Id").text, fields["Id"], fields))
    return found


def quiet(organisation):
    """Wait until no call is left to be made."""
    eventually(lambda: organisation.root.get("/_sandbox/health").json()["calls_waiting"] == 0)


def test_winning_a_deal_sends_a_message_with_its_latest_data(organisation, ear):
    account = organisation.create("Account", Name="Isdom & Sons")
    key = organisation.opportunity(AccountId=account, Amount=4514)
    assert ear.messages == []
    organisation.win([key])
    quiet(organisation)
    (message,) = ear.messages
    ((name, record, fields),) = notifications([message])
    assert name.startswith("04l")
    assert record == key
    stamp = organisation.read("Opportunity", key)["SystemModstamp"]
    assert fields == {
        "Id": key, "AccountId": account, "Amount": "4514.0", "CloseDate": "2026-05-14", "CurrencyIsoCode": "USD",
        "IsWon": "true", "StageName": "Closed Won", "SystemModstamp": stamp.replace("+0000", "Z"),
    }  # fmt: skip
    root = ElementTree.fromstring(message.encode())
    assert root.find(f".//{OUT}OrganizationId").text == organisation.sandbox.settings["organization_id"]
    # and the message carries a token that really opens the door
    token = root.find(f".//{OUT}SessionId").text
    limits = organisation.root.get("/services/data/v65.0/limits", headers={"Authorization": f"Bearer {token}"})
    assert limits.status_code == 200


@pytest.mark.parametrize("refusal", [(200, ACK.format("false")), (500, "no"), (200, "<html>fine</html>"), (200, "")])
def test_anything_but_an_acknowledgement_is_tried_again_with_the_same_notification(organisation, ear, refusal):
    ear.refusals = [refusal]
    organisation.win([organisation.opportunity()])
    quiet(organisation)
    first, second = notifications(ear.messages)
    assert first[0] == second[0]


def test_an_acknowledgement_with_a_prefix_counts(organisation, ear):
    ear.refusals = [(200, '<s:r xmlns:s="http://soap.sforce.com/2005/09/outbound"><s:Ack> true </s:Ack></s:r>')]
    organisation.win([organisation.opportunity()])
    quiet(organisation)
    assert len(ear.messages) == 1


def test_two_hundred_and_fifty_won_deals_go_out_in_three_messages(organisation, ear):
    keys = organisation.opportunities(250)
    organisation.settings(callouts_paused=True)
    organisation.win(keys)
    organisation.settings(callouts_paused=False)
    quiet(organisation)
    assert len(ear.messages) == 3
    assert sorted(len(notifications([message])) for message in ear.messages) == [50, 100, 100]
    assert {record for _, record, _ in notifications(ear.messages)} == set(keys)


def test_a_repeated_message_tells_of_the_present_not_of_the_past(organisation, ear):
    # given a message that waits for its second try
    ear.refusals = [(500, "")]
    key = organisation.opportunity(Amount=1)
    organisation.win([key])
    eventually(lambda: ear.messages)
    # when the deal changes meanwhile
    organisation.http.patch(f"/sobjects/Opportunity/{key}", json={"Amount": 2}, headers=OWN)
    quiet(organisation)
    # then the second try carries the new amount
    assert [fields["Amount"] for _, _, fields in notifications(ear.messages)] == ["1.0", "2.0"]


def test_our_own_writes_cause_no_calls(organisation, ear):
    key = organisation.opportunity()
    organisation.win([key], **OWN)
    organisation.http.post("/sobjects/Account", json={"Name": "Own"}, headers=OWN)
    quiet(organisation)
    assert (ear.messages, ear.callouts) == ([], [])


def test_changes_of_a_won_deal_its_lines_and_its_reopening_are_told(organisation, ear):
    key = organisation.opportunity(StageName="Closed Won")
    quiet(organisation)
    organisation.http.patch(f"/sobjects/Opportunity/{key}", json={"Approval_Status__c": "Approved"})
    quiet(organisation)
    line = {"OpportunityId": key, "Product_Text__c": "GTXPro", "Quantity": 1, "UnitPrice": 10}
    organisation.create("OpportunityLineItem", **line)
    quiet(organisation)
    organisation.http.patch(f"/sobjects/Opportunity/{key}", json={"StageName": "Engaging"})
    quiet(organisation)
    organisation.http.patch(f"/sobjects/Opportunity/{key}", json={"Name": "Open, so of no interest"})
    quiet(organisation)
    told = notifications(ear.messages)
    assert [fields.get("Amount") for _, _, fields in told] == [None, None, "10.0", "10.0"]
    assert told[-1][2]["IsWon"] == "false"


def test_what_was_rolled_back_is_not_told(organisation, ear):
    key = organisation.opportunity()
    rows = [{"attributes": {"type": "Opportunity"}, "Id": key, "StageName": "Closed Won"}, {}]
    organisation.http.patch("/composite/sobjects", json={"allOrNone": True, "records": rows})
    quiet(organisation)
    assert ear.messages == []


def test_accounts_are_told_in_one_call_per_transaction(organisation, ear):
    rows = [{"attributes": {"type": "Account"}, "Name": f"A {n}", "AnnualRevenue": "1.10"} for n in range(85)]
    created = organisation.http.post("/composite/sobjects", json={"records": rows}).json()
    organisation.http.patch(f"/sobjects/Account/{created[0]['id']}", json={"Industry": "retail"})
    quiet(organisation)
    first, second = sorted(ear.callouts, key=lambda call: -len(call["events"]))
    assert [event["recordId"] for event in first["events"]] == [result["id"] for result in created]
    (event,) = second["events"]
    assert event["objectType"] == "Account"
    assert event["record"]["Industry"] == "retail"
    assert event["record"]["AnnualRevenue"] == 1.1
    assert event["record"]["ParentId"] is None
    assert event["systemModstamp"] == event["record"]["SystemModstamp"]
    assert len({one["eventId"] for call in ear.callouts for one in call["events"]}) == 86
    # and both calls used one token
    assert (ear.authorizations, ear.tokens_given) == (["Bearer token-1"] * 2, 1)


def test_a_refused_token_is_fetched_anew_and_the_call_repeated(organisation, ear):
    organisation.create("Account", Name="One")
    quiet(organisation)
    ear.good_token = "token-2"
    organisation.create("Account", Name="Two")
    quiet(organisation)
    assert [call["events"][0]["record"]["Name"] for call in ear.callouts] == ["One", "Two"]
    assert ear.tokens_given == 2


def test_a_callout_that_keeps_failing_is_given_up_when_told_so(organisation, ear):
    organisation.settings(callout_tries=1)
    ear.good_token = "none"
    organisation.create("Account", Name="Lost")
    quiet(organisation)
    (lost,) = organisation.root.get("/_sandbox/books/_outgoing_dropped").json()
    assert (lost["tries"], lost["last_answer"]) == (1, 401)


def test_paused_calls_wait_and_then_go_out(organisation, ear):
    organisation.settings(callouts_paused=True)
    organisation.create("Account", Name="Waiting")
    time.sleep(0.4)
    assert ear.callouts == []
    organisation.settings(callouts_paused=False)
    eventually(lambda: ear.callouts)


def test_every_second_message_comes_twice_when_told_so(organisation, ear):
    organisation.settings(duplicate_every=2, reorder=True)
    keys = organisation.opportunities(200)
    organisation.win(keys)
    quiet(organisation)
    told = notifications(ear.messages)
    assert len(ear.messages) == 3
    assert len(told) == 300
    assert len({name for name, _, _ in told}) == 200


def test_without_addresses_nothing_is_queued(organisation):
    organisation.create("Account", Name="Quiet")
    organisation.win([organisation.opportunity()])
    assert organisation.root.get("/_sandbox/health").json()["calls_waiting"] == 0


def test_text_is_escaped_and_characters_xml_cannot_carry_are_left_out(organisation, ear):
    organisation.settings(outbound_message_fields=["Name"])
    organisation.win([organisation.opportunity(Name="<A> & \x0bB")])
    quiet(organisation)
    assert notifications(ear.messages)[0][2]["Name"] == "<A> & B"
