"""Rows people keep: tried out row by row with nothing written, drafted whole, approved by another, and work goes on."""

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from reconciliation.approvals import Changed, Refused
from reconciliation.governance import cells, changes, files, impact
from reconciliation.governance.tables import TABLES
from reconciliation.models import ExceptionCase, RowChange, SignOffPolicy
from sync import clock
from sync.mappings import Tables
from sync.models import BundleMapping, ContractRecord, MappingRow, ProductMapping, WorkItem
from tests.small_company import DAY, Company, customer, deal, person

pytestmark = pytest.mark.django_db
PRODUCTS = TABLES["products"]
HEADER = ",".join(PRODUCTS.header)
GOOD = "Growth,Growth,120.00,USD,growth,growth,ratable_over_term,zero,billing,2026-01-01,,"


def csv_of(*rows: str, header: str = HEADER) -> bytes:
    return "\n".join([header, *rows]).encode()


def tried(*rows: str) -> files.Tried:
    return files.try_out(PRODUCTS, csv_of(*rows))


def drafted(*rows: str, table: str = "products") -> RowChange:
    found = TABLES[table]
    result = files.try_out(found, csv_of(*rows, header=",".join(found.header)))
    assert result.is_good, result.problems
    return changes.draft(result, user=person("billing.ops", "Billing operations"), source="test.csv")


def approved(change: RowChange) -> int:
    return changes.approve(change.pk, user=person("finance.approver", "Finance approver"), sha256=change.sha256)[1]


# -- trying out ---------------------------------------------------------------------------------------
def test_every_problem_of_every_row_is_told_at_once_and_nothing_is_written(company: Company) -> None:
    before = ProductMapping.objects.count()
    result = tried(
        GOOD,
        "Other,,12.345,USD,other,other,ratable_over_term,zero,billing,2026-01-01,,",
        "Third,Third,1,XXX,third,third,ratable_over_term,zero,somewhere,01.02.2026,,",
        "Fourth,Fourth,12.345,USD,f,f,ratable_over_term,zero,,2026-01-01,2026-01-01,",
    )
    assert [(one.row, one.field) for one in result.problems] == [
        (3, "product_name"),
        (4, "currency"),
        (4, "destination"),
        (4, "valid_from"),
        (5, "list_price"),
        (5, "valid_to"),
    ]
    assert result.read == 4 and len(result.rows) == 1 and not result.is_good
    assert ProductMapping.objects.count() == before and not RowChange.objects.exists()
    with pytest.raises(changes.NotGood):
        changes.draft(result, user=person("billing.ops", "Billing operations"), source="x")


@pytest.mark.parametrize("begin", ["=", "+", "-", "@"])
def test_what_a_spreadsheet_would_run_is_refused(company: Company, begin: str) -> None:
    (problem,) = tried(GOOD.replace("Growth,Growth", f"{begin}cmd|' /C calc'!A0,Growth")).problems
    assert (problem.row, problem.field) == (2, "crm_product") and "formula" in problem.text


def test_words_that_would_end_a_statement_are_only_words(company: Company) -> None:
    name = "'; DROP TABLE sync_productmapping; --"
    approved(drafted(GOOD.replace("Growth,Growth", f'"{name}",<script>alert(1)</script>')))
    assert ProductMapping.objects.get(crm_product=name).product_name == "<script>alert(1)</script>"


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "the column is missing"),
        (b"\xff\xfe\x00", "UTF-8"),
        (HEADER.encode(), "no rows"),
        (csv_of("a,b"), "2 cells under"),
        (csv_of(GOOD, header=HEADER.replace("note", "notes")), "no such column"),
        (b"x" * (files.MOST_BYTES + 1), "larger than"),
        (csv_of('"never closed'), "no CSV"),
    ],
)
def test_what_is_no_such_file_is_told_in_words(company: Company, body: bytes, words: str) -> None:
    result = files.try_out(PRODUCTS, body)
    assert any(words in one.text for one in result.problems) and not result.is_good


@given(body=st.binary(max_size=300) | st.text(max_size=300).map(str.encode))
def test_no_file_breaks_the_reader(body: bytes) -> None:
    # no row comes out of garbage, and no error but a told one
    with_header = HEADER.encode() + b"\n" + body
    for one in (body, with_header):
        result = files.try_out(TABLES["rates"], one)
        assert result.is_good or result.problems or not result.read


@given(cell=st.text(max_size=40))
def test_a_cell_is_taken_as_it_stands_or_refused(cell: str) -> None:
    for read in (cells.text(20), cells.day, cells.number, cells.currency):
        try:
            value = read(cell)
        except cells.CellError:
            continue
        assert str(value) == cell or Decimal(cell) == value


