"""Bank statements in BAI2 (BAI, Cash Management Balance Reporting Specifications, version 2); pure, strict.

A file (01 to 99) holds groups (02 to 98), a group accounts (03 to 49), an account its movements (16); 88 continues the
record before it. Fields end with a comma, records with a slash; the text of a movement may hold both and ends its line.
Amounts have no point: their decimals are those of the account's currency, else the group's, else US dollars.

Each level states the sum of the amounts in it, as they are written, and its number of records; a file is read only when
all of them are right. What a bank calls interim comes again as final, and is checked but no line.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

from connectors.file_drop.lines import BankLine, StatementError
from connectors.money import AmountError, from_minor, minor_units

ENDINGS = (".bai", ".bai2")
#: what may follow a record, by its code; 88 belongs to the record before it
FOLLOWS = {
    "": ("01",),
    "01": ("02", "99"),
    "02": ("03", "98"),
    "03": ("16", "49"),
    "16": ("16", "49"),
    "49": ("03", "98"),
    "98": ("02", "99"),
    "99": (),
}
#: group status; only an update says what happened, the others speak of an earlier file or of nothing
STATUS = {"1": "update", "2": "deletion", "3": "correction", "4": "test only"}
#: as-of-date modifier: interim and final, of the day before and of the same day
INTERIM, FINAL = ("1", "3"), ("", "2", "4")
#: type codes of movements: credits and debits, the banks' own last (BAI keeps 920 to 999 for them)
CREDITS, DEBITS = (range(100, 400), range(920, 960)), (range(400, 700), range(960, 1000))
#: the totals of all credits and of all debits: they stand in an account's summary, as a movement they would count twice
TOTALS = (100, 400)
#: a record that carries information and no money
WITHOUT_MONEY = 890

_UNSIGNED, _SIGNED = re.compile(r"[0-9]{1,18}", re.ASCII), re.compile(r"[+-]?[0-9]{1,18}", re.ASCII)
_TYPE, _DAY = re.compile(r"[0-9]{3}", re.ASCII), re.compile(r"[0-9]{6}", re.ASCII)
#: 2400 is midnight and 9999 the end of the day
_TIME = re.compile(r"([01][0-9]|2[0-3])[0-5][0-9]|2400|9999", re.ASCII)


@dataclass
class _Record:
    """One record with its continuations, read field by field from the left."""

    file: str
    number: int
    code: str
    #: the text behind the code, one for each line of the record, its closing slash taken away
    parts: list[str]
    #: whether the last line was closed by a slash
    closed: bool
    place: int = 0
    rest: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        # a continuation is known again by its line break, which every field but the text loses
        self.rest = ",\n".join(self.parts).split(",")

    def next(self) -> str:
        """The next field without blanks around it; empty where the record ends before."""
        self.place += 1
        return self.rest.pop(0).strip() if self.rest else ""

    def last(self, name: str) -> None:
        """Raises StatementError when anything follows the field of that name."""
        if self.rest:
            raise self.wrong(name, f"is followed by {self.rest[0][:40]!r}, and must be the last of the record")

    def wrong(self, name: str, said: str) -> StatementError:
        return StatementError(f"{self.file}: line {self.number}, record {self.code}, {name}: {said}")

    def match(self, name: str, pattern: re.Pattern[str], meant: str) -> str:
        text = self.next()
        if not pattern.fullmatch(text):
            raise self.wrong(name, f"{text[:40]!r} is not {meant}")
        return text

    def whole(self, name: str, *, signed: bool = False, empty: bool = False) -> int:
        """A whole number of at most 18 digits; nothing is zero where the field may be empty."""
        if empty and self.rest and not self.rest[0].strip():
            return int(self.next() or 0)
        meant = "a whole number without a point such as " + ("-1500" if signed else "1500")
        return int(self.match(name, _SIGNED if signed else _UNSIGNED, meant))

    def day(self, name: str) -> date:
        text = self.match(name, _DAY, "a date as YYMMDD such as 260305")
        try:
            return date(2000 + int(text[:2]), int(text[2:4]), int(text[4:]))
        except ValueError as error:
            raise self.wrong(name, f"{text!r} is no day of the calendar (YYMMDD)") from error

    def time(self, name: str) -> None:
        text = self.next()
        if text and not _TIME.fullmatch(text):
            raise self.wrong(name, f"{text[:40]!r} is not a time as HHMM such as 1730")

    def currency(self, default: str) -> str:
        text = self.next() or default
        try:
            minor_units(text)
        except AmountError as error:
            raise self.wrong("currency", str(error)) from error
        return text


@dataclass
class _Level:
    """What a file, a group or an account adds up to, beside what its last record says of it."""

    total: int = 0
    below: int = 0
    records: int = 0

    def close(self, record: _Record, names: Sequence[str]) -> None:
        """Compare with the trailer: control total, number of what is below (not for accounts), number of records."""
        found = (self.total, self.below, self.records) if len(names) == 3 else (self.total, self.records)
        for name, here in zip(names, found, strict=True):
            said = record.whole(name, signed=name.endswith("total"))
            if said != here:
                raise record.wrong(name, f"says {said}, and the records before it come to {here}")
        record.last(names[-1])

    def add(self, other: "_Level") -> None:
        """Count a level that is closed. Totals of several currencies are added as well: they are the format's
        check of what was transmitted, and no sum of money.
        """
        self.total, self.below, self.records = self.total + other.total, self.below + 1, self.records + other.records


def read(name: str, content: bytes) -> list[BankLine]:
    """The booked movements of one file. Raises StatementError naming file, line, record and field."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise StatementError(f"{name}: is no text in UTF-8: {error}") from error
    reading = _Reading(name)
    for record in _records(name, text):
        reading.take(record)
    return reading.end()


