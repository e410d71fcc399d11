"""The sample pipeline as rows, with all dates shifted by one whole number of weeks."""

import csv
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

FOLDER = Path(__file__).parent / "sample" / "crm"


@dataclass(frozen=True, kw_only=True)
class Account:
    name: str
    industry: str
    country: str
    parent: str


def address(name: str) -> str:
    """What a product is called in billing and ERP: `GTX Pro` -> `gtx-pro`."""
    return name.lower().replace(" ", "-")


@dataclass(frozen=True, kw_only=True)
class Product:
    name: str
    family: str
    #: list price in USD
    price: Decimal


@dataclass(frozen=True, kw_only=True)
class Deal:
    key: str
    product: str
    account: str
    #: Won, Lost, Engaging or Prospecting
    stage: str
    closes_on: date | None
    #: USD
    value: Decimal


@dataclass(frozen=True, kw_only=True)
class Pipeline:
    """All of it, as the demo company's Salesforce would hold it."""

    accounts: tuple[Account, ...]
    products: tuple[Product, ...]
    deals: tuple[Deal, ...]
    #: whole weeks all dates were moved by
    shift_weeks: int

    @property
    def won(self) -> list[Deal]:
        return [deal for deal in self.deals if deal.stage == "Won"]

    @property
    def first_day(self) -> date:
        return min(deal.closes_on for deal in self.won if deal.closes_on)

    @property
    def last_day(self) -> date:
        return max(deal.closes_on for deal in self.won if deal.closes_on)


def read(*, today: date, shift_weeks: int | None = None, most_won: int | None = None) -> Pipeline:
    """The pipeline moved so that its last close date falls in the week before `today` (or by a shift stored earlier).

    `most_won` keeps only the last so many won deals, for a slice against a slow ERP.
    """
    rows = _rows("sales_pipeline.csv")
    last = max(_day(row["close_date"]) for row in rows if row["close_date"])
    weeks = shift_weeks if shift_weeks is not None else ((today - timedelta(days=1)) - last).days // 7
    shift = timedelta(weeks=weeks)
    deals = [
        Deal(
            key=row["opportunity_id"],
            product=row["product"],
            account=row["account"],
            stage=row["deal_stage"],
            closes_on=_day(row["close_date"]) + shift if row["close_date"] else None,
            value=Decimal(row["close_value"] or "0"),
        )
        for row in rows
    ]
    if most_won is not None:
        won = sorted((deal for deal in deals if deal.stage == "Won"), key=lambda deal: (deal.closes_on, deal.key))
        deals = won[-most_won:]
    return Pipeline(
        accounts=tuple(
            Account(
                name=row["account"], industry=row["sector"], country=row["office_location"], parent=row["subsidiary_of"]
            )
            for row in _rows("accounts.csv")
        ),
        products=products(),
        deals=tuple(deals),
        shift_weeks=weeks,
    )


def products() -> tuple[Product, ...]:
    """The catalogue alone."""
    return tuple(
        Product(name=row["product"], family=row["series"], price=Decimal(row["sales_price"]))
        for row in _rows("products.csv")
    )


def _rows(name: str) -> list[dict[str, str]]:
    with (FOLDER / name).open(newline="", encoding="utf-8-sig") as file:
        return list(csv.DictReader(file))


def _day(text: str) -> date:
    return datetime.strptime(text, "%d-%m-%Y").date()
