"""Bank statements in BAI2: read back as they were written, and refused where a total, a count or a field is wrong."""

import re
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors.errors import Misconfigured
from connectors.file_drop.connector import FileDrop
from connectors.file_drop.lines import StatementError
from connectors.file_drop.statements import read
from connectors.interface import Setup

AS_OF = date(2026, 3, 5)
DIGITS = {"": 2, "USD": 2, "EUR": 2, "JPY": 0, "KWD": 3}


# -- a writer of its own: it knows the format from its description and shares nothing with the reader -------------
@dataclass
class Movement:
    code: str
    minor: int
    funds: str = "0"
    day: date = AS_OF
    bank: str = "B1"
    customer: str = "po_1"
    #: the text in pieces: each after the first is a continuation
    texts: list[str] = field(default_factory=lambda: ["GATEWAY PAYOUT"])

    def records(self) -> list[str]:
        head = f"16,{self.code},{self.minor},{self.funds},{self.bank},{self.customer},"
        if not self.texts:
            return [head + "/"]
        return [head + self.texts[0], *(f"88,{text}" for text in self.texts[1:])]


@dataclass
class Account:
    number: str
    currency: str
    movements: list[Movement]
    #: (type code, amount) of balances; each after the first is written as a continuation
    balances: list[tuple[str, int]] = field(default_factory=lambda: [("010", 500000), ("015", -250)])

    def total(self) -> int:
        return sum(value for _, value in self.balances) + sum(one.minor for one in self.movements)

    def records(self) -> list[str]:
        first, *others = [f"{code},{value:+d},," for code, value in self.balances] or [",,,"]
        body = [f"03,{self.number},{self.currency},{first}/", *(f"88,{one}/" for one in others)]
        body += [record for one in self.movements for record in one.records()]
        return [*body, f"49,{self.total()},{len(body) + 1}/"]


@dataclass
class Group:
    accounts: list[Account]
    currency: str = "USD"
    status: str = "1"
    modifier: str = "2"
    as_of: str = "260305"

    def total(self) -> int:
        return sum(one.total() for one in self.accounts)

    def records(self) -> list[str]:
        body = [f"02,031001234,122099999,{self.status},{self.as_of},2359,{self.currency},{self.modifier}/"]
        body += [record for one in self.accounts for record in one.records()]
        return [*body, f"98,{self.total()},{len(self.accounts)},{len(body) + 1}/"]


def written(*groups: Group) -> list[str]:
    body = ["01,122099999,031001234,260306,0200,1,80,,2/", *(record for one in groups for record in one.records())]
    return [*body, f"99,{sum(one.total() for one in groups)},{len(groups)},{len(body) + 1}/"]


def as_bytes(records: list[str]) -> bytes:
    return "\r\n".join([*records, ""]).encode()


def one(*movements: Movement, currency: str = "") -> list[str]:
    return written(Group([Account("123456", currency, list(movements))]))


WORDS = st.text(alphabet="ABCxyz0189-:#.'", min_size=1, max_size=12)
TEXTS = st.lists(st.lists(WORDS, min_size=1, max_size=4).map(lambda words: " ".join(words)), max_size=3)
CODES = st.one_of(st.integers(101, 399), st.integers(401, 699), st.integers(920, 999)).map(str)


@st.composite
def movements(draw: st.DrawFn) -> Movement:
    minor, day = draw(st.integers(0, 10**12)), AS_OF
    kind = draw(st.sampled_from(["", "Z", "0", "1", "2", "S", "V", "D"]))
    if kind == "S":
        now = draw(st.integers(0, minor))
        kind = f"S,{now},{minor - now},"
    elif kind == "V":
        day = draw(st.dates(date(2000, 1, 1), date(2099, 12, 31)))
        kind = f"V,{day:%y%m%d},{draw(st.sampled_from(['', '0000', '1730', '2400', '9999']))}"
    elif kind == "D":
        later = draw(st.integers(0, minor))
        kind = f"D,2,0,{minor - later},3,{later}"
    return Movement(draw(CODES), minor, kind, day, draw(WORDS), draw(WORDS), draw(TEXTS))


BALANCES = st.lists(st.tuples(st.sampled_from(["010", "015", "040", "100", "400"]), st.integers(-(10**12), 10**12)))
ACCOUNTS = st.builds(Account, WORDS, st.sampled_from(list(DIGITS)), st.lists(movements(), max_size=4), BALANCES)
GROUPS = st.builds(Group, st.lists(ACCOUNTS, max_size=3), st.sampled_from(list(DIGITS)))
FILES = st.lists(GROUPS, max_size=3)
QUICK = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))


