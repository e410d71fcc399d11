"""SOQL as text: from a query to its parts, or to the MALFORMED_QUERY that Salesforce would answer."""

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from connectors.sandbox.salesforce.errors import SalesforceError

AGGREGATES = frozenset({"COUNT", "COUNT_DISTINCT", "SUM", "AVG", "MIN", "MAX"})
CLAUSES = ("USING", "WHERE", "WITH", "GROUP", "HAVING", "ORDER", "LIMIT", "OFFSET", "FOR", "ALL")
ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f", "'": "'", '"': '"', "\\": "\\"}
#: what separates an escaped wildcard from a real one inside LIKE patterns
LITERAL = "\0"
DEEPEST = 60

TOKENS = re.compile(
    r"""\s*(?:
      (?P<text>'(?:[^'\\]|\\.)*')
    | (?P<datetime>\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(?:\.\d+)?(?:[Zz]|[+-]\d\d:?\d\d))
    | (?P<date>\d{4}-\d\d-\d\d)
    | (?P<number>[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?(?![\w.]))
    | (?P<word>[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)*(?::\d+)?)
    | (?P<sign><=|>=|!=|<>|[=<>(),])
    )""",
    re.VERBOSE | re.DOTALL,
)


@dataclass(frozen=True)
class Token:
    kind: str
    text: str
    place: int


@dataclass(frozen=True)
class Literal:
    """A value in a condition. Kinds: text, number, boolean, null, date, datetime, range (TODAY, LAST_N_DAYS:3 ...)."""

    kind: str
    value: Any


@dataclass(frozen=True)
class Comparison:
    path: str
    #: = != < > <= >= LIKE IN NOT IN
    operator: str
    #: a literal, a tuple of literals, or the query of a semi-join
    value: "Literal | tuple[Literal, ...] | Query"
    place: int = 0


@dataclass(frozen=True)
class Not:
    condition: "Condition"


@dataclass(frozen=True)
class AllOf:
    conditions: "tuple[Condition, ...]"


@dataclass(frozen=True)
class AnyOf:
    conditions: "tuple[Condition, ...]"


Condition = Comparison | Not | AllOf | AnyOf


@dataclass(frozen=True)
class Column:
    path: str
    place: int = 0


@dataclass(frozen=True)
class Aggregate:
    function: str
    #: empty in COUNT()
    path: str
    alias: str = ""
    place: int = 0


@dataclass(frozen=True)
class Order:
    path: str
    descending: bool = False
    nulls_last: bool = False
    place: int = 0


@dataclass(frozen=True)
class Query:
    select: "tuple[Column | Aggregate | Query, ...]"
    source: str
    where: Condition | None = None
    group_by: tuple[Column, ...] = ()
    order_by: tuple[Order, ...] = ()
    limit: int | None = None
    offset: int = 0
    place: int = 0
    all_rows: bool = False


def pointed(text: str, place: int, message: str) -> str:
    """A message below the stretch of query it is about, as Salesforce writes them."""
    start = max(0, place - 20)
    return f"\n{text[start : place + 20]}\n{' ' * (place - start)}^\nERROR at Row:1:Column:{place + 1}\n{message}"


def parse(text: str) -> Query:
    """Raises SalesforceError MALFORMED_QUERY."""
    reader = _Reader(text)
    query = reader.query()
    if reader.now.kind != "end":
        raise reader.unexpected()
    return query


def unquote(text: str, *, pattern: bool = False) -> str:
    """A quoted text without quotes and escapes; in a LIKE pattern escaped wildcards keep a mark before them."""

    def plain(match: re.Match[str]) -> str:
        letter = match[1]
        if letter in "_%":
            return LITERAL + letter if pattern else letter
        if letter not in ESCAPES:
            raise SalesforceError(
                "MALFORMED_QUERY", f"Invalid string literal {text}. Illegal character sequence '\\{letter}'"
            )
        return ESCAPES[letter]

    return re.sub(r"\\(.)", plain, text[1:-1], flags=re.DOTALL)


