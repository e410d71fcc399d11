"""Effective-dated look-ups between systems: which row was in force on a day."""

from collections.abc import Iterable
from datetime import date
from functools import lru_cache
from typing import Any, TypeVar

from babel import Locale

from sync.models import (
    BundleMapping,
    CountryMapping,
    DocumentPolicy,
    EntityMapping,
    EntityRoute,
    LegalEntity,
    MappingRow,
    ProductMapping,
)

Row = TypeVar("Row", bound=Any)


def in_force(rows: Iterable[Row], *, on: date) -> Row | None:
    """The one row valid on a day; the database holds that there are never two."""
    for row in rows:
        if row.valid_from <= on and (row.valid_to is None or on < row.valid_to):
            return row
    return None


@lru_cache(maxsize=1)
def country_names() -> dict[str, str]:
    """ISO 3166-1 codes by English name and by code, in lower case (names: Unicode CLDR)."""
    territories = {code: name for code, name in Locale("en").territories.items() if len(code) == 2 and code.isalpha()}
    names = {name.lower(): code for code, name in territories.items()}
    names.update({code.lower(): code for code in territories})
    # as CRMs write them; CLDR has one name per country only
    names.update(
        {"korea": "KR", "south korea": "KR", "russia": "RU", "usa": "US", "great britain": "GB", "england": "GB"}
    )
    return names


def country_code(written: str, *, rows: Iterable[CountryMapping], on: date) -> str | None:
    """The ISO 3166-1 code for a country as people wrote it, by its name or by an approved mapping."""
    known = country_names().get(written.strip().lower())
    if known:
        return known
    row = in_force((row for row in rows if row.written == written.strip()), on=on)
    return row.country if row else None


class Tables:
    """All mappings in force or past, read once per batch; small tables by nature."""

    def __init__(self) -> None:
        self.products: dict[str, list[ProductMapping]] = {}
        for product in ProductMapping.objects.filter(status=MappingRow.Status.APPROVED):
            self.products.setdefault(product.crm_product, []).append(product)
        self.bundles: dict[str, list[BundleMapping]] = {}
        for bundle in BundleMapping.objects.filter(status=MappingRow.Status.APPROVED):
            self.bundles.setdefault(bundle.crm_product, []).append(bundle)
        self.countries = list(CountryMapping.objects.filter(status=MappingRow.Status.APPROVED))
        #: read by sync.selling, which knows what goes before what
        self.entities = list(EntityMapping.objects.filter(status=MappingRow.Status.APPROVED).select_related("entity"))
        self.policies: dict[int, list[DocumentPolicy]] = {}
        for policy in DocumentPolicy.objects.filter(status=MappingRow.Status.APPROVED):
            self.policies.setdefault(policy.entity_id, []).append(policy)
        self.routes: dict[tuple[int, str], list[EntityRoute]] = {}
        for route in EntityRoute.objects.select_related("connection", "entity"):
            self.routes.setdefault((route.entity_id, route.role), []).append(route)

    def product(self, crm_product: str, *, on: date, currency: str = "") -> ProductMapping | None:
        """What a product is on a day, in the deal's currency; where it has no price in that one, in another."""
        rows = self.products.get(crm_product, ())
        return in_force([row for row in rows if row.currency == currency], on=on) or in_force(rows, on=on)

    def document_policy(self, entity: LegalEntity, *, on: date) -> DocumentPolicy:
        """How a company treats its documents; where nobody has decided, the defaults."""
        return in_force(self.policies.get(entity.pk, ()), on=on) or DocumentPolicy(entity=entity)

    def route(self, entity_id: int, role: str, *, on: date) -> EntityRoute | None:
        """The live route by document date."""
        live = [route for route in self.routes.get((entity_id, role), ()) if not route.is_shadow]
        return in_force(live, on=on)
