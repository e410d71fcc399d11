"""Bank statements: camt.053 and CSV read strictly, refused by line, and payouts found by their trace."""

from datetime import date
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.errors import Misconfigured
from connectors.file_drop.connector import FileDrop
from connectors.file_drop.statements import StatementError, read
from connectors.interface import Setup

DAY = date(2026, 3, 5)
ENTRY = """<Ntry><NtryRef>1</NtryRef><Amt Ccy="{currency}">{amount}</Amt><CdtDbtInd>{side}</CdtDbtInd>{more}
<Sts>{status}</Sts><BookgDt><Dt>2026-03-05</Dt></BookgDt><ValDt><Dt>2026-03-05</Dt></ValDt>
<NtryDtls><TxDtls><Refs><EndToEndId>{trace}</EndToEndId></Refs><RmtInf><Ustrd>GATEWAY PAYOUT</Ustrd></RmtInf></TxDtls>
</NtryDtls></Ntry>"""


def camt(*entries: str, version: str = "08") -> bytes:
    space = f"urn:iso:std:iso:20022:tech:xsd:camt.053.001.{version}"
    body = "".join(entries)
    return (
        f'<?xml version="1.0"?><Document xmlns="{space}"><BkToCstmrStmt><GrpHdr><MsgId>M</MsgId></GrpHdr>'
        f"<Stmt><Id>S1</Id>{body}</Stmt></BkToCstmrStmt></Document>"
    ).encode()


def entry(
    amount: str = "587.15",
    *,
    side: str = "CRDT",
    status: str = "BOOK",
    trace: str = "po_1",
    currency: str = "USD",
    more: str = "",
) -> str:
    return ENTRY.format(amount=amount, side=side, status=status, trace=trace, currency=currency, more=more)


@pytest.mark.parametrize("version", ["02", "08", "13"])
def test_a_booked_credit_is_a_line_in_every_version(version: str) -> None:
    status = "BOOK" if version == "02" else "<Cd>BOOK</Cd>"
    (line,) = read("a.xml", camt(entry(status=status), version=version))
    assert (line.amount, line.currency, line.value_date) == (Decimal("587.15"), "USD", DAY)
    assert "po_1" in line.text.split() and "GATEWAY PAYOUT" in line.text


def test_debits_and_reversals_have_their_sign_and_what_is_pending_is_left_out() -> None:
    lines = read(
        "a.xml",
        camt(
            entry("10.00", side="DBIT"),
            entry("20.00", more="<RvslInd>true</RvslInd>"),
            entry("30.00", status="PDNG"),
        ),
    )
    assert [line.amount for line in lines] == [Decimal("-10.00"), Decimal("-20.00")]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"nothing", "no XML"),
        (b'<!DOCTYPE a [<!ENTITY b "c">]><Document/>', "no XML"),
        (b"<Document><Other/></Document>", "no camt.053"),
        (camt(entry("1,00")), "entry 1"),
        (camt(entry("1.001")), "entry 1"),
        (camt(entry(currency="XXX")), "entry 1"),
        (camt(entry(side="BOTH")), "CdtDbtInd"),
    ],
)
def test_what_cannot_be_read_is_refused_by_name(content: bytes, said: str) -> None:
    with pytest.raises(StatementError, match=said):
        read("a.xml", content)


def test_a_csv_with_named_columns_is_read_in_the_currencys_own_digits() -> None:
    text = "value_date,amount,currency,reference,text\n2026-03-05,-1500,JPY,po_2,\n2026-03-05,1.234,KWD,po_3,=1+1\n"
    lines = read("a.csv", text.encode("utf-8-sig"))
    assert [(line.amount, line.currency) for line in lines] == [(Decimal("-1500"), "JPY"), (Decimal("1.234"), "KWD")]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a,b\n1,2\n", "header lacks"),
        ("value_date,amount,currency,reference\n2026-03-05,1.5,JPY,x\n", "line 2"),
        ("value_date,amount,currency,reference\n05.03.2026,1,JPY,x\n", "line 2"),
        ("value_date,amount,currency,reference\n2026-03-05,1\n", "line 2"),
        ("value_date,amount,currency,reference\n2026-03-05,1,USD,x,y,z\n", "line 2"),
    ],
)
def test_a_csv_that_is_wrong_is_refused_by_its_line(text: str, said: str) -> None:
    with pytest.raises(StatementError, match=said):
        read("a.csv", text.encode())


@given(content=st.binary(max_size=200), ending=st.sampled_from([".xml", ".csv", ".txt"]))
def test_any_bytes_are_lines_or_a_refusal(content: bytes, ending: str) -> None:
    try:
        assert isinstance(read(f"a{ending}", content), list)
    except StatementError as refused:
        assert str(refused).startswith("a.")


# -- the connector ------------------------------------------------------------------------------------
def bank(folder: Path) -> FileDrop:
    return FileDrop(Setup(code="bank", base_url="", secrets={}, settings={"folder": str(folder)}, zone=ZoneInfo("UTC")))


def test_payouts_of_a_day_are_listed_once_however_often_their_statement_comes(tmp_path: Path) -> None:
    # given the same statement twice, and one line that is no payout
    content = camt(entry(), entry("5.00", trace="RENT"))
    (tmp_path / "a.xml").write_bytes(content)
    (tmp_path / "b.xml").write_bytes(content)
    pages = bank(tmp_path).list_day(kind="payout", entity="US01", day=DAY)
    (line,) = [line for page in pages for line in page.lines]
    assert (line.reference, line.gross, line.currency) == ("bank:po_1", Decimal("587.15"), "USD")
    assert "2 statements with 4 lines" in bank(tmp_path).check()


def test_a_statement_that_cannot_be_read_is_not_a_day_without_money(tmp_path: Path) -> None:
    (tmp_path / "a.xml").write_bytes(b"broken")
    with pytest.raises(Misconfigured):
        list(bank(tmp_path).list_day(kind="payout", entity="US01", day=DAY))
    with pytest.raises(Misconfigured):
        list(bank(tmp_path / "nowhere").list_day(kind="payout", entity="US01", day=DAY))