class _Reader:
    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = list(self._split())
        self.next = 0
        self.depth = 0

    def _split(self) -> Any:
        place = 0
        end = len(self.text.rstrip())
        while place < end:
            match = TOKENS.match(self.text, place)
            if match is None:
                left = self.text[place:].lstrip()
                raise SalesforceError(
                    "MALFORMED_QUERY", pointed(self.text, len(self.text) - len(left), f"unexpected token: '{left[:1]}'")
                )
            kind = str(match.lastgroup)
            yield Token(kind, match[kind], match.start(kind))
            place = match.end()
        yield Token("end", "<EOF>", end)

    # -- tokens -----------------------------------------------------------------------------------
    @property
    def now(self) -> Token:
        return self.tokens[self.next]

    def unexpected(self) -> SalesforceError:
        return SalesforceError(
            "MALFORMED_QUERY", pointed(self.text, self.now.place, f"unexpected token: '{self.now.text}'")
        )

    def take(self) -> Token:
        token = self.now
        self.next = min(self.next + 1, len(self.tokens) - 1)
        return token

    def is_word(self, *words: str) -> bool:
        return self.now.kind == "word" and self.now.text.upper() in words

    def word(self, *words: str) -> bool:
        """Take the words when they come next, all in a row."""
        following = self.tokens[self.next : self.next + len(words)]
        if [token.text.upper() for token in following if token.kind == "word"] != list(words):
            return False
        self.next += len(words)
        return True

    def sign(self, sign: str) -> bool:
        if self.now.kind == "sign" and self.now.text == sign:
            self.next += 1
            return True
        return False

    def expect(self, sign: str) -> None:
        if not self.sign(sign):
            raise self.unexpected()

    def name(self) -> Token:
        if self.now.kind != "word" or ":" in self.now.text:
            raise self.unexpected()
        return self.take()

    def whole_number(self) -> int:
        if self.now.kind != "number" or not self.now.text.isdigit():
            raise self.unexpected()
        return int(self.take().text)

    # -- clauses ----------------------------------------------------------------------------------
    def query(self) -> Query:
        self.depth += 1
        if self.depth > DEEPEST:
            raise self.unexpected()
        if not self.word("SELECT"):
            raise self.unexpected()
        select = [self.selected()]
        while self.sign(","):
            select.append(self.selected())
        if not self.word("FROM"):
            raise self.unexpected()
        source = self.name()
        # An alias of the object would have to be resolved in every path; nobody here writes them.
        if self.now.kind == "word" and not self.is_word(*CLAUSES):
            raise self.unexpected()
        if self.word("USING", "SCOPE"):
            self.name()
        where = self.condition() if self.word("WHERE") else None
        if self.word("WITH"):
            self.name()
        group_by: list[Column] = []
        if self.word("GROUP", "BY"):
            group_by = self.columns()
        order_by: list[Order] = []
        if self.word("ORDER", "BY"):
            order_by.append(self.order())
            while self.sign(","):
                order_by.append(self.order())
        limit = self.whole_number() if self.word("LIMIT") else None
        offset = self.whole_number() if self.word("OFFSET") else 0
        if self.word("FOR"):
            self.name()
        all_rows = self.word("ALL", "ROWS")
        self.depth -= 1
        return Query(
            tuple(select), source.text, where, tuple(group_by), tuple(order_by), limit, offset, source.place, all_rows
        )

    def columns(self) -> list[Column]:
        found = [self.column()]
        while self.sign(","):
            found.append(self.column())
        return found

    def column(self) -> Column:
        token = self.name()
        return Column(token.text, token.place)

    def selected(self) -> "Column | Aggregate | Query":
        if self.sign("("):
            inner = self.query()
            self.expect(")")
            return inner
        token = self.name()
        if not self.sign("("):
            if token.text.upper() in ("FROM", "SELECT"):
                self.next -= 1
                raise self.unexpected()
            return Column(token.text, token.place)
        function = token.text.upper()
        if function == "FIELDS":
            which = self.name().text.upper()
            self.expect(")")
            return Column(f"FIELDS({which})", token.place)
        if function not in AGGREGATES:
            self.next -= 1
            raise self.unexpected()
        path = "" if self.now.text == ")" and function == "COUNT" else self.name().text
        self.expect(")")
        alias = ""
        if self.now.kind == "word" and not self.is_word("FROM"):
            alias = self.name().text
        return Aggregate(function, path, alias, token.place)

    def order(self) -> Order:
        column = self.column()
        if self.sign("("):
            path = "" if self.now.text == ")" else self.name().text
            self.expect(")")
            column = Column(f"{column.path.upper()}({path})", column.place)
        descending = self.word("DESC")
        if not descending:
            self.word("ASC")
        nulls_last = self.word("NULLS", "LAST")
        if not nulls_last:
            self.word("NULLS", "FIRST")
        return Order(column.path, descending, nulls_last, column.place)

    # -- conditions -------------------------------------------------------------------------------
    def condition(self) -> Condition:
        """Conditions joined by one kind of word: SOQL wants parentheses where AND and OR meet."""
        parts = [self.single()]
        joined = "AND" if self.is_word("AND") else "OR"
        while self.word(joined):
            parts.append(self.single())
        if self.is_word("AND", "OR"):
            raise self.unexpected()
        if len(parts) == 1:
            return parts[0]
        return AllOf(tuple(parts)) if joined == "AND" else AnyOf(tuple(parts))

    def single(self) -> Condition:
        self.depth += 1
        if self.depth > DEEPEST:
            raise self.unexpected()
        try:
            if self.word("NOT"):
                return Not(self.single())
            if self.sign("("):
                inner = self.condition()
                self.expect(")")
                return inner
            return self.comparison()
        finally:
            self.depth -= 1

    def comparison(self) -> Comparison:
        column = self.name()
        if self.word("NOT", "IN"):
            return Comparison(column.text, "NOT IN", self.many(), column.place)
        if self.word("IN"):
            return Comparison(column.text, "IN", self.many(), column.place)
        if self.word("LIKE"):
            if self.now.kind != "text":
                raise self.unexpected()
            return Comparison(
                column.text, "LIKE", Literal("text", unquote(self.take().text, pattern=True)), column.place
            )
        if self.now.kind != "sign" or self.now.text in "(),":
            raise self.unexpected()
        operator = self.take().text
        return Comparison(column.text, "!=" if operator == "<>" else operator, self.literal(), column.place)

    def many(self) -> "tuple[Literal, ...] | Query":
        self.expect("(")
        if self.is_word("SELECT"):
            inner = self.query()
            self.expect(")")
            return inner
        values = [self.literal()]
        while self.sign(","):
            values.append(self.literal())
        self.expect(")")
        return tuple(values)

    def literal(self) -> Literal:
        token = self.now
        if token.kind == "text":
            self.take()
            return Literal("text", unquote(token.text))
        if token.kind == "number":
            self.take()
            return Literal("number", Decimal(token.text))
        if token.kind in ("date", "datetime"):
            self.take()
            return Literal(token.kind, token.text)
        if token.kind == "word":
            upper = token.text.upper()
            if upper in ("TRUE", "FALSE"):
                self.take()
                return Literal("boolean", upper == "TRUE")
            if upper == "NULL":
                self.take()
                return Literal("null", None)
            if re.fullmatch(r"TODAY|YESTERDAY|TOMORROW|(THIS|LAST|NEXT)_(MONTH|YEAR)|(LAST|NEXT)_N_DAYS:\d+", upper):
                self.take()
                return Literal("range", upper)
        raise self.unexpected()
