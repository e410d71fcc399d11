"""Looks for broken promises: in the remotes' books and in what callers remember, never in the portal's counters.

Of the portal it reads what it shows to people (open cases) and what it stored (events), over a connection and with
queries of its own. Nothing here may import the product's logic; amounts are recomputed from the books.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import psycopg

from tests.chaos.afterlife import Afterlife
from tests.chaos.company import DIGITS, ENTITIES, Company
from tests.chaos.history import CANARY, Heard
from tests.chaos.remotes import Books, Remote, Stage
from tests.chaos.tale import Flow

_OPEN_CASES = """
SELECT c.reason, c.team, c.reference, d.reference, w.reference, e.object_id, n.code
FROM reconciliation_exceptioncase c
LEFT JOIN sync_delivery d ON d.id = c.delivery_id LEFT JOIN sync_workitem w ON w.id = c.work_item_id
LEFT JOIN sync_sourceevent e ON e.id = c.event_id LEFT JOIN sync_connection n ON n.id = c.connection_id
WHERE c.status = 'open'
"""
_DOUBLE_CASES = """
SELECT reason, coalesce(work_item_id, 0), coalesce(delivery_id, 0), coalesce(connection_id, 0),
    coalesce(event_id, 0), count(*)
FROM reconciliation_exceptioncase c WHERE status = 'open'
GROUP BY 1, 2, 3, 4, 5, (SELECT b.value FROM sync_block b WHERE b.id = c.block_id) HAVING count(*) > 1
"""
_CASES_EVER = """
SELECT DISTINCT d.reference, c.reason FROM reconciliation_exceptioncase c JOIN sync_delivery d ON d.id = c.delivery_id
"""
#: what may go wrong in this world; any other case is the portal's own doing
POSSIBLE = frozenset(
    {
        "AMOUNT_MISMATCH",
        "AUTH_EXPIRED",
        "CONFLICTING_DUPLICATE",
        "DIMENSION_MISSING",
        "DUPLICATE_AT_TARGET",
        "ERP_CUSTOMER_MISSING",
        "PERIOD_CLOSED",
        "PRODUCT_UNMAPPED",
        "RATE_LIMIT",
        "TARGET_UNAVAILABLE",
        "UNKNOWN_OUTCOME",
        "VOID_NOT_ALLOWED",
    }
)
#: kinds that only billing can give rise to
MONEY = Remote.documents
#: cases that tell people of something without stopping anything: they explain no difference
NOTICES = frozenset({"DISPUTE_LOST", "DISPUTE_OPEN", "OVERPAYMENT", "REFUND_FAILED", "UNDERPAYMENT"})
#: what a document belongs to: where that is stopped, so is the document
BELONGS_TO = (
    "contract_reference",
    "pays_reference",
    "invoice_reference",
    "refers_to",
    "voids",
    "payment_reference",
    "refund_reference",
)
_STOPPED_WITHOUT_CASE = """
SELECT 'work item ' || reference FROM sync_workitem w WHERE condition = 'blocked'
  AND NOT EXISTS (SELECT 1 FROM reconciliation_exceptioncase c WHERE c.work_item_id = w.id AND c.status = 'open')
UNION ALL
SELECT 'delivery ' || delivery_key FROM sync_delivery d WHERE condition = 'blocked'
  AND NOT EXISTS (SELECT 1 FROM reconciliation_exceptioncase c WHERE c.delivery_id = d.id AND c.status = 'open')
UNION ALL
SELECT 'event ' || source_event_id FROM sync_sourceevent e WHERE condition = 'blocked'
  AND NOT EXISTS (SELECT 1 FROM reconciliation_exceptioncase c WHERE c.event_id = e.id AND c.status = 'open')
"""
_STILL_MOVING = """
SELECT 'event ' || source_event_id || ' ' || condition FROM sync_sourceevent WHERE condition IN ('due', 'claimed')
UNION ALL SELECT 'work item ' || reference || ' ' || condition || ' ' || waits_for FROM sync_workitem
  WHERE condition IN ('due', 'claimed', 'waiting')
UNION ALL SELECT 'delivery ' || delivery_key || ' ' || condition || ' ' || waits_for FROM sync_delivery
  WHERE condition IN ('due', 'claimed', 'waiting', 'in_doubt')
