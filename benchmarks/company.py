"""The little company the benches work for: one entity, one connection per role, routes between them."""

from dataclasses import dataclass
from datetime import date

from sync.connections import health_of
from sync.models import Connection, EntityRoute, LegalEntity

#: Stripe's webhook secret and the callout client of this company; they live as long as its database
WEBHOOK_SECRET = "whsec_of_the_benches"  # noqa: S105
CALLOUT_TOKEN = "token-of-the-benches"  # noqa: S105
FIRST_DAY = date(2026, 1, 1)


@dataclass(frozen=True)
class Company:
    """Who is measured."""

    entity: LegalEntity
    crm: Connection
    billing: Connection
    erp: Connection


def set_up() -> Company:
    """Create entity, connections and routes in an empty database."""
    entity = LegalEntity.objects.create(
        code="US01", name="Measured company", functional_currency="USD", country="US", time_zone="America/New_York"
    )
    rows = {
        role: _connection(code, system, role, secrets)
        for role, code, system, secrets in (
            ("crm", "salesforce", "salesforce", {"path_secret": "secret-path-of-the-benches"}),
            ("billing", "stripe", "stripe_billing", {"api_key": "sk_test_bench", "webhook_secrets": WEBHOOK_SECRET}),
            ("erp", "instant", "instant", {}),
        )
    }
    for role, row in rows.items():
        EntityRoute.objects.create(entity=entity, role=role, connection=row, company_code="1", valid_from=FIRST_DAY)
    return Company(entity=entity, **rows)


def _connection(code: str, system: str, role: str, secrets: dict[str, str]) -> Connection:
    row = Connection(
        code=code,
        label=code.capitalize(),
        system=system,
        role=role,
        base_url="http://127.0.0.1:9",
        is_sandbox=True,
        # what is measured is the engine, not its politeness towards a system
        rate_per_second=1_000_000,
        concurrency=1_000,
    )
    row.put_secrets(**secrets)
    row.save()
    health_of(row)
    return row