@QUICK
@given(groups=FILES)
def test_what_is_written_is_read_back_with_its_sign_currency_digits_day_and_texts(groups: list[Group]) -> None:
    expected = []
    for group in groups:
        for account in group.accounts:
            currency = account.currency or group.currency or "USD"
            for this in account.movements:
                came_in = this.code < "400" or "920" <= this.code < "960"
                text = " ".join([this.customer, this.bank, *this.texts])
                value = Decimal(this.minor if came_in else -this.minor).scaleb(-DIGITS[currency])
                expected.append((this.day, currency, value, text))
    lines = read("a.bai", as_bytes(written(*groups)))
    assert [(line.value_date, line.currency, line.amount, line.text) for line in lines] == expected
    assert len({line.line_id for line in lines}) == len(lines)
    # all digits of the currency are there: 5.00 and not 5
    assert all(-line.amount.as_tuple().exponent == DIGITS[line.currency] for line in lines)


def changed_numbers(record: str) -> list[str]:
    """The record with each of its numbers made one more, one less and empty."""
    found = []
    for match in re.finditer(r"(?<=,)[+-]?\d+(?=[,/])", record):
        for text in (str(int(match[0]) + 1), str(int(match[0]) - 1), ""):
            found.append(record[: match.start()] + text + record[match.end() :])
    return found


@QUICK
@given(groups=FILES)
def test_no_change_of_a_total_or_a_count_is_accepted(groups: list[Group]) -> None:
    records = written(*groups)
    tried = 0
    for place, record in enumerate(records):
        if record[:2] not in ("49", "98", "99"):
            continue
        for other in changed_numbers(record):
            with pytest.raises(StatementError, match=rf"line {place + 1}, record {record[:2]}, .*(total|number of)"):
                read("a.bai", as_bytes([*records[:place], other, *records[place + 1 :]]))
            tried += 1
    assert tried >= 9


@QUICK
@given(groups=FILES.filter(lambda groups: any(a.movements for g in groups for a in g.accounts)), data=st.data())
def test_no_amount_is_changed_and_no_record_lost_doubled_or_moved_up(groups: list[Group], data: st.DataObject) -> None:
    records = written(*groups)
    place = data.draw(st.sampled_from([n for n, record in enumerate(records) if record.startswith("16")]))
    code, amount = records[place].split(",")[1:3]
    other = records[place].replace(f"16,{code},{amount},", f"16,{code},{int(amount) + 1},")
    any_place = data.draw(st.integers(0, len(records) - 1))
    for wrong in (
        [*records[:place], other, *records[place + 1 :]],
        [*records[:any_place], *records[any_place + 1 :]],
        [*records[:any_place], records[any_place], *records[any_place:]],
        records[:any_place],
        [*records, *records],
    ):
        with pytest.raises(StatementError, match=r"^a\.bai: "):
            read("a.bai", as_bytes(wrong))


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("16,165,", "16,015,", "line 5, record 16, type code: 015 says neither in"),
        ("16,165,", "16,721,", "record 16, type code: 721 says neither in"),
        ("16,165,", "16,100,", "record 16, type code: 100 is a total"),
        ("16,165,", "16,16,", "record 16, type code: '16' is not a type code of three digits"),
        ("16,165,1500,", "16,165,15.00,", "record 16, amount: '15.00' is not a whole number"),
        ("16,165,1500,", "16,165,-1500,", "record 16, amount: '-1500' is not a whole number"),
        ("16,165,1500,", "16,165,,", "record 16, amount: '' is not"),
        ("16,165,1500,", "16,165,\u0661500,", "record 16, amount: '\u0661500' is not"),
        ("16,165,1500,0,", "16,165,1500,X,", "record 16, funds type: 'X' is not"),
        (
            "16,165,1500,0,",
            "16,165,1500,S,1000,400,0,",
            "record 16, funds type: S shares out 1400, and the amount is 1500",
        ),
        ("16,165,1500,0,", "16,165,1500,D,2,0,1000,1,400,", "record 16, funds type: D shares out 1400"),
        ("16,165,1500,0,", "16,165,1500,D,x,", "record 16, number of distributions: 'x'"),
        ("16,165,1500,0,", "16,165,1500,V,260230,,", "record 16, value date: '260230' is no day"),
        ("16,165,1500,0,", "16,165,1500,V,,,", "record 16, value date: '' is not a date"),
        ("16,165,1500,0,", "16,165,1500,V,260305,2500,", "record 16, value time: '2500'"),
        ("B1,po_1,GATEWAY PAYOUT", "", "record 16, customer reference: the record ends"),
        (",1,260305,", ",3,260305,", "line 2, record 02, group status: '3' (correction) is not read"),
        (",1,260305,", ",4,260305,", "group status: '4' (test only) is not read"),
        (",1,260305,", ",1,261305,", "record 02, as-of date: '261305' is no day"),
        (",1,260305,", ",1,,", "record 02, as-of date: '' is not a date"),
        (",2359,USD,2/", ",2359,XXX,2/", "record 02, currency: currency: 'XXX'"),
        (",2359,USD,2/", ",2359,USD,7/", "record 02, as-of-date modifier: '7'"),
        (",2359,USD,2/", ",2359,USD,2", "record 02, end of record: each of its lines must end with a slash"),
        (",2359,USD,2/", ",2359,USD,2,9/", "record 02, as-of-date modifier: is followed by '9'"),
        ("03,123456,", "03,,", "line 3, record 03, account number: is missing"),
        ("03,123456,,010,", "03,123456,,,", "record 03, type code: '' is not"),
        (",80,,2/", ",80,,1/", "line 1, record 01, version number: '1' is not 2"),
        (",260306,0200,1,", ",260306,0200,,", "record 01, sender and file identification number"),
        ("88,015,", "77,015,", "line 4, record 77, record code: after 03 comes 16 or 49"),
        ("01,122099999", "88,122099999", "line 1, record 88: continues no record"),
        ("01,122099999", "HEADER", "line 1, record HEADER, record code: after the beginning comes 01"),
    ],
)
def test_a_field_that_is_wrong_is_refused_by_line_record_and_name(before: str, after: str, said: str) -> None:
    text = as_bytes(one(Movement("165", 1500))).decode()
    assert text.count(before) == 1
    with pytest.raises(StatementError) as refused:
        read("a.bai2", text.replace(before, after).encode())
    assert str(refused.value).startswith("a.bai2: line ") and said in str(refused.value)


