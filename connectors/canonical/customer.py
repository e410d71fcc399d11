"""Who we sell to."""

from dataclasses import dataclass, field
from typing import ClassVar

from connectors.canonical.base import Canonical


@dataclass(frozen=True, kw_only=True)
class Address:
    """A postal address; `country` is ISO 3166-1 alpha-2."""

    street: str = ""
    city: str = ""
    state: str = ""
    postal_code: str = ""
    country: str = ""


@dataclass(frozen=True, kw_only=True)
class Customer(Canonical):
    """A company we sell to; the business key is the CRM account id in 18 characters."""

    kind: ClassVar[str] = "customer"
    state_like: ClassVar[bool] = True

    crm_account_id: str
    name: str
    parent_reference: str = ""
    address: Address = field(default_factory=Address)
    email: str = ""
    industry: str = ""
    tax_id: str = ""
