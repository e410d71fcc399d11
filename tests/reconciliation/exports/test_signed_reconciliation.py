"""The paper of a signed reconciliation: complete, the same each time, and loud where it no longer holds."""

import hashlib
import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import pytest
from django.test import Client

from reconciliation import reconciling_items
from reconciliation.controls import runner
from reconciliation.controls.registry import CONTROLS
from reconciliation.habits.printing import letters, signed_reconciliation
from reconciliation.models import Break, SignOff
from reconciliation.sign_offs import signing
from sync.models import JournalEntry
from tests.paper_erp import Books, line
from tests.reconciliation.desk import approver, preparer
from tests.reconciliation.exports import papers
from tests.small_company import DAY, Company, invoice, person

IN1, IN2 = invoice(1).reference, invoice(2).reference
PAGE = f"/sign-off/invoices/US01/{DAY}/{DAY}"
AT = datetime(2026, 12, 1, 9, 0, 7, tzinfo=UTC)


@pytest.fixture
def signed(company: Company, paper: Callable[[str], Books]) -> SignOff:
    """One invoice on both sides, prepared by one person and signed by another."""
    for code in ("billing", "erp"):
        paper(code).lists["invoice"] = [line(IN1, "100.00", day=DAY)]
    runner.run("invoices", entity=company.entity, business_date=DAY)
    span: Any = {"entity": company.entity, "first": DAY, "last": DAY}
    row = signing.prepare(CONTROLS["invoices"], **span, user=preparer(), note="All in")
    return signing.review(row, user=approver(), sha256=row.certificate_sha256)


def taken(user: Any, path: str, *, status: int = 200) -> Any:
    """What somebody gets at an address."""
    client = Client()
    client.force_login(user)
    answer = client.get(path)
    assert answer.status_code == status
    return answer


def kept(company: Company, **values: Any) -> SignOff:
    """A sign-off over these items, totals or readings."""
    certificate: dict[str, Any] = {
        "control": "invoices", "title": "Issued invoices are posted", "entity": "US01", "company": "Example Inc.",
        "from": "2026-11-01", "to": "2026-11-30", "date_basis": "document date", "assertion": "All is posted",
        "rule_version": 3, "days": [], "readings": [], "totals": {}, "items": [],
    }  # fmt: skip
    for name in list(values):
        if name in certificate:
            certificate[name] = values.pop(name)
    values = {"prepared_by": preparer(), "reviewed_by": approver(), "reviewed_at": AT, "status": "signed", **values}
    return SignOff.objects.create(
        control="invoices", entity=company.entity, starts_on=date(2026, 11, 1), ends_on=date(2026, 11, 30),
        certificate=certificate, certificate_sha256="0f" * 32, prepared_at=AT, checked_at=AT, **values,
    )  # fmt: skip


def drawn(row: SignOff) -> bytes:
    return signed_reconciliation.draw(row, left="Stripe", right="NetSuite")


def item(number: int, **more: str) -> dict[str, str]:
    return {
        "reference": f"invoice:{number}", "label": f"INV-{number:04}", "counterparty": "Cancity", "kind": "timing",
        "what": "AMOUNT_MISMATCH", "dated": "2026-11-18", "currency": "USD", "amount": "-1.50", "case": "",
        "case_opened": "", **more,
    }  # fmt: skip


def test_the_paper_says_what_was_signed_by_whom_and_when(signed: SignOff) -> None:
    # when an auditor takes it from the page
    auditor = person("auditor", "Auditor")
    assert f'href="{PAGE}/v1.pdf"' in taken(auditor, PAGE).content.decode()
    answer = taken(auditor, f"{PAGE}/v1.pdf")
    text = papers.words(answer.content)
    # then company, control, period, both sides, both people and all hashes are there
    assert answer["Content-Type"] == "application/pdf" and answer.content.startswith(b"%PDF-")
    assert f"Reconciliation: {CONTROLS['invoices'].title}" in text and f"Period {DAY:%d %b %Y}" in text
    assert "(US01)" in text and f"Rule version {CONTROLS['invoices'].rule_version}" in text
    assert re.search(r"1 USD 100\.00 USD less .+? 1 USD 100\.00 USD Difference USD 0\.00", text)
    assert "Unexplained USD 0.00" in text and "What lies between the sides Nothing." in text
    assert f"Signed By {preparer().username} and {approver().username}." in text
    assert signed.reviewed_at and f"{signed.reviewed_at:%d %b %Y %H:%M:%S}" in text and "All in" in text
    assert signed.certificate_sha256 in text and signed.certificate["readings"][0]["sha256"] in text
    # and the journal has who took which bytes
    entry = JournalEntry.objects.get(action="sign-off printed")
    assert entry.user == auditor and entry.details["sha256"] == hashlib.sha256(answer.content).hexdigest()


def test_the_same_signature_gives_the_same_bytes(signed: SignOff) -> None:
    one, other = (taken(person("auditor", "Auditor"), f"{PAGE}/v1.pdf").content for _ in range(2))
    assert one == other
    # also on another day: the only time in it is the signature's own
    assert signed.reviewed_at and f"/CreationDate (D:{signed.reviewed_at:%Y%m%d%H%M%S}Z" in one.decode("latin-1")