"""
_SELF_APPROVED = """
SELECT id FROM reconciliation_approvalrequest
WHERE status = 'approved' AND (decided_by_id IS NULL OR decided_by_id = asked_by_id)
"""
_POSTED_FACTS = (
    "SELECT object_key, details ->> 'external_id' FROM sync_journalentry WHERE action IN ('posted', 'acknowledged')"
)
_TEXT_COLUMNS = """
SELECT table_name, column_name FROM information_schema.columns
WHERE table_schema = 'public' AND data_type IN ('text', 'character varying', 'jsonb', 'bytea')
"""


@dataclass
class Findings:
    """What was found, and figures on the way."""

    violations: list[str] = field(default_factory=list)
    figures: dict[str, Any] = field(default_factory=dict)

    def add(self, invariant: str, text: str) -> None:
        self.violations.append(f"{invariant}: {text}")


@dataclass(kw_only=True)
class Checker:
    """One look at everything after the world has come to rest."""

    stage: Stage
    company: Company
    flows: list[Flow]
    history: Mapping[tuple[str, str], Heard]
    dsn: str
    #: False where deals were not all billed on purpose
    all_billed: bool = True

    def check(self) -> Findings:
        found = Findings()
        self._not_money: list[str] = []
        with psycopg.connect(self.dsn, autocommit=True) as database:
            self._database = database
            self._cases = self._rows(_OPEN_CASES)
            self._named = {name for row in self._cases if row[0] not in NOTICES for name in row[2:6] if name}
            self._connections = {row[6] for row in self._cases if row[6]}
            self._no_loss(found)
            self._no_double(found)
            self._money(found)
            self._balances(found)
            self._notices(found)
            self._one_case(found)
            self._order(found)
            self._trail(found)
            self._two_people(found)
            self._liveness(found)
            self._no_canary(found)
        found.violations += [f"I3: {text}" for text in self._not_money]
        for text in self.stage.world.errors:
            found.add("error", text)
        return found

    def _rows(self, query: str) -> list[tuple[Any, ...]]:
        return self._database.execute(query).fetchall()  # type: ignore[arg-type]

    def _explained(self, *references: str) -> bool:
        return any(reference in self._named for reference in references)

    # -- I1 -------------------------------------------------------------------------------------------
    def _no_loss(self, found: Findings) -> None:
        """Every event answered 2xx is in the inbox and was followed, and what follows from it is at the remotes."""
        stored: dict[tuple[str, str], list[str]] = defaultdict(list)
        for code, key, condition in self._rows(
            "SELECT n.code, e.source_event_id, e.condition"
            " FROM sync_sourceevent e JOIN sync_connection n ON n.id = e.connection_id"
        ):
            stored[code, key].append(condition)
        for (source, key), heard in self.history.items():
            rows = stored.get((source, key), [])
            if heard.ok and not rows:
                found.add("I1", f"{source} {key} was answered 2xx and is not in the inbox")
            if len(rows) > 1:
                found.add("I1", f"{source} {key} is in the inbox {len(rows)} times")
            if heard.altered_ok and not self._explained(heard.said.object_id):
                # a vendor that repeats what is not acknowledged gets its answer, and people get a case
                found.add("I1", f"{source} {key} came a second time with other content, and no case says so")
            if heard.early:
                found.add("I1", f"{source} {key} was answered 2xx {heard.early} times before it was stored")
            if len(heard.tracking) > 1:
                found.add("I1", f"{source} {key} was answered with {len(heard.tracking)} tracking ids")
            if heard.fail:
                found.add("I1", f"{source} {key} was refused {heard.fail} times")
        for flow in self.flows:
            self._flow_arrived(flow, found)

    def _flow_arrived(self, flow: Flow, found: Findings) -> None:
        _, _, _, billing, erp = ENTITIES[flow.entity]
        customer = flow.customer.reference
        for code in (billing, erp):
            if not self.stage.shelf[code].of(customer) and not self._explained(customer):
                found.add("I1", f"{customer} never reached {code}, and no case says why")
        for contract in flow.contracts[-1:]:
            if not self.stage.shelf[billing].of(contract.reference) and not self._explained(
                contract.reference, customer
            ):
                found.add("I1", f"{contract.reference} never reached {billing}, and no case says why")

    # -- I2 -------------------------------------------------------------------------------------------
    def _no_double(self, found: Findings) -> None:
        for code, books in self.stage.shelf.items():
            for reference, several in books.records.items():
                ours = [one for one in several if one.by == "portal"]
                if len(ours) > 1:
                    ids = ", ".join(one.external_id for one in ours)
                    found.add("I2", f"{code} holds {reference} {len(ours)} times: {ids}")

    # -- I3 -------------------------------------------------------------------------------------------
    def _issued(self) -> Iterator[tuple[str, Any]]:
        for code, department in self.company.billing.items():
            for document in (*department.issued, *department.collected, *department.later.said):
                # disputes and their outcomes are words; what they move is said beside them
                if document.kind not in ("dispute", "dispute_outcome"):
                    yield code, document

    def _money(self, found: Findings) -> None:
        """Billing = ERP + explained, per entity, currency and kind, to the minor unit; document by document first."""
        billed: Counter[tuple[str, str, str]] = Counter()
        posted: Counter[tuple[str, str, str]] = Counter()
        explained: Counter[tuple[str, str, str]] = Counter()
        healed = 0
        for _, document in self._issued():
            erp = ENTITIES[document.legal_entity][4]
            key = (document.legal_entity, document.currency, document.kind)
            amount = self._minor(getattr(document, "total", None) or document.amount, document.currency)
            billed[key] += amount
            held = [one for one in self.stage.shelf[erp].of(document.reference) if one.by == "portal"]
            if held:
                there = held[0].subject
                posted[key] += self._minor(getattr(there, "total", None) or there.amount, there.currency)  # type: ignore[attr-defined]
                healed += 1
                if there.currency != document.currency or there.legal_entity != document.legal_entity:
                    found.add("I3", f"{document.reference}: {there.currency}/{there.legal_entity} in {erp}")
                if held[0].status != "posted":
                    found.add("I3", f"{document.reference} is in {erp} and was never posted there")
            elif self._is_stopped(document):
                explained[key] += amount
            else:
                found.add("I3", f"{document.reference} over {amount} minor units never reached {erp}; no case says why")
        for key, amount in billed.items():
            if amount != posted[key] + explained[key]:
                found.add("I3", f"{key}: billed {amount}, posted {posted[key]}, explained {explained[key]} minor units")
        for code, books in self.company.erps.items():
            issued = {document.reference for _, document in self._issued()}
            for record in books.all():
                if record.kind in MONEY and record.reference not in issued and record.by == "portal":
                    found.add("I3", f"{code} holds {record.reference}, which billing never issued")
        if self.all_billed:
            self._sold(found)
        found.figures["documents"] = sum(1 for _ in self._issued())
        found.figures["documents posted"] = healed
        found.figures["money, minor units"] = {f"{currency}": _total(billed, currency) for currency in DIGITS}

    def _is_stopped(self, document: Any) -> bool:
        """Whether a case stands on the document or on anything it belongs to."""
        names = {document.reference, *(getattr(document, name, "") for name in BELONGS_TO)}
        names |= {cause for cause, _ in getattr(document, "causes", ())}
        names |= {line.source_reference for line in getattr(document, "lines", ()) if hasattr(line, "source_reference")}
        return self._explained(*sorted(names - {""}))

    def _balances(self, found: Findings) -> None:
        """What is open on each invoice, and what the gateway still holds, is the same in the ledger as in billing."""
        for department in self.company.billing.values():
            later = department.later
            stopped = {document.reference for document in later.said if self._is_stopped(document)}
            touched: dict[str, set[str]] = defaultdict(set)
            for document in later.said:
                for name in ("invoice_reference", "refers_to"):
                    if of := getattr(document, name, ""):
                        touched[of].add(document.reference)
            for reference, life in later.lives.items():
                books = self.stage.shelf[ENTITIES[life.entity][4]]
                if self._is_stopped(life.invoice) or touched[reference] & stopped:
                    continue
                there = _left_in(books, reference)
                if self._minor(life.open, life.invoice.currency) != self._minor(there, life.invoice.currency):
                    found.add("I3", f"{reference}: {life.open} is open in billing, {there} in {books.code}")
            self._clearing(later, stopped, found)

    def _notices(self, found: Findings) -> None:
        """People are told of what is still so, and of nothing that is over: lost disputes, invoices paid in part, money
        beyond its invoice, refunds that came home.
        """
        told = Counter(
            (row[0], name) for row in self._cases if row[0] in NOTICES for name in {row[2], row[4]} - {None, ""}
        )
        wanted: set[tuple[str, str]] = set()
        unsure: set[str] = set()
        for department in self.company.billing.values():
            later = department.later
            lost = {
                one.dispute_reference for one in later.said if one.kind == "dispute_outcome" and one.outcome == "lost"
            }  # type: ignore[attr-defined]
            wanted |= {("DISPUTE_LOST", reference.replace("dispute:", "dispute_outcome:")) for reference in lost}
            for document in later.said:
                if self._is_stopped(document):
                    unsure |= {document.reference, *(getattr(document, name, "") for name in BELONGS_TO)}
            for life in later.lives.values():
                if life.payments and life.open:
                    wanted.add(("UNDERPAYMENT", life.invoice.reference))
        for reason, reference in sorted(wanted - set(told)):
            if reference not in unsure:
                found.add("I4", f"nobody was told of {reason} of {reference}")
        for reason, reference in sorted(set(told) - wanted):
            if reference not in unsure:
                found.add("I4", f"a case says {reason} of {reference}, which is over")

    def _clearing(self, later: Afterlife, stopped: set[str], found: Findings) -> None:
        held: Counter[tuple[str, str]] = Counter()
        unsure = set()
        for document in later.said:
            where = document.legal_entity, document.currency
            if document.reference in stopped:
                unsure.add(where)
            for one in self.stage.shelf[ENTITIES[document.legal_entity][4]].of(document.reference):
                if one.by == "portal":
                    held[where] += self._minor(_cleared(one.subject), document.currency)
        for where, lines in later.balance.items():
            billing = self._minor(sum((line.net for line in lines), Decimal(0)), where[1])
            if where not in unsure and held[where] != billing:
                found.add(
                    "I3", f"{where}: the gateway holds {billing} minor units, the ledger's clearing {held[where]}"
                )

    def _sold(self, found: Findings) -> None:
        """What was sold is what was billed: the sum of a contract's invoices is its last modification's amount."""
        per_contract: Counter[str] = Counter()
        for department in self.company.billing.values():
            for invoice in department.issued:
                per_contract[invoice.contract_reference] += self._minor(invoice.total, invoice.currency)
        for flow in self.flows:
            last = flow.contracts[-1]
            wanted = self._minor(last.amount, last.currency)
            if per_contract[last.reference] != wanted and not self._explained(last.reference, flow.customer.reference):
                found.add("I3", f"{last.reference}: sold {wanted}, billed {per_contract[last.reference]} minor units")

    def _minor(self, amount: Decimal, currency: str) -> int:
        """Minor units by ISO 4217; an amount finer than its currency is a violation of its own."""
        scaled = amount.scaleb(DIGITS[currency])
        if scaled != scaled.to_integral_value():
            self._not_money.append(f"{amount} {currency} is finer than a minor unit")
        return int(scaled)

    # -- I4 -------------------------------------------------------------------------------------------
    def _one_case(self, found: Findings) -> None:
        for row in self._rows(_DOUBLE_CASES):
            found.add("I4", f"{row[5]} open cases for one thing and cause: {row[:5]}")
        for row in self._cases:
            if not row[1]:
                found.add("I4", f"a case of {row[0]} belongs to nobody: {row[2]}")
        for (name,) in self._rows(_STOPPED_WITHOUT_CASE):
            found.add("I4", f"{name} is stopped and no case is open")
        self._cases_and_their_causes(found)
        found.figures["open cases"] = dict(Counter(row[0] for row in self._cases))

    def _cases_and_their_causes(self, found: Findings) -> None:
        """Every refusal a remote gave became a case, and every case has a cause in this world."""
        ever = set(self._rows(_CASES_EVER))
        for code, books in self.stage.shelf.items():
            for reference, reason in sorted(set(books.refusals) - ever):
                # the customer may arrive between a refusal nobody lived to note and the next call
                if reason != "ERP_CUSTOMER_MISSING":
                    found.add("I4", f"{code} refused {reference} ({reason}) and no case ever said so")
        for reason, count in sorted(Counter(row[0] for row in self._cases).items()):
            if reason not in POSSIBLE | NOTICES:
                found.add("I4", f"{count} cases of {reason}, for which nothing in this world is a cause")

    # -- I5 -------------------------------------------------------------------------------------------
    def _order(self, found: Findings) -> None:
        """What a remote saw of an object never goes back, and what it holds is the source's last word."""
        for code, books in self.stage.shelf.items():
            for complaint in books.complaints:
                found.add(_kind_of(complaint), f"{code}: {complaint}")
        for flow in self.flows:
            _, _, _, billing, erp = ENTITIES[flow.entity]
            account = self.company.crm.now.get(("account", flow.customer.crm_account_id))
            for code, reference, version in (
                (billing, flow.customer.reference, account[0].version if account else 0),
                (erp, flow.customer.reference, account[0].version if account else 0),
                *((billing, last.reference, last.version) for last in flow.contracts[-1:]),
            ):
                for one in self.stage.shelf[code].of(reference):
                    if one.by == "portal" and one.version != version and not self._explained(reference):
                        found.add(
                            "I5", f"{code} holds {reference} at version {one.version}; the source is at {version}"
                        )

    # -- I7, I9 ---------------------------------------------------------------------------------------
    def _trail(self, found: Findings) -> None:
        """The trail names every record the portal made."""
        told = set(self._rows(_POSTED_FACTS))
        for code, books in self.stage.shelf.items():
            for record in books.all():
                if record.by == "portal" and record.kind != "feedback":
                    if (record.reference, record.external_id) not in told and not self._explained(record.reference):
                        found.add("I7", f"nothing in the trail says that {code} holds {record.reference}")

    def _two_people(self, found: Findings) -> None:
        for (key,) in self._rows(_SELF_APPROVED):
            found.add("I9", f"approval {key} was decided by the person who asked")

    # -- I11 ------------------------------------------------------------------------------------------
    def _liveness(self, found: Findings) -> None:
        for (name,) in self._rows(_STILL_MOVING):
            # what waits for something that a case explains is not lost in motion
            waits_for = name.split()[-1]
            if not self._explained(waits_for) and not self._behind_a_case(name):
                found.add("I11", f"{name} had not come to rest")

    def _behind_a_case(self, name: str) -> bool:
        return any(reference in name for reference in self._named)

    # -- I13 ------------------------------------------------------------------------------------------
    def _no_canary(self, found: Findings) -> None:
        for table, column in self._rows(_TEXT_COLUMNS):
            query = f'SELECT count(*) FROM "{table}" WHERE "{column}"::text LIKE %s'  # noqa: S608 - from the catalogue
            hits = self._database.execute(query, [f"%{CANARY}%"]).fetchone()  # type: ignore[arg-type]
            if hits and hits[0]:
                found.add("I13", f"a secret of a caller stands in {table}.{column}, {hits[0]} times")


def _left_in(books: Books, invoice: str) -> Decimal:
    """What a ledger has open on an invoice, from its own documents."""
    left = Decimal(0)
    for record in books.all():
        subject: Any = record.subject
        if record.by != "portal":
            continue
        if record.reference == invoice:
            left += subject.total
        elif record.kind == "allocation" and subject.invoice_reference == invoice:
            left -= subject.amount
        elif record.kind == "credit_memo" and subject.refers_to == invoice:
            left -= subject.applied
        elif record.kind == "void" and subject.invoice_reference == invoice:
            left -= subject.applied
    return left


def _cleared(subject: Any) -> Decimal:
    """What a document moves on the gateway's clearing account; fees are none in this world."""
    signs = {"payment": 1, "refund": -1, "refund_failure": 1, "dispute_movement": 1, "payout": -1}
    return Decimal(signs.get(subject.kind, 0) * getattr(subject, "amount", Decimal(0)))


def _kind_of(complaint: str) -> str:
    return "I12" if "asked to wait" in complaint else "I10" if "had closed" in complaint else "I5"


def _total(counter: Counter[tuple[str, str, str]], currency: str) -> int:
    return sum(amount for (_, of, kind), amount in counter.items() if of == currency and kind == "invoice")