def test_fields_and_text_go_on_in_the_next_record_and_a_comma_in_a_text_is_part_of_it() -> None:
    body = ["16,165,1500,S,1000/", "88,500,0,B1,CUST,/", "88,PAID BY A, B/C", "88,po_9/"]
    head = [*one()[:2], "03,1,,,,,/"]
    totals = ["49,1500,6/", "98,1500,1,8/", "99,1500,1,10/"]
    (line,) = read("a.bai", as_bytes([*head, *body, *totals]))
    assert (line.amount, line.text) == (Decimal("15.00"), "CUST B1 PAID BY A, B/C po_9")


def test_interim_movements_come_again_as_final_and_are_no_lines_but_are_checked() -> None:
    account = Account("1", "", [Movement("165", 1500)])
    for modifier, count in (("1", 0), ("2", 1), ("3", 0), ("4", 1), ("", 1)):
        assert len(read("a.bai", as_bytes(written(Group([account], modifier=modifier))))) == count
    wrong = as_bytes(written(Group([account], modifier="1"))).replace(b"16,165,1500", b"16,165,1501")
    with pytest.raises(StatementError, match="account control total"):
        read("a.bai", wrong)


def test_a_record_without_money_is_counted_and_is_no_line() -> None:
    assert read("a.bai", as_bytes(one(Movement("890", 0)))) == []
    with pytest.raises(StatementError, match="carries no money"):
        read("a.bai", as_bytes(one(Movement("890", 5))))


def test_an_amount_beyond_what_money_can_be_is_refused() -> None:
    with pytest.raises(StatementError, match="more than 15 digits"):
        read("a.bai", as_bytes(one(Movement("165", 10**17), currency="JPY")))


@given(
    content=st.one_of(st.binary(max_size=200), st.text(alphabet="0123456789,/\n-+SVDZ", max_size=300).map(str.encode))
)
def test_any_bytes_are_lines_or_a_refusal(content: bytes) -> None:
    try:
        assert read("a.bai", content)
    except StatementError as refused:
        assert str(refused).startswith("a.bai: ")


# -- the connector -----------------------------------------------------------------------------------------------
def test_payouts_of_a_statement_in_bai2_are_listed_beside_the_others(tmp_path: Path) -> None:
    content = as_bytes(one(Movement("142", 58715), Movement("475", 500, customer="RENT")))
    for name in ("05.bai", "05-again.BAI2"):
        (tmp_path / name).write_bytes(content)
    settings_of_bank = {"folder": str(tmp_path)}
    bank = FileDrop(Setup(code="bank", base_url="", secrets={}, settings=settings_of_bank, zone=ZoneInfo("UTC")))
    (line,) = [line for page in bank.list_day(kind="payout", entity="US01", day=AS_OF) for line in page.lines]
    assert (line.reference, line.gross, line.currency) == ("bank:po_1", Decimal("587.15"), "USD")
    assert bank.check() == "2 statements with 4 lines"
    # a total that is wrong is a statement that cannot be read, not a day without money
    (tmp_path / "05.bai").write_bytes(content.replace(b"\n99,", b"\n99,1"))
    with pytest.raises(Misconfigured, match="file control total"):
        list(bank.list_day(kind="payout", entity="US01", day=AS_OF))
