"""Which connection is asked for a side of a control, by the routes of a company."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sync.mappings import in_force
from sync.models import Connection, EntityRoute, LegalEntity


@dataclass(frozen=True, kw_only=True)
class Source:
    """One side of a control for an entity."""

    connection: Connection
    company_code: str


def routes(entity: LegalEntity) -> Sequence[EntityRoute]:
    """Every route of an entity; read once for all the dates and sides of a run."""
    return list(EntityRoute.objects.filter(entity=entity, is_shadow=False).select_related("connection"))


def source(entity: LegalEntity, routes: Sequence[EntityRoute], role: str, *, on: date) -> Source:
    route = in_force((route for route in routes if route.role == role), on=on)
    if route is None:
        raise LookupError(f"no {role} is connected for {entity.code} on {on}")
    return Source(connection=route.connection, company_code=route.company_code or entity.code)