def test_rows_of_one_key_do_not_overlap_in_the_file_nor_with_what_is_in_force(company: Company) -> None:
    twice = tried(GOOD, GOOD.replace("2026-01-01", "2026-06-01"))
    assert [(one.row, one.field, one.text) for one in twice.problems] == [
        (3, "valid_from", "overlaps row 2 of this file")
    ]
    # "Basic" is in force since 2025: a row from before has no place, a later one ends it
    earlier = tried(GOOD.replace("Growth,", "Basic,", 1).replace("2026-01-01", "2024-06-01"))
    assert "begin later" in earlier.problems[0].text
    later = tried(GOOD.replace("Growth,", "Basic,", 1))
    old = ProductMapping.objects.get(crm_product="Basic")
    assert later.is_good and later.ends == {old.pk: later.rows[0]["valid_from"]}
    hole = tried(GOOD.replace("Growth,", "Basic,", 1).replace("2026-01-01,,", "2026-01-01,2026-02-01,"))
    assert "leave a hole" in hole.problems[0].text


# -- two people -----------------------------------------------------------------------------------------
def test_drafts_hold_nothing_until_another_person_approves_them(company: Company) -> None:
    change = drafted(GOOD)
    row = ProductMapping.objects.get(crm_product="Growth")
    assert (row.status, row.batch) == ("draft", change.number)
    with pytest.raises(Refused, match="You drafted this"):
        changes.approve(change.pk, user=change.asked_by, sha256=change.sha256)
    with pytest.raises(Refused):
        changes.approve(change.pk, user=person("root", superuser=True), sha256=change.sha256)
    with pytest.raises(Refused):
        changes.approve(change.pk, user=person("other.ops", "Billing operations"), sha256=change.sha256)
    with pytest.raises(Changed):
        changes.approve(change.pk, user=person("finance.approver", "Finance approver"), sha256="0" * 64)
    approved(change)
    row.refresh_from_db()
    assert row.status == "approved" and row.approved_by is not None and row.approved_by != row.drafted_by


def test_a_draft_that_was_changed_meanwhile_is_not_put_in_force(company: Company) -> None:
    change = drafted(GOOD)
    ProductMapping.objects.filter(batch=change.number).update(billing_product="something-else")
    with pytest.raises(Changed, match="draft was changed"):
        approved(change)
    assert not ProductMapping.objects.filter(crm_product="Growth", status="approved").exists()


def test_a_change_that_no_longer_fits_changes_nothing_at_all(company: Company) -> None:
    change = drafted(GOOD, GOOD.replace("Growth,Growth", "Second,Second"))
    company.map_product("Second", valid_from=DAY)
    with pytest.raises(Changed, match="meanwhile"):
        approved(change)
    change.refresh_from_db()
    assert change.status == "pending"
    assert not ProductMapping.objects.filter(crm_product="Growth", status="approved").exists()


def test_the_row_in_force_ends_the_day_the_new_one_begins(company: Company) -> None:
    approved(drafted(GOOD.replace("Growth,", "Basic,", 1)))
    rows = ProductMapping.objects.filter(crm_product="Basic", status="approved").order_by("valid_from")
    assert [(f"{row.valid_from}", f"{row.valid_to or ''}") for row in rows] == [
        ("2025-01-01", "2026-01-01"),
        ("2026-01-01", ""),
    ]


def test_what_is_refused_or_withdrawn_never_holds(company: Company) -> None:
    first, second = drafted(GOOD), drafted(GOOD.replace("Growth,Growth", "Second,Second"))
    with pytest.raises(ValueError, match="Say why"):
        changes.refuse(first.pk, user=person("finance.approver", "Finance approver"), because=" ")
    changes.refuse(first.pk, user=person("finance.approver", "Finance approver"), because="Not this one")
    changes.withdraw(second.pk, user=second.asked_by)
    assert set(ProductMapping.objects.exclude(crm_product="Basic").values_list("status", flat=True)) == {"refused"}
    with pytest.raises(Refused):
        approved(first)


def test_the_database_itself_refuses_that_a_drafter_decides(company: Company) -> None:
    change = drafted(GOOD)
    change.status, change.decided_by, change.decided_at = "approved", change.asked_by, clock.now()
    with pytest.raises(IntegrityError), transaction.atomic():
        change.save()


# -- what it touches, and what goes on ---------------------------------------------------------------------
@pytest.mark.parametrize("name", [name for name in TABLES if name != "match-rules"])
def test_of_every_table_it_is_known_what_its_rows_touch(company: Company, name: str) -> None:
    row = dict.fromkeys(TABLES[name].header, "") | {"entity": company.entity, "valid_from": DAY, "valid_to": None}
    row |= {"parts": [], "jurisdiction": "DE", "basis": "contract"}
    assert impact.of(TABLES[name], [row]).deals == 0


