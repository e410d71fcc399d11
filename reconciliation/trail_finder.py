"""From any id of any system, or the beginning of a customer's name, to the page that tells its story."""

import re
from dataclasses import dataclass

from connectors.salesforce.ids import full_id, is_id
from reconciliation import sentences
from reconciliation.models import ApprovalRequest, ExceptionCase, Problem
from sync.models import (
    Connection,
    CreditMemoRecord,
    CustomerRecord,
    Delivery,
    ExternalIdentity,
    InvoiceRecord,
    PaymentRecord,
    SourceEvent,
    WorkItem,
)
from sync.money_text import money

#: most results of one question
MOST = 30
_NUMBER = re.compile(r"(EXC|PRB|APR)-?(\d{1,18})", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class Found:
    """One page that fits what was asked for."""

    link: str
    title: str
    #: why it fits, in words
    because: str
    amount: str = ""


def find(text: str, *, system: str = "") -> list[Found]:
    """Everything that goes by this name, best first, each page once. `system` narrows ids to one system."""
    text = text.strip()[:200]
    if not text:
        return []
    numbered = _by_number(text)
    if numbered:
        return numbered
    found: dict[str, Found] = {}
    for one in (
        *_by_trail(text),
        *_by_external_id(text, system),
        *_by_record(text, system),
        *([] if system else _by_name(text)),
    ):
        found.setdefault(one.link, one)
    return list(found.values())[:MOST]


def _by_number(text: str) -> list[Found]:
    match = _NUMBER.fullmatch(text)
    if not match:
        return []
    kind, key = match[1].upper(), int(match[2])
    if kind == "EXC" and (case := ExceptionCase.objects.filter(pk=key).select_related("problem").first()):
        return [Found(link=f"/x/{case.number}", title=sentences.title(case), because=f"Case {case.number}")]
    if kind == "PRB" and (problem := Problem.objects.filter(pk=key).first()):
        return [
            Found(
                link=f"/p/{problem.number}", title=sentences.problem_title(problem), because=f"Problem {problem.number}"
            )
        ]
    if kind == "APR" and (request := ApprovalRequest.objects.filter(pk=key).first()):
        return [Found(link=f"/approvals/{request.number}", title=request.title, because=f"Approval {request.number}")]
    return []


def _by_trail(text: str) -> list[Found]:
    if not text.startswith(("deal:", "customer:")):
        return []
    return _stories({text: "Trail"})


def _by_external_id(text: str, system: str) -> list[Found]:
    """Ids by which any system knows an object: as a receipt named it, or as its own events did."""
    own = full_id(text) if is_id(text) else text
    connections = dict(Connection.objects.filter(**({"system": system} if system else {})).values_list("pk", "system"))
    reasons: dict[str, str] = {}
    identities = ExternalIdentity.objects.filter(
        connection__in=list(connections), external_id__in={text, own}
    ).values_list("reference", "connection_id")
    for reference, connection in identities[:MOST]:
        reasons[reference] = f"{sentences.system_name(connections[connection])} calls it {text}"
    found = _of_references(reasons)
    events = SourceEvent.objects.filter(object_id__in={text, own}, connection__in=list(connections)).order_by("-pk")
    trails: dict[str, str] = {}
    for correlation_id, connection in (
        WorkItem.objects.filter(event__in=list(events.values_list("pk", flat=True)[:MOST]))
        .values_list("correlation_id", "event__connection_id")
        .distinct()
    ):
        if correlation_id:
            trails[correlation_id] = f"{sentences.system_name(connections[connection])} told us about {own}"
    return found + _stories(trails)


def _by_record(text: str, system: str) -> list[Found]:
    """Numbers and ids people copy out of documents and screens."""
    trails: dict[str, str] = {}
    narrowed = {"source_system": system} if system else {}
    for field in ("number", "billing_id"):
        for correlation_id, number in InvoiceRecord.objects.filter(**{field: text}, **narrowed).values_list(
            "correlation_id", "number"
        )[:MOST]:
            trails[correlation_id] = f"Invoice {number}"
        for correlation_id, number in CreditMemoRecord.objects.filter(**{field: text}, **narrowed).values_list(
            "correlation_id", "number"
        )[:MOST]:
            trails[correlation_id] = f"Credit memo {number}"
    for correlation_id in PaymentRecord.objects.filter(gateway_id=text, **narrowed).values_list(
        "correlation_id", flat=True
    )[:MOST]:
        trails[correlation_id] = f"Payment {text}"
    references = {text: f"Our reference {text}"}
    if not system or system == "stripe_billing":
        references |= {
            f"{kind}:stripe:{text}": f"{kind.capitalize()} {text}" for kind in ("invoice", "payment", "allocation")
        }
    return _stories(trails) + _of_references(references)


def _by_name(text: str) -> list[Found]:
    if len(text) < 2:
        return []
    rows = (
        CustomerRecord.objects.filter(name__istartswith=text)
        .order_by("name")
        .values_list("name", "correlation_id")[:MOST]
    )
    found = [
        Found(link=f"/t/{correlation_id}", title=f"Customer {name}", because="Name begins with it")
        for name, correlation_id in rows
    ]
    # a customer that could not be mapped has no record yet
    stuck = (
        WorkItem.objects.filter(flow="customer_sync", title__istartswith=text)
        .exclude(condition__in=["settled", "superseded", "withdrawn"])
        .order_by("title")
        .values_list("title", "correlation_id")[:MOST]
    )
    return found + [
        Found(link=f"/t/{correlation_id}", title=f"Customer {name}", because="Name begins with it; not set up yet")
        for name, correlation_id in stuck
    ]


def _of_references(reasons: dict[str, str]) -> list[Found]:
    trails: dict[str, str] = {}
    if reasons:
        for model in (WorkItem, Delivery):
            for reference, correlation_id in (
                model._default_manager.filter(reference__in=list(reasons))
                .values_list("reference", "correlation_id")
                .distinct()[:MOST]
            ):
                if correlation_id:
                    trails.setdefault(correlation_id, reasons[reference])
    return _stories(trails)


def _stories(trails: dict[str, str]) -> list[Found]:
    """Trails with the name and amount of what they are about; an id nothing carries gives nothing."""
    if not trails:
        return []
    rows = {
        row["correlation_id"]: row
        for row in WorkItem.objects.filter(correlation_id__in=list(trails))
        .order_by("-pk")
        .values("correlation_id", "customer_name", "amount", "currency", "title")
    }
    out = []
    for correlation_id, because in trails.items():
        if correlation_id not in rows:
            continue
        row = rows[correlation_id]
        is_customer = correlation_id.startswith("customer:")
        title = (
            f"Customer {row['customer_name'] or row['title']}"
            if is_customer
            else f"Deal of {row['customer_name']}"
            if row["customer_name"]
            else row["title"]
        )
        out.append(
            Found(
                link=f"/t/{correlation_id}",
                title=title,
                because=because,
                amount="" if is_customer else money(row["amount"], row["currency"]),
            )
        )
    return out
