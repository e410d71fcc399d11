"""SOQL: what is read, what is refused, and that conditions mean what they say."""

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.sandbox.books import Books
from connectors.sandbox.salesforce import soql, writing
from connectors.sandbox.salesforce.errors import SalesforceError
from connectors.sandbox.salesforce.objects import OBJECTS
from connectors.sandbox.salesforce.queries import Queries
from connectors.sandbox.salesforce.records import Records


@pytest.mark.parametrize(
    "text",
    [
        "SELECT Id FROM Account",
        "select id, name from account where name = 'x' limit 5 offset 2",
        "SELECT Id FROM Account WHERE (Name LIKE 'A%' OR NOT Industry IN ('a', null)) AND Name NOT IN ('x')",
        "SELECT Id FROM Opportunity WHERE SystemModstamp >= 2026-05-14T09:31:07.000Z ORDER BY SystemModstamp, Id",
        "SELECT Id FROM Opportunity WHERE SystemModstamp < 2026-05-14T09:31:07+02:00 AND CloseDate = LAST_N_DAYS:30",
        "SELECT Id, (SELECT Id FROM OpportunityLineItems WHERE Quantity > -1.5 LIMIT 3) FROM Opportunity",
        "SELECT StageName, COUNT(Id) n, SUM(Amount) FROM Opportunity GROUP BY StageName ORDER BY COUNT(Id) DESC",
        "SELECT COUNT() FROM Opportunity WHERE AccountId IN (SELECT Id FROM Account WHERE Name != 'x\\'y')",
        "SELECT FIELDS(ALL) FROM Account LIMIT 200",
        "SELECT Id FROM Account WHERE IsDeleted = false FOR UPDATE",
    ],
)
def test_queries_people_write_are_read(text):
    assert soql.parse(text).source.lower() in ("account", "opportunity")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "SELECT",
        "SELECT FROM Account",
        "SELECT Id Account",
        "SELECT Id, FROM Account",
        "SELECT * FROM Account",
        "SELECT Id FROM Account WHERE",
        "SELECT Id FROM Account WHERE Name",
        "SELECT Id FROM Account WHERE Name = ",
        "SELECT Id FROM Account WHERE Name = 'open",
        'SELECT Id FROM Account WHERE Name = "x"',
        "SELECT Id FROM Account WHERE Name = x",
        "SELECT Id FROM Account WHERE Name IN ()",
        "SELECT Id FROM Account WHERE Name LIKE 5",
        "SELECT Id FROM Account WHERE (Name = 'x'",
        "SELECT Id FROM Account WHERE Name = 'x' AND Name = 'y' OR Name = 'z'",
        "SELECT Id FROM Account LIMIT x",
        "SELECT Id FROM Account LIMIT -1",
        "SELECT Id FROM Account; DROP TABLE Account",
        "SELECT Id FROM Account ORDER Name",
        "SELECT Id FROM Account WHERE Name = 'a\\q'",
        "DELETE FROM Account",
        "SELECT Id FROM Account WHERE " + "(" * 500 + "Name = 'x'" + ")" * 500,
    ],
)
def test_what_is_no_query_is_malformed(text):
    with pytest.raises(SalesforceError) as refused:
        soql.parse(text)
    assert refused.value.code == "MALFORMED_QUERY"


def test_messages_point_at_the_place():
    with pytest.raises(SalesforceError) as refused:
        soql.parse("SELECT Id FROM Account WHERE Name ! 'x'")
    assert "ERROR at Row:1:Column:35\nunexpected token: '!'" in refused.value.message


@given(st.text(alphabet="SELECTFROMWHEREIdName aou'\\()=<>!,.0123456789-:TZ%_ \n\x00é", max_size=80))
@settings(max_examples=400)
def test_any_text_is_either_read_or_malformed(text):
    for query in (text, f"SELECT Id FROM Account WHERE {text}"):
        try:
            soql.parse(query)
        except SalesforceError as refused:
            assert refused.code == "MALFORMED_QUERY"


@given(st.text(max_size=40))
def test_a_quoted_text_comes_back_as_it_was(text):
    quoted = "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
    assert soql.unquote(quoted) == text