def _records(name: str, text: str) -> list[_Record]:
    """The lines of a file as records, each 88 with the record it continues."""
    found: list[_Record] = []
    for number, line in enumerate(re.split(r"\r\n|\n|\r", text.rstrip()), start=1):
        code, comma, body = line.rstrip().partition(",")
        if not comma:
            raise StatementError(f"{name}: line {number}: must begin with a record code and a comma such as '01,'")
        closed = body.endswith("/")
        body = body.removesuffix("/")
        if code != "88":
            found.append(_Record(name, number, code, [body], closed))
            continue
        if not found:
            raise StatementError(f"{name}: line {number}, record 88: continues no record")
        before = found[-1]
        found[-1] = _Record(name, before.number, before.code, [*before.parts, body], closed and before.closed)
    return found


class _Reading:
    """The state of reading one file: where in it we are, what each level adds up to, and the lines found."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.code = ""
        self.lines: list[BankLine] = []
        self.file, self.group, self.account = _Level(), _Level(), _Level()
        self.file_id = self.group_currency = self.account_id = self.currency = ""
        self.as_of, self.final, self.movement = date.min, True, 0

    def take(self, record: _Record) -> None:
        if record.code not in FOLLOWS[self.code]:
            allowed = " or ".join(FOLLOWS[self.code]) or "nothing"
            raise record.wrong("record code", f"after {self.code or 'the beginning'} comes {allowed}")
        if record.code != "16" and not record.closed:
            raise record.wrong("end of record", "each of its lines must end with a slash")
        self.code = record.code
        take = {
            "01": self._file_header,
            "02": self._group_header,
            "03": self._account_header,
            "16": self._movement,
            "49": self._account_trailer,
            "98": self._group_trailer,
            "99": self._file_trailer,
        }
        take[record.code](record)

    def end(self) -> list[BankLine]:
        if self.code != "99":
            raise StatementError(f"{self.name}: ends after record {self.code}, without the file's last record 99")
        return self.lines

    def _file_header(self, record: _Record) -> None:
        self.file.records = len(record.parts)
        sender, _receiver, created = record.next(), record.next(), record.day("file creation date")
        record.time("file creation time")
        number = record.next()
        if not sender or not number:
            raise record.wrong(
                "sender and file identification number", "must be there: they tell one file from another"
            )
        record.whole("physical record length", empty=True)
        record.whole("block size", empty=True)
        version = record.next()
        if version != "2":
            raise record.wrong("version number", f"{version[:40]!r} is not 2")
        record.last("version number")
        self.file_id = f"{sender}:{created:%y%m%d}:{number}"

    def _group_header(self, record: _Record) -> None:
        self.group = _Level(records=len(record.parts))
        _receiver, _originator, status = record.next(), record.next(), record.next()
        if status != "1":
            said = (
                f"{status[:40]!r} ({STATUS.get(status, 'unknown')}) is not read; only 1 (update) says what was booked"
            )
            raise record.wrong("group status", said)
        self.as_of = record.day("as-of date")
        record.time("as-of time")
        self.group_currency = record.currency("USD")
        modifier = record.next()
        if modifier not in (*INTERIM, *FINAL):
            raise record.wrong("as-of-date modifier", f"{modifier[:40]!r} is not 1, 2, 3, 4 or empty")
        self.final = modifier in FINAL
        record.last("as-of-date modifier")

    def _account_header(self, record: _Record) -> None:
        self.account, self.movement = _Level(records=len(record.parts)), 0
        self.account_id = record.next()
        if not self.account_id:
            raise record.wrong("account number", "is missing")
        self.currency = record.currency(self.group_currency)
        while record.rest:
            self._summary(record)

    def _summary(self, record: _Record) -> None:
        """A balance or a total of the account: type code, amount, item count and funds type, all of it or nothing."""
        if not any(one.strip() for one in record.rest):
            record.rest.clear()
            return
        code = record.match("type code", _TYPE, "a type code of three digits such as 015")
        value = record.whole(f"amount of {code}", signed=True, empty=True)
        record.whole(f"item count of {code}", empty=True)
        self._funds(record, value)
        self.account.total += value

    def _movement(self, record: _Record) -> None:
        self.account.records += len(record.parts)
        self.movement += 1
        code = int(record.match("type code", _TYPE, "a type code of three digits such as 165"))
        value = record.whole("amount", empty=code == WITHOUT_MONEY)
        day = self._funds(record, value) or self.as_of
        self.account.total += value
        if not record.closed and len(record.rest) < 2:
            raise record.wrong("customer reference", "the record ends before it, and without a slash")
        if code == WITHOUT_MONEY:
            if value:
                raise record.wrong("amount", f"{value} cannot stand beside type code 890, which carries no money")
            return
        sign = _sign(record, code)
        if self.final:
            self._line(record, sign * value, day)

    def _line(self, record: _Record, minor: int, day: date) -> None:
        try:
            value = from_minor(minor, self.currency)
        except AmountError as error:
            raise record.wrong("amount", str(error)) from error
        bank, customer = record.next(), record.next()
        # continued text begins a word of its own
        text = " ".join(",".join(record.rest).replace(",\n", " ").split())
        place = f"{self.file.below + 1}:{self.group.below + 1}:{self.account_id}:{self.movement}"
        self.lines.append(
            BankLine(
                line_id=f"{self.file_id}:{place}",
                value_date=day,
                currency=self.currency,
                amount=value,
                text=" ".join(one for one in (customer, bank, text) if one),
            )
        )

    def _funds(self, record: _Record, value: int) -> date | None:
        """Read the funds type and what belongs to it; the value date where it names one. When money may be used is not
        when it was booked, so the other types change no date.
        """
        kind = record.next()
        if kind == "V":
            day = record.day("value date")
            record.time("value time")
            return day
        if kind == "S":
            shares = [record.whole(f"funds available {when}", signed=True, empty=True) for when in ("now", "1", "2")]
        elif kind == "D":
            shares = []
            for place in range(1, record.whole("number of distributions") + 1):
                record.whole(f"days of distribution {place}")
                shares.append(record.whole(f"amount of distribution {place}", signed=True))
        elif kind in ("", "Z", "0", "1", "2"):
            return None
        else:
            raise record.wrong("funds type", f"{kind[:40]!r} is not Z, 0, 1, 2, S, V, D or empty")
        if sum(shares) != value:
            raise record.wrong("funds type", f"{kind} shares out {sum(shares)}, and the amount is {value}")
        return None

    def _account_trailer(self, record: _Record) -> None:
        self.account.records += len(record.parts)
        self.account.close(record, ("account control total", "number of records"))
        self.group.add(self.account)

    def _group_trailer(self, record: _Record) -> None:
        self.group.records += len(record.parts)
        self.group.close(record, ("group control total", "number of accounts", "number of records"))
        self.file.add(self.group)

    def _file_trailer(self, record: _Record) -> None:
        self.file.records += len(record.parts)
        self.file.close(record, ("file control total", "number of groups", "number of records"))


def _sign(record: _Record, code: int) -> int:
    """+1 where money came in, -1 where it left. Raises StatementError for a code that says neither."""
    if code in TOTALS:
        raise record.wrong("type code", f"{code} is a total, which belongs into the account's summary (record 03)")
    if any(code in codes for codes in CREDITS):
        return 1
    if any(code in codes for codes in DEBITS):
        return -1
    said = f"{code:03} says neither in (100 to 399, 920 to 959) nor out (400 to 699, 960 to 999)"
    raise record.wrong("type code", said)