def test_a_sign_off_policy_is_drafted_by_one_and_holds_after_another_approved(company: Company) -> None:
    table = TABLES["sign-off-policies"]
    text = f"{','.join(table.header)}\nUS01,rule,100.00,5,2026-05-01,,"
    tried = files.try_out(table, text.encode())
    assert tried.is_good, tried
    asker, approver = person("asks", "Finance preparer"), person("decides", "Finance approver")
    change = changes.draft(tried, user=asker, source="policy.csv", because="Tied days need nobody")
    changes.approve(change.pk, user=approver, sha256=change.sha256)
    row = SignOffPolicy.objects.get()
    assert (row.status, row.tied_days, row.error_limit, row.error_age_days) == ("approved", "rule", Decimal(100), 5)


def test_what_a_change_would_touch_is_counted_summed_and_named(company: Company) -> None:
    company.sells(1, amount="100.00")
    company.bills(1, amount="100.00")
    company.hears(deal(2, amount="50.00", product="Growth"))
    touched = impact.of(PRODUCTS, tried(GOOD, GOOD.replace("Growth,", "Basic,", 1)).rows)
    assert (touched.deals, touched.invoices, touched.waiting) == (1, 1, 1)
    assert touched.totals == {
        "deals": {"USD": "100.00"}, "invoices": {"USD": "100.00"}, "waiting": {"USD": "50.00"},
    }  # fmt: skip
    assert [one.kind for one in touched.listed] == ["waiting", "deal", "invoice"]
    # what was signed before the rows begin is not touched
    later = tried(GOOD.replace("Growth,", "Basic,", 1).replace("2026-01-01", "2027-01-01"))
    assert impact.of(PRODUCTS, later.rows).deals == 0


def test_an_approved_file_lets_the_waiting_deals_go(company: Company) -> None:
    company.hears(customer(1))
    company.hears(*(deal(number, product=name) for number, name in ((1, "Growth"), (2, "Growth"), (3, "Elsewhere"))))
    assert WorkItem.objects.filter(condition="blocked").count() == 3
    assert approved(drafted(GOOD)) == 2
    company.settles()
    assert ContractRecord.objects.count() == 2
    assert ExceptionCase.objects.filter(status="open").count() == 1


# -- bundles -------------------------------------------------------------------------------------------------
def test_a_bundle_is_billed_as_its_parts_to_the_cent(company: Company) -> None:
    company.map_product("Training", name="Training", price="30.00", destination="erp_sales_order")
    company.map_product("Storage", name="Storage", price="10.00")
    company.hears(customer(1))
    (item,) = company.hears(deal(1, amount="100.01", product="Suite"))
    assert item.condition == "blocked"
    approved(drafted("Suite,Basic; Training; Storage,33.34; 33.33; 33.33,2026-01-01,,", table="bundles"))
    company.settles()
    contract = ContractRecord.objects.get()
    parts = {line.crm_product: line.amount for line in contract.lines.all()}
    assert parts == {"Basic": Decimal("33.35"), "Training": Decimal("33.33"), "Storage": Decimal("33.33")}
    assert sum(parts.values()) == contract.amount == Decimal("100.01")
    assert {line.destination for line in contract.lines.all()} == {"billing", "erp_sales_order"}


@pytest.mark.parametrize(
    ("shares", "field"), [("50; 49.99", "shares"), ("100", "shares"), ("50; 50; 0", "shares"), ("0; 100", "shares")]
)
def test_shares_that_are_not_whole_are_refused_by_the_file_and_by_the_database(
    company: Company, shares: str, field: str
) -> None:
    company.map_product("Storage", name="Storage")
    found = TABLES["bundles"]
    result = files.try_out(found, csv_of(f"Suite,Basic; Storage,{shares},2026-01-01,,", header=",".join(found.header)))
    assert [one.field for one in result.problems] == [field]
    values = [Decimal(share.strip()) for share in shares.split(";")]
    with pytest.raises(IntegrityError), transaction.atomic():
        BundleMapping.objects.create(
            crm_product="Suite", parts=["Basic", "Storage"], shares=values, valid_from=DAY,
            drafted_by=company.drafter, drafted_at=clock.now(),
        )  # fmt: skip


def test_a_part_nobody_knows_and_a_bundle_within_itself_are_refused(company: Company) -> None:
    found = TABLES["bundles"]
    for parts in ("Basic; Nothing", "Basic; Suite", "Basic; Basic"):
        body = csv_of(f"Suite,{parts},50; 50,2026-01-01,,", header=",".join(found.header))
        assert [one.field for one in files.try_out(found, body).problems] == ["parts"], parts


