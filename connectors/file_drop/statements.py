"""Bank statements as lines: camt.053 (ISO 20022), BAI2 and CSV with named columns; pure, strict, refused by line.

camt.053: Ntry with Amt/@Ccy, CdtDbtInd, ValDt, Sts and its references (ISO 20022 message definition camt.053.001,
versions 02 to 13; the namespace differs by version, the names used here do not).
BAI2: the module `bai2`.
CSV: a header with value_date, amount, currency and reference (text is optional), amounts signed as the bank has them.
"""

import csv
import io
from datetime import date
from decimal import Decimal
from xml.etree.ElementTree import Element

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import ParseError, fromstring

from connectors.file_drop import bai2
from connectors.file_drop.lines import BankLine, StatementError
from connectors.money import AmountError, amount

MAX_BYTES = 20_000_000
#: camt.053, CSV and BAI2
ENDINGS = (".xml", ".csv", *bai2.ENDINGS)
COLUMNS = ("value_date", "amount", "currency", "reference")
#: where a camt entry may name what it is, the most telling first
REFERENCES = ("EndToEndId", "TxId", "InstrId", "AcctSvcrRef", "NtryRef")


def read(name: str, content: bytes) -> list[BankLine]:
    """The booked lines of one file, by its ending. Raises StatementError."""
    if len(content) > MAX_BYTES:
        raise StatementError(f"{name}: has more than {MAX_BYTES} bytes")
    if name.lower().endswith(".xml"):
        return _camt(name, content)
    if name.lower().endswith(".csv"):
        return _csv(name, content)
    if name.lower().endswith(bai2.ENDINGS):
        return bai2.read(name, content)
    raise StatementError(f"{name}: must end in {' or '.join(ENDINGS)}")


# -- camt.053 ---------------------------------------------------------------------------------------
def _camt(name: str, content: bytes) -> list[BankLine]:
    try:
        root = fromstring(content, forbid_dtd=True)
    except (ParseError, DefusedXmlException, UnicodeError) as error:
        raise StatementError(f"{name}: is no XML that may be read: {error}") from error
    if _name(root) != "Document" or not _below(root, "BkToCstmrStmt"):
        raise StatementError(f"{name}: is no camt.053 statement (Document/BkToCstmrStmt)")
    found = []
    for place, statement in enumerate(_all(root, "Stmt"), start=1):
        statement_id = _text(statement, "Id")
        for number, entry in enumerate(_below(statement, "Ntry"), start=1):
            where = f"{name}: statement {statement_id or place}, entry {number}"
            if _status(entry) not in ("BOOK", ""):
                continue
            found.append(_entry(entry, where=where, line_id=f"{statement_id or place}:{number}"))
    return found


def _entry(entry: Element, *, where: str, line_id: str) -> BankLine:
    amounts = _below(entry, "Amt")
    if not amounts:
        raise StatementError(f"{where}: Amt is missing")
    currency, sign = amounts[0].get("Ccy", ""), {"CRDT": 1, "DBIT": -1}.get(_text(entry, "CdtDbtInd"))
    if sign is None:
        raise StatementError(f"{where}: CdtDbtInd must be CRDT or DBIT")
    # a reversal turns the direction: a credit that is taken back has left the account
    if _text(entry, "RvslInd") == "true":
        sign = -sign
    days = _below(entry, "ValDt") or _below(entry, "BookgDt")
    day = (_text(days[0], "Dt") or _text(days[0], "DtTm")[:10]) if days else ""
    named = (*REFERENCES, "Ustrd", "AddtlNtryInf")
    texts = [node.text.strip() for tag in named for node in _all(entry, tag) if node.text]
    return BankLine(
        line_id=line_id,
        value_date=_day(day, where),
        currency=currency,
        amount=sign * _amount(amounts[0].text or "", currency, where),
        text=" ".join(dict.fromkeys(texts)),
    )


def _status(entry: Element) -> str:
    """A text before version 8, a code after it."""
    found = _below(entry, "Sts")
    return (_text(found[0], "Cd") or (found[0].text or "").strip()) if found else ""


def _name(node: Element) -> str:
    return node.tag.rpartition("}")[2]


def _below(node: Element, tag: str) -> list[Element]:
    return [child for child in node if _name(child) == tag]


def _all(node: Element, tag: str) -> list[Element]:
    return [child for child in node.iter() if _name(child) == tag]


def _text(node: Element, tag: str) -> str:
    found = _below(node, tag)
    return (found[0].text or "").strip() if found else ""


# -- CSV --------------------------------------------------------------------------------------------
def _csv(name: str, content: bytes) -> list[BankLine]:
    try:
        reader = csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline=""), strict=True)
        rows = list(reader)
    except (UnicodeDecodeError, csv.Error) as error:
        raise StatementError(f"{name}: is no CSV in UTF-8: {error}") from error
    missing = [column for column in COLUMNS if column not in (reader.fieldnames or ())]
    if missing:
        raise StatementError(f"{name}: the header lacks {', '.join(missing)}")
    found = []
    for number, row in enumerate(rows, start=2):
        where = f"{name}: line {number}"
        if None in row or None in row.values():
            raise StatementError(f"{where}: has another number of columns than the header")
        currency = row["currency"].strip()
        found.append(
            BankLine(
                line_id=f"{name}:{number}",
                value_date=_day(row["value_date"].strip(), where),
                currency=currency,
                amount=_amount(row["amount"].strip(), currency, where),
                text=f"{row['reference'].strip()} {(row.get('text') or '').strip()}".strip(),
            )
        )
    return found


def _day(text: str, where: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise StatementError(f"{where}: {text[:40]!r} is no date such as 2026-03-04") from error


def _amount(text: str, currency: str, where: str) -> Decimal:
    try:
        return amount(text, currency)
    except AmountError as error:
        raise StatementError(f"{where}: {error}") from error