def test_what_was_suspended_says_so_in_big_words_and_why(signed: SignOff, paper: Callable[[str], Books]) -> None:
    # given a signature that late data suspended
    before = drawn(signed)
    for code in ("billing", "erp"):
        paper(code).lists["invoice"].append(line(IN2, "70.00", day=DAY))
    runner.run("invoices", entity=signed.entity, business_date=DAY)
    signed.refresh_from_db()
    assert signed.status == "suspended"
    # then its paper says so on the first page, and still what had been signed
    first = papers.pages(drawn(signed))[0]
    assert "SUSPENDED" in first.split("\n") and "SUSPENDED" not in papers.words(before)
    text = " ".join(first.split())
    assert "2 documents over USD 170.00 now" in text and "It must be prepared and reviewed again" in text
    assert "USD 100.00" in text and approver().username in text


def test_an_accepted_item_has_its_kind_and_its_last_day(company: Company, paper: Callable[[str], Books]) -> None:
    # given a difference two people accepted until a day
    paper("billing").lists["invoice"] = [line(IN1, "100.00", day=DAY)]
    paper("erp").lists["invoice"] = [line(IN1, "99.99", day=DAY)]
    runner.run("invoices", entity=company.entity, business_date=DAY)
    until = DAY.replace(day=28)
    asked = reconciling_items.propose(
        Break.objects.get().pk, kind="timing", expected_on=until, user=preparer(), because="Tomorrow"
    )
    reconciling_items.accept(asked.pk, user=approver())
    runner.run("invoices", entity=company.entity, business_date=DAY)
    row = signing.prepare(CONTROLS["invoices"], entity=company.entity, first=DAY, last=DAY, user=preparer())
    # then the paper names it
    text = papers.words(drawn(row))
    assert f"Accepted by two people: {asked.number}, timing: it clears by itself, until {until:%d %b %Y}" in text
    assert "USD 0.01" in text and "Prepared, not reviewed yet" in text and "Nobody has reviewed it yet." in text
    # and goes on to do so when the item has ended
    reconciling_items.withdraw(asked.pk, user=preparer())
    assert asked.number in papers.words(drawn(row))


def test_a_long_table_repeats_its_header_and_every_page_has_the_hash_and_its_number(company: Company) -> None:
    row = kept(company, items=[item(number) for number in range(120)])
    pages = papers.pages(drawn(row))
    assert len(pages) > 3
    for number, page in enumerate(pages, start=1):
        text = " ".join(page.split())
        assert f"Certificate SHA-256 {'0f' * 32} Page {number} of {len(pages)}" in text
        if "INV-" in page:
            assert text.count("Kind, and last day") == 1
    assert [f"INV-{n:04}" for n in range(120)] == re.findall(r"INV-\d{4}", papers.words(drawn(row)))


def test_a_paper_that_leaves_items_out_says_so(company: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signed_reconciliation, "MOST", 3)
    text = papers.words(drawn(kept(company, items=[item(number) for number in range(5)])))
    assert "INV-0002" in text and "INV-0003" not in text and "These are the first 3 of 5. The sums above cover" in text


def test_amounts_of_any_size_stay_whole_and_each_currency_stands_for_itself(company: Company) -> None:
    sums = {"explained": "0", "held": "0", "in_flight": "0", "unexplained": "0", "left_count": "12345"}
    sums |= {"right_count": "1"}
    totals = {
        "JPY": {"left": "999999999999", "right": "-5", **sums},
        "USD": {"left": "123456789012345.67", "right": "0.00", **sums},
    }
    # every amount is one piece of the page, never broken over two lines
    pieces = "\n".join(papers.pages(drawn(kept(company, totals=totals)))).split("\n")
    for amount in ("USD 123,456,789,012,345.67", "JPY 999,999,999,999", "JPY −5", "JPY 1,000,000,000,004", "12,345"):
        assert amount in pieces


def test_letters_the_font_lacks_are_written_by_number_and_explained(company: Company) -> None:
    # given names with accents, and one in Japanese
    plain = kept(company, items=[item(1, counterparty="Société Łódź, Ærø & Жук")])
    plain.delete()
    row = kept(company, items=[item(1, counterparty="山田 <b>\nKK</b>"), item(2, counterparty="Société Łódź, Жук")])
    text = papers.words(drawn(row))
    # then accents stay, the others lose nothing, and the paper says what the numbers are
    assert "Société Łódź, Жук" in text and "[5C71 7530] <b> KK</b>" in text and letters.EXPLANATION in text
    assert letters.EXPLANATION not in papers.words(drawn(plain))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("e\u0301", "é"),
        ("日本 Ltd", "[65E5 672C] Ltd"),
        ("\u202e evil", "evil"),
        ("", ""),
        ("😀", "[1F600]"),
        ("a\x00b", "a b"),
        ("a\tb", "a b"),
    ],
)
def test_text_is_made_printable(text: str, said: str) -> None:
    assert letters.printable(text) == said


def test_a_day_that_certified_itself_and_a_control_without_sums_say_so(company: Company) -> None:
    row = kept(company, status="prepared", reviewed_by=None, reviewed_at=None)
    text = papers.words(drawn(row))
    assert "Neither side has a document of these days." in text and "None: the company was not connected yet." in text
    assert "This control reads no system's list." in text


def test_what_is_not_there_or_not_for_one_is_not_printed(signed: SignOff) -> None:
    assert "no such version" in taken(person("auditor", "Auditor"), f"{PAGE}/v9.pdf", status=404).content.decode()
    taken(person("executive", "Executive"), f"{PAGE}/v1.pdf", status=403)
    client = Client()
    client.force_login(person("auditor", "Auditor"))
    assert client.head(f"{PAGE}/v1.pdf").status_code == 405
    assert not JournalEntry.objects.filter(action="sign-off printed").exists()