# -- doors ---------------------------------------------------------------------------------------------------
def test_the_command_tries_out_and_drafts_only_when_told(company: Company, tmp_path: Path, capsys) -> None:
    person("billing.ops", "Billing operations")
    good, bad = tmp_path / "good.csv", tmp_path / "bad.csv"
    good.write_bytes(csv_of(GOOD))
    bad.write_bytes(csv_of(GOOD.replace("USD", "usd")))
    with pytest.raises(CommandError, match="nothing was written"):
        call_command("import_rows", "products", str(bad), draft_as="billing.ops")
    call_command("import_rows", "products", str(good))
    assert not RowChange.objects.exists()
    call_command("import_rows", "products", str(good), draft_as="billing.ops")
    assert RowChange.objects.get().count == 1
    assert "CHG-" in capsys.readouterr().out


def test_the_pages_lead_from_a_file_to_two_people(company: Company, client: Client) -> None:
    company.hears(customer(1))
    company.hears(deal(1, product="Growth"))
    client.force_login(person("billing.ops", "Billing operations"))
    body = csv_of(GOOD).decode()
    shown = client.post("/tables/products/try", {"rows": body}).content.decode()
    assert "1 rows read, 1 good, 0 problems" in shown and "Waiting, and let go" in shown
    sha256 = changes.sha256_of(files.try_out(PRODUCTS, body.encode()))
    assert client.post("/tables/products/draft", {"rows": body, "sha256": "0"}).status_code == 409
    answer = client.post("/tables/products/draft", {"rows": body, "sha256": sha256, "source": "a.csv"})
    change = RowChange.objects.get()
    assert answer.status_code == 302 and answer["Location"].endswith(change.number)
    assert client.post(f"/changes/{change.number}/approve", {"sha256": sha256}).status_code == 403
    client.force_login(person("finance.approver", "Finance approver"))
    assert client.post(f"/changes/{change.number}/approve", {"sha256": change.sha256}).status_code == 302
    company.settles()
    assert ContractRecord.objects.exists()
    assert client.get("/tables/").status_code == client.get("/tables/products").status_code == 200
    assert client.get("/tables/nothing").status_code == 404


def test_a_file_that_leaves_runs_nothing_where_it_is_opened(company: Company, client: Client) -> None:
    company.map_product("-2+3")
    client.force_login(person("billing.ops", "Billing operations"))
    lines = client.get("/tables/products/file").content.decode().splitlines()
    assert lines[0] == HEADER and any(line.startswith("'-2+3,") for line in lines)


def test_a_bundle_without_its_check_would_be_taken() -> None:
    """The check is the database's own."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT conname FROM pg_constraint WHERE conname = 'bundle_shares_are_whole'")
        assert cursor.fetchone()
    assert MappingRow.Status.DRAFT in MappingRow.Status.values


# -- document policies --------------------------------------------------------------------------------
def test_what_a_company_does_with_changes_dated_back_is_a_row_two_people_agree_on(company: Company) -> None:
    # given a policy over that alone; everything else keeps its default
    header, row = "entity,backdated_changes,valid_from", f"{company.entity.code},credit_and_rebill,2026-01-01"
    result = files.try_out(TABLES["document-policies"], csv_of(row, header=header))
    assert result.is_good, result.problems
    change = changes.draft(result, user=person("billing.ops", "Billing operations"), source="policy.csv")
    assert Tables().document_policy(company.entity, on=DAY).backdated_changes == "stop"
    # when another person approves it
    approved(change)
    # then it holds, from its day on
    policy = Tables().document_policy(company.entity, on=DAY)
    assert (policy.backdated_changes, policy.zero_totals, policy.small_difference_most) == (
        "credit_and_rebill", "post", Decimal(10),
    )  # fmt: skip
    assert Tables().document_policy(company.entity, on=date(2025, 12, 31)).backdated_changes == "stop"


@pytest.mark.parametrize(
    ("header", "row", "field"),
    [
        ("backdated_changes", "somehow", "backdated_changes"),
        ("zero_totals", "forget", "zero_totals"),
        ("small_difference_most", "0.001", "small_difference_most"),
        ("small_difference_percent", "100", "small_difference_percent"),
    ],
)
def test_a_policy_that_means_nothing_is_refused_with_its_field(
    company: Company, header: str, row: str, field: str
) -> None:
    body = csv_of(f"{company.entity.code},{row},2026-01-01", header=f"entity,{header},valid_from")
    assert [one.field for one in files.try_out(TABLES["document-policies"], body).problems] == [field]