# -- what conditions mean ---------------------------------------------------------------------------
NAMES = ["alpha", "Beta", "beta 2", "O'Neil", "50%", "a_b"]
AMOUNTS = [None, "0.00", "0.10", "10.00", "99.99"]
DAYS = ["2026-01-01", "2026-02-28", "2026-03-01"]


@pytest.fixture(scope="module")
def filled():
    """Ninety deals: every name, amount and day."""
    records = Records(Books())
    records.begin(user="0055g000009abcDAAQ")
    for name in NAMES:
        for amount in AMOUNTS:
            for day in DAYS:
                deal = {"Name": name, "Amount": amount, "CloseDate": day, "StageName": "Engaging"}
                writing.create(records, OBJECTS["Opportunity"], deal)
    records.finish()
    return Queries(records)


def quoted(text):
    return "'" + text.replace("'", "\\'") + "'"


SIGNS = {
    "=": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
    "<": lambda a, b: a is not None and a < b,
    ">": lambda a, b: a is not None and a > b,
    "<=": lambda a, b: a is not None and a <= b,
    ">=": lambda a, b: a is not None and a >= b,
}


def decimal(text):
    return None if text is None else Decimal(text)


signs = st.sampled_from(sorted(SIGNS))
simple = st.one_of(
    st.tuples(signs, st.sampled_from(NAMES)).map(
        lambda p: (f"Name {p[0]} {quoted(p[1])}", lambda r: SIGNS[p[0]](r[0].casefold(), p[1].casefold()))
    ),
    st.tuples(signs, st.sampled_from([a for a in AMOUNTS if a])).map(
        lambda p: (f"Amount {p[0]} {p[1]}", lambda r: SIGNS[p[0]](decimal(r[1]), Decimal(p[1])))
    ),
    st.tuples(signs, st.sampled_from(DAYS)).map(
        lambda p: (f"CloseDate {p[0]} {p[1]}", lambda r: SIGNS[p[0]](r[2], p[1]))
    ),
    st.lists(st.sampled_from(NAMES), min_size=1, max_size=3).map(
        lambda names: (
            f"Name IN ({', '.join(map(quoted, names))})",
            lambda r: r[0].casefold() in {name.casefold() for name in names},
        )
    ),
    st.lists(st.sampled_from(DAYS), min_size=1, max_size=2).map(
        lambda days: (f"CloseDate NOT IN ({', '.join(days)})", lambda r: r[2] not in days)
    ),
    st.just(("Amount = null", lambda r: r[1] is None)),
    st.just(("Name LIKE 'b%a%'", lambda r: r[0].lower().startswith("b") and "a" in r[0].lower()[1:])),
    st.just(("Name LIKE 'a\\_b'", lambda r: r[0] == "a_b")),
    st.just(("Name LIKE '%\\%'", lambda r: r[0].endswith("%"))),
    st.just(("Name LIKE '_lpha'", lambda r: r[0] == "alpha")),
)


def joined(parts):
    def join(pair):
        word, conditions = pair
        combine = all if word == "AND" else any
        return (
            "(" + f" {word} ".join(text for text, _ in conditions) + ")",
            lambda r: combine(test(r) for _, test in conditions),
        )

    negated = parts.map(lambda c: (f"NOT ({c[0]})", lambda r: not c[1](r)))
    both = st.tuples(st.sampled_from(["AND", "OR"]), st.lists(parts, min_size=2, max_size=3)).map(join)
    return st.one_of(negated, both)


@given(st.recursive(simple, joined, max_leaves=8), st.sampled_from(["{0}", "{0} AND CloseDate >= 2026-02-01"]))
@settings(max_examples=300, deadline=None)
def test_conditions_find_what_the_same_condition_in_python_finds(filled, condition, form):
    text, test = condition
    text = form.format(text if " AND " not in form else f"({text})")
    rows = [(name, amount, day) for name in NAMES for amount in AMOUNTS for day in DAYS]
    expected = [r for r in rows if test(r) and (form == "{0}" or r[2] >= "2026-02-01")]
    found = filled.answer(f"SELECT Name, Amount, CloseDate FROM Opportunity WHERE {text}", base="")["records"]
    shown = [(row["Name"], row["Amount"], row["CloseDate"]) for row in found]
    key = [(name, None if amount is None else float(amount), day) for name, amount, day in expected]
    assert sorted(shown, key=repr) == sorted(key, key=repr)
