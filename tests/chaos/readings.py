"""Gathers what the checker compares: the sandboxes' books, the CRM, the history of calls, and the portal's excuses."""

import base64
import json
import os
import re
import subprocess
from decimal import Decimal
from typing import Any

from q2c_portal.local import people
from q2c_portal.local.children import manage
from q2c_portal.local.desk import Person
from q2c_portal.local.state_dir import ROOT
from tests.chaos.books import Books, Deal
from tests.chaos.session import Session, written

_NOTIFICATION = re.compile(r"<Notification>\s*<Id>([^<]+)</Id>")
_INBOX = """
SELECT c.code, e.source_event_id FROM sync_sourceevent e JOIN sync_connection c ON c.id = e.connection_id
"""
_IN_HAND = """
SELECT reference FROM sync_workitem WHERE condition IN ('due', 'claimed', 'waiting', 'held')
UNION SELECT reference FROM sync_delivery WHERE condition IN ('due', 'claimed', 'waiting', 'held', 'in_doubt')
      AND role <> 'crm'
"""


def read(session: Session) -> Books:
    """All of it, as it is now; everything is up and at rest."""
    world = session.world
    assert world.netsuite is not None
    return Books(
        deals=deals(session),
        stripe_customers=world.stripe.books("customer"),
        subscriptions=world.stripe.books("subscription"),
        stripe_invoices=world.stripe.books("invoice"),
        invoice_payments=world.stripe.books("invoice_payment"),
        netsuite_customers=world.netsuite.books("customer"),
        netsuite_invoices=world.netsuite.books("invoice"),
        netsuite_payments=world.netsuite.books("customerPayment"),
        cities=dict(session.cities),
        acknowledged=acknowledged(written(session.calls)),
        inbox={(str(code), str(event)) for code, event in session.ask(_INBOX) or ()},
        open_cases=open_cases(session),
        under_way={str(row[0]) for row in session.ask(_IN_HAND) or ()},
        tie_out=from_command("tie_out", "--json"),
    )


def deals(session: Session) -> list[Deal]:
    """Won deals as the CRM has them now, with the amounts of the sample's files."""
    amounts = {deal.key: deal.value for deal in session.rows.won}
    rows = session.world.salesforce.query("SELECT Id, AccountId, Source_Key__c FROM Opportunity WHERE IsWon = true")
    found = [
        Deal(id=row["Id"], account=row["AccountId"], amount=Decimal(amounts[row["Source_Key__c"]])) for row in rows
    ]
    if len(found) != len(session.rows.won):
        raise RuntimeError(f"{len(found)} of {len(session.rows.won)} deals were won; the story did not play to its end")
    return found


def acknowledged(calls: list[dict[str, Any]]) -> set[tuple[str, str]]:
    """Source and id of every event in calls the portal answered with 2xx."""
    found: set[tuple[str, str]] = set()
    for call in calls:
        path, body = call["path"], base64.b64decode(call["body"])
        if "/callbacks/stripe/" in path:
            found.add(("stripe", json.loads(body)["id"]))
        elif "/callbacks/salesforce/" in path and "/outbound/" in path:
            found |= {("salesforce", name) for name in _NOTIFICATION.findall(body.decode())}
        elif "/callbacks/salesforce/" in path:
            found |= {("salesforce", event["eventId"]) for event in json.loads(body)["events"]}
    return found


def open_cases(session: Session) -> set[str]:
    """References of open cases, asked at the desk's own door."""
    person = Person(session.addresses["WEB_URL"], "auditor", people.logins()["auditor"])
    page = person.get("cases", status="open")
    found = {row["reference"] for row in page["results"]}
    while page.get("next"):
        page = person._read(person.http.get(page["next"]))
        found |= {row["reference"] for row in page["results"]}
    return found - {""}


def problems() -> list[dict[str, Any]]:
    """Open problems with their counts."""
    return from_command("cases", "--json")


def from_command(*words: str) -> list[Any]:
    """What a management command prints as JSON."""
    done = subprocess.run(manage(*words), cwd=ROOT, env=dict(os.environ), capture_output=True, text=True, check=True)
    return list(json.loads(done.stdout))
