"""Signing for machines: the same two people, the same conditions, exactly what was seen."""

from collections.abc import Callable
from typing import Any

import pytest

from reconciliation.controls import runner
from reconciliation.models import SignOff
from tests.paper_erp import Books, line
from tests.reconciliation.desk import approver, call, preparer
from tests.small_company import DAY, Company, invoice, person

IN1, IN2 = invoice(1).reference, invoice(2).reference
SPAN = {"control": "invoices", "entity": "US01", "first": str(DAY), "last": str(DAY)}


@pytest.fixture
def billed(company: Company, paper: Callable[[str], Books]) -> Books:
    """One invoice on both sides; gives the ERP's books."""
    for code in ("billing", "erp"):
        paper(code).lists["invoice"] = [line(IN1, "100.00", day=DAY)]
    runner.run("invoices", entity=company.entity, business_date=DAY)
    return paper("erp")


def signing(user: Any, path: str, body: dict[str, Any] | None = None) -> tuple[int, Any]:
    return call(user, f"sign-offs{path}", body)


def certificate() -> Any:
    return signing(preparer(), "/certificate?" + "&".join(f"{name}={value}" for name, value in SPAN.items()))


def test_one_prepares_and_another_signs_what_was_seen(company: Company, billed: Books) -> None:
    status, seen = certificate()
    assert status == 200 and all(one["is_met"] for one in seen["conditions"]) and seen["sign_off"] is None
    assert seen["certificate"]["totals"]["USD"]["left"] == "100.00"
    status, row = signing(preparer(), "", {**SPAN, "note": "All in"})
    assert (status, row["status"], row["prepared_by"]) == (201, "prepared", "finance.preparer")
    # the hash is that of what stands in the books of the portal, not of what is drawn up anew
    assert certificate()[1]["sha256"] == row["certificate_sha256"]
    path = f"/{row['number']}/sign"
    assert signing(preparer(), path, {"sha256": row["certificate_sha256"]})[0] == 403
    assert signing(approver(), path, {})[0] == 400
    assert signing(approver(), path, {"sha256": "0" * 64})[0] == 409
    status, signed = signing(approver(), path, {"sha256": row["certificate_sha256"]})
    assert (status, signed["status"], signed["reviewed_by"]) == (200, "signed", "finance.approver")
    status, month = signing(person("auditor", "Auditor"), f"?entity=US01&month={DAY:%Y-%m}")
    assert status == 200 and next(one for one in month if one["control"] == "invoices")["certified"] == 1


def test_what_is_not_right_is_sent_back_with_a_reason(company: Company, billed: Books) -> None:
    _, row = signing(preparer(), "", SPAN)
    path = f"/{row['number']}/return"
    assert signing(approver(), path, {})[0] == 400
    status, row = signing(approver(), path, {"note": "The payout is missing"})
    assert (status, row["status"]) == (200, "returned")
    assert signing(approver(), path, {"note": "Again"})[0] == 409


def test_nobody_signs_alone_nor_what_does_not_tie(company: Company, billed: Books) -> None:
    both = person("both", "Finance preparer", "Finance approver")
    _, row = signing(both, "", SPAN)
    status, answer = signing(both, f"/{row['number']}/sign", {"sha256": row["certificate_sha256"]})
    assert status == 409 and "another person" in str(answer)
    assert SignOff.objects.get().reviewed_by is None
    SignOff.objects.all().update(
        status="returned", reviewed_by=approver(), reviewed_at=SignOff.objects.get().prepared_at
    )
    billed.lists["invoice"].append(line(IN2, "70.00", day=DAY))
    runner.run("invoices", entity=company.entity, business_date=DAY)
    assert not all(one["is_met"] for one in certificate()[1]["conditions"])
    status, answer = signing(preparer(), "", SPAN)
    assert status == 409 and "Not ready" in str(answer)


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"control": "none"}, "control"),
        ({"entity": "XX01"}, "entity"),
        ({"first": "soon"}, "first"),
        ({"last": "2020-01-01"}, "last"),
        ({"last": "2099-01-01"}, "last"),
    ],
)
def test_what_makes_no_sense_is_named(company: Company, values: dict[str, str], field: str) -> None:
    status, answer = signing(preparer(), "", {**SPAN, **values})
    assert status == 400 and field in str(answer)
    assert signing(preparer(), "?entity=US01&month=2026-13")[0] == 400
    assert signing(preparer(), "?entity=US01&month=0000-01")[0] == 400
    assert signing(approver(), "/999999/sign", {"sha256": "x"})[0] == 404
    assert signing(person("sales", "Sales operations"), "", SPAN)[0] == 403
