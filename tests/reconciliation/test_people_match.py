"""Matches by hand: two people, both sides equal, nothing in two matches; and taking apart is the same."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from reconciliation.approvals import Refused
from reconciliation.controls import runner
from reconciliation.controls.registry import CONTROLS
from reconciliation.governance import changes, files, impact
from reconciliation.governance.tables import TABLES
from reconciliation.matches import people
from reconciliation.matches.people import CannotMatch
from reconciliation.models import Break, ExceptionCase, Match, MatchMember, MatchRule
from reconciliation.sign_offs import signing
from sync import clock
from sync.models import JournalEntry
from tests.paper_erp import Books
from tests.reconciliation.desk import approver, billing_ops, preparer
from tests.reconciliation.test_matching_passes import By, all_tied, ask, document, matched, open_breaks, rule, show
from tests.small_company import DAY, Company, person

pytestmark = pytest.mark.django_db
INVOICES = CONTROLS["invoices"]
A, B, C = "invoice:a", "invoice:b", "invoice:c"


@pytest.fixture
def sides(company: Company, paper: Any) -> tuple[Books, Books]:
    """One document in billing, two in the ERP that come to the same, none under a reference of the other."""
    show(paper("billing"), document("a", "100.00"))
    show(paper("erp"), document("b", "60.00", customer="Alpine AG"), document("c", "40.00", customer="Alpine AG"))
    ask(company)
    return paper("billing"), paper("erp")


def propose(company: Company, *references: str, **values: Any) -> Match:
    given: dict[str, Any] = {"user": preparer(), "because": "One invoice, posted in two parts", **values}
    return people.propose(INVOICES, entity=company.entity, references=references or (A, B, C), **given)


def in_force(company: Company) -> Match:
    row = people.approve(propose(company).pk, user=approver())
    runner.compare_again("invoices", entity=company.entity)
    return row


def test_one_puts_together_another_approves_and_the_breaks_heal(company: Company, sides: tuple[Books, Books]) -> None:
    assert set(open_breaks()) == {"a", "b", "c"}
    row = propose(company)
    # while it waits nothing is matched
    runner.compare_again("invoices", entity=company.entity)
    assert set(open_breaks()) == {"a", "b", "c"} and matched() == []
    people.approve(row.pk, user=approver(), because="Seen in the ERP")
    all_tied(runner.compare_again("invoices", entity=company.entity))
    assert matched() == [("people", {"left a", "right b", "right c"})]
    notes = set(ExceptionCase.objects.values_list("closing_note", flat=True))
    assert notes == {"Matched: with b, c, by people", "Matched: with a, b, by people", "Matched: with a, c, by people"}
    said = list(JournalEntry.objects.filter(object_kind="match").order_by("pk").values_list("action", "user__username"))
    assert said == [("match proposed", "finance.preparer"), ("match approved", "finance.approver")]


def test_nobody_approves_their_own_not_even_past_the_code(company: Company, sides: tuple[Books, Books]) -> None:
    both = person("both", "Finance preparer", "Finance approver")
    row = propose(company, user=both)
    with pytest.raises(Refused, match="another approver"):
        people.approve(row.pk, user=both)
    with pytest.raises(Refused, match="superuser"):
        people.approve(row.pk, user=person("root", superuser=True))
    with pytest.raises(Refused, match="role"):
        people.approve(row.pk, user=billing_ops())
    with pytest.raises(IntegrityError, match="asker_never_decides_a_match"), transaction.atomic():
        Match.objects.update(status="in_force", decided_by=both)
    with pytest.raises(IntegrityError, match="people_match_in_two_and_to_nothing"), transaction.atomic():
        Match.objects.update(status="in_force")
    with pytest.raises(IntegrityError, match="people_match_in_two_and_to_nothing"), transaction.atomic():
        Match.objects.update(status="in_force", decided_by=approver(), difference=Decimal("0.01"))


@pytest.mark.parametrize("user", [billing_ops, approver])
def test_only_who_may_ask_puts_together(company: Company, sides: tuple[Books, Books], user: Any) -> None:
    with pytest.raises(Refused, match="may not put documents together"):
        propose(company, user=user())


def test_what_is_not_equal_is_refused_with_the_sums(company: Company, sides: tuple[Books, Books]) -> None:
    with pytest.raises(CannotMatch, match=r"Left comes to .*100\.00.* right to .*60\.00.*40\.00.* left over"):
        propose(company, A, B)
    with pytest.raises(CannotMatch, match="at least two"):
        propose(company, A)
    with pytest.raises(CannotMatch, match="Say why"):
        propose(company, because="  ")
    with pytest.raises(CannotMatch, match="invoice:z does not differ"):
        propose(company, A, B, "invoice:z")


def test_two_currencies_are_not_matched_by_hand(company: Company, sides: tuple[Books, Books]) -> None:
    show(sides[1], document("b", "100.00", currency="EUR"))
    ask(company)
    with pytest.raises(CannotMatch, match="EUR and USD"):
        propose(company, A, B)


def test_a_document_is_in_one_match(company: Company, sides: tuple[Books, Books]) -> None:
    propose(company)
    with pytest.raises(CannotMatch, match="in another match"):
        propose(company)
    # and a rule leaves it alone meanwhile
    rule(company, By.GROUP, days=3)
    show(sides[1], document("b", "60.00"), document("c", "40.00"))
    ask(company)
    assert matched() == []


def test_a_reversal_on_one_side_may_be_put_beside_what_it_reverses(
    company: Company, sides: tuple[Books, Books]
) -> None:
    show(sides[0])
    show(sides[1], document("b", "60.00"), document("c", "-60.00"))
    ask(company)
    people.approve(propose(company, B, C).pk, user=approver())
    all_tied(runner.compare_again("invoices", entity=company.entity))


def test_what_changed_since_it_was_put_together_is_not_approved(company: Company, sides: tuple[Books, Books]) -> None:
    row = propose(company)
    show(sides[1], document("b", "61.00"), document("c", "39.00"))
    ask(company)
    # the asking ended it, since its documents are others by now
    with pytest.raises(CannotMatch, match="does not wait"):
        people.approve(row.pk, user=approver())
    assert Match.objects.get().status == "ended"


def test_a_refused_or_withdrawn_match_frees_its_documents(company: Company, sides: tuple[Books, Books]) -> None:
    with pytest.raises(Refused, match="Only the person"):
        people.withdraw(propose(company).pk, user=approver())
    people.withdraw(Match.objects.get().pk, user=preparer())
    row = propose(company)
    with pytest.raises(CannotMatch, match="Say why"):
        people.refuse(row.pk, user=approver(), because=" ")
    people.refuse(row.pk, user=approver(), because="These are two invoices")
    assert not MatchMember.objects.filter(is_taken=True).exists()
    assert propose(company).status == "proposed"


def test_taking_apart_takes_two_as_well_and_the_breaks_are_back(company: Company, sides: tuple[Books, Books]) -> None:
    row = in_force(company)
    with pytest.raises(CannotMatch, match="Nobody has asked"):
        people.undo(row.pk, user=approver())
    people.ask_undo(row.pk, user=preparer(), because="The parts belong to another deal")
    with pytest.raises(CannotMatch, match="waits for a second person"):
        people.ask_undo(row.pk, user=preparer(), because="Again")
    both = person("both", "Finance preparer", "Finance approver")
    Match.objects.update(undo_asked_by=both)
    with pytest.raises(Refused, match="another approver"):
        people.undo(row.pk, user=both)
    with pytest.raises(IntegrityError, match="asker_never_undoes_a_match"), transaction.atomic():
        Match.objects.update(ended_by=both)
    people.keep_together(row.pk, user=approver())
    people.ask_undo(row.pk, user=preparer(), because="The parts belong to another deal")
    people.undo(row.pk, user=approver())
    runner.compare_again("invoices", entity=company.entity)
    assert set(open_breaks()) == {"a", "b", "c"}
    assert Match.objects.get().ended_because == "The parts belong to another deal"


def test_what_people_took_apart_no_rule_brings_together_again(company: Company, sides: tuple[Books, Books]) -> None:
    show(sides[1], document("b", "100.00"))
    rule(company, By.CUSTOMER_AMOUNT)
    all_tied(ask(company))
    row = Match.objects.get()
    people.ask_undo(row.pk, user=preparer(), because="Another customer of the same name")
    people.undo(row.pk, user=approver())
    ask(company)
    assert set(open_breaks()) == {"a", "b"} and matched() == []


# -- suggestions --------------------------------------------------------------------------------------
def suggestion(company: Company, sides: tuple[Books, Books]) -> Match:
    show(sides[1], document("b", "100.00"))
    rule(company, By.CUSTOMER_AMOUNT, does="suggest")
    ask(company)
    return Match.objects.get(status="suggested")


def test_a_suggestion_is_taken_up_by_one_and_approved_by_another(company: Company, sides: tuple[Books, Books]) -> None:
    row = suggestion(company, sides)
    with pytest.raises(CannotMatch, match="does not wait"):
        people.approve(row.pk, user=approver())
    people.take_up(row.pk, user=preparer(), because="Same invoice, typed in by hand")
    with pytest.raises(CannotMatch, match="no suggestion any more"):
        people.take_up(row.pk, user=preparer(), because="Twice")
    people.approve(row.pk, user=approver())
    all_tied(ask(company))
    assert matched() == [("people", {"left a", "right b"})]


def test_a_suggestion_that_was_refused_does_not_come_again(company: Company, sides: tuple[Books, Books]) -> None:
    people.refuse(suggestion(company, sides).pk, user=preparer(), because="Two invoices")
    ask(company)
    assert [row.status for row in Match.objects.all()] == ["refused"]
    # until the documents are others
    show(sides[1], document("d", "100.00"))
    ask(company)
    assert Match.objects.filter(status="suggested").count() == 1


# -- signed -------------------------------------------------------------------------------------------
def test_taking_a_match_apart_suspends_what_was_signed_with_it(company: Company, sides: tuple[Books, Books]) -> None:
    row = in_force(company)
    signed = signing.prepare(INVOICES, entity=company.entity, first=DAY, last=DAY, user=preparer())
    signing.review(signed, user=approver(), sha256=signed.certificate_sha256)
    people.ask_undo(row.pk, user=preparer(), because="Not the same")
    people.undo(row.pk, user=approver())
    runner.compare_again("invoices", entity=company.entity)
    signed.refresh_from_db()
    assert signed.status == "suspended" and "differs now and did not when signed" in signed.suspended_because


def test_what_a_tolerance_let_pass_is_an_item_of_the_certificate(company: Company, sides: tuple[Books, Books]) -> None:
    rule(company, By.TOLERANCE, currency="USD", most=Decimal("0.05"), percent=Decimal("0.1"), cap=Decimal(1))
    show(sides[1], document("a", "99.97"))
    assert ask(company).status == "tied_with_items"
    signed = signing.prepare(INVOICES, entity=company.entity, first=DAY, last=DAY, user=preparer())
    (item,) = signed.certificate["items"]
    assert (item["kind"], item["amount"], item["case"]) == ("matched", "0.03", "")
    assert signed.certificate["totals"]["USD"]["explained"] == "0.03"


# -- rules by file ------------------------------------------------------------------------------------
HEADER = "entity,control,by,currency,does,days,most,percent,cap,group_size,valid_from"


def tried(*rows: str) -> files.Tried:
    return files.try_out(TABLES["match-rules"], "\n".join([HEADER, *rows]).encode())


def test_rules_are_tried_on_what_was_read_last_and_hold_once_another_approved(
    company: Company, sides: tuple[Books, Books]
) -> None:
    show(sides[1], document("b", "100.00", day=DAY))
    ask(company)
    result = tried(f"US01,invoices,customer_amount,,match,3,,,,,{DAY - timedelta(days=9)}")
    assert result.is_good, result.problems
    touched = impact.of(result.table, result.rows)
    assert (touched.matched, touched.suggested, touched.totals["matched"]) == (1, 0, {"USD": "100.00"})
    assert touched.listed[0].title == "a with b"
    # trying writes nothing, and a draft matches nothing
    change = changes.draft(result, user=billing_ops(), source="rules.csv")
    ask(company)
    assert not Match.objects.exists() and MatchRule.objects.get().status == "draft"
    changes.approve(change.pk, user=approver(), sha256=change.sha256)
    all_tied(ask(company))
    assert Break.objects.filter(healed_at__isnull=False).count() == 3


@pytest.mark.parametrize(
    ("row", "field", "words"),
    [
        ("US01,invoices,tolerance,,match,,0.05,1,1,,2026-05-01", "currency", "such as USD"),
        ("US01,invoices,tolerance,USD,match,,0.05,1,0.01,,2026-05-01", "cap", "at least what one document"),
        ("US01,invoices,tolerance,USD,match,,,1,1,,2026-05-01", "most", "above 0"),
        ("US01,invoices,tolerance,JPY,match,,0.5,1,1,,2026-05-01", "most", "JPY"),
        ("US01,invoices,tolerance,USD,match,,0.5,,1,,2026-05-01", "percent", "above 0"),
        ("US01,invoices,group,,match,,0.5,,,,2026-05-01", "most", "only a tolerance"),
        ("US01,invoices,group,,match,,,,,9,2026-05-01", "group_size", "from 2 to 8"),
        ("US01,invoices,group,,match,1.5,,,,,2026-05-01", "days", "whole number"),
        ("US01,nothing,group,,match,,,,,,2026-05-01", "control", "give one of"),
        ("US01,rates,group,,match,,,,,,2026-05-01", "control", "give one of"),
    ],
)
def test_a_rule_that_cannot_hold_is_told_by_field(company: Company, row: str, field: str, words: str) -> None:
    (problem,) = tried(row).problems
    assert problem.field == field and words in problem.text


def test_the_clock_of_a_rule_is_its_documents(company: Company, sides: tuple[Books, Books]) -> None:
    """A rule that ended keeps what it matched of its own days, and touches nothing later."""
    show(sides[1], document("b", "100.00"))
    found = rule(company, By.CUSTOMER_AMOUNT)
    all_tied(ask(company))
    MatchRule.objects.filter(pk=found.pk).update(valid_to=DAY)
    ask(company)
    assert matched() == [] and clock.now()


def test_what_ended_by_itself_a_rule_may_find_again(company: Company, sides: tuple[Books, Books]) -> None:
    row = people.take_up(suggestion(company, sides).pk, user=preparer(), because="The same")
    people.approve(row.pk, user=approver())
    all_tied(ask(company))
    show(sides[1])
    ask(company)
    assert Match.objects.get().status == "ended"
    show(sides[1], document("b", "100.00"))
    ask(company)
    assert Match.objects.filter(status="suggested").count() == 1


def test_rows_that_touch_nothing_speak_of_no_matches(company: Company) -> None:
    assert impact.Impact().matched is None
    assert impact.of(TABLES["match-rules"], []).matched == 0
