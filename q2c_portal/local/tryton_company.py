"""Sets up one company's books in a Tryton database; run by Tryton's own Python, with what is wanted as JSON on stdin.

Everything is looked up before it is made, so it may run again to add years, items or users.
"""

import datetime
import json
import sys
from decimal import Decimal

from proteus import Model, config
from trytond.modules.account.tests.tools import create_chart, get_accounts
from trytond.modules.company.tests.tools import create_company

CLEARING_CODE, CLEARING_NAME = "1.1.9", "Payment clearing"
JOURNAL_CODE, JOURNAL_NAME = "PAY", "Payments"
#: what controls read; nothing else, and nothing to write
READABLE = (
    *("account.account", "account.account.type", "account.fiscalyear", "account.invoice", "account.invoice.line"),
    *("account.invoice.tax", "account.invoice-account.move.line", "account.journal", "account.move"),
    *("account.move.line", "account.move.reconciliation", "account.period", "account.tax", "party.party"),
    *("product.product", "country.country", "company.company", "currency.currency"),
)


def main() -> None:
    wanted = json.load(sys.stdin)
    config.set_trytond(wanted["uri"], config_file=wanted["config"])
    _join_all_groups()
    _countries(wanted["countries"])
    company = _company(wanted["company"], currency_code=wanted["currency"])
    accounts = get_accounts(company)
    clearing = _clearing_account(company, cash=accounts["cash"])
    _payment_method(clearing)
    _payment_term(30)
    for year in wanted["years"]:
        _fiscal_year(year, company=company)
    category = _category(accounts)
    for item in wanted["items"]:
        _item(item["code"], name=item["name"], category=category)
    _users(wanted["users"], company=company)


def _join_all_groups() -> None:
    # A new administrator belongs to no group at all, and could not even read an invoice.
    User, Group = Model.get("res.user"), Model.get("res.group")
    (admin,) = User.find([("login", "=", "admin")])
    missing = [group for group in Group.find([]) if group not in admin.groups]
    for group in missing:
        admin.groups.append(Group(group.id))
    if missing:
        admin.save()


def _countries(names: dict[str, str]) -> None:
    Country = Model.get("country.country")
    known = {country.code for country in Country.find([])}
    Country.save([Country(name=name, code=code) for code, name in names.items() if code not in known])


def _company(name: str, *, currency_code: str):
    Company, Currency, Party = (Model.get(model) for model in ("company.company", "currency.currency", "party.party"))
    found = Company.find([])
    if found:
        config.get_config()._context = Model.get("res.user").get_preferences(True, {})
        return found[0]
    known = Currency.find([("code", "=", currency_code)])
    currency = known[0] if known else Currency(name=currency_code, code=currency_code, symbol="$", digits=2)
    if not currency.rates:
        currency.rates.new(date=datetime.date(2000, 1, 1), rate=Decimal(1))
    currency.save()
    party = Party(name=name)
    party.save()
    create_company(party=party, currency=currency)
    (company,) = Company.find([])
    create_chart(company=company)
    return company


def _clearing_account(company, *, cash):
    Account = Model.get("account.account")
    found = Account.find([("company", "=", company.id), ("code", "=", CLEARING_CODE)])
    if found:
        return found[0]
    account = Account(name=CLEARING_NAME, code=CLEARING_CODE, company=company, type=cash.type, reconcile=True)
    account.save()
    return account


def _payment_method(clearing) -> None:
    Journal, Method = Model.get("account.journal"), Model.get("account.invoice.payment.method")
    journals = Journal.find([("code", "=", JOURNAL_CODE)])
    journal = journals[0] if journals else Journal(name=JOURNAL_NAME, code=JOURNAL_CODE, type="cash")
    journal.save()
    if not Method.find([("name", "=", CLEARING_NAME)]):
        Method(name=CLEARING_NAME, journal=journal, debit_account=clearing, credit_account=clearing).save()


def _payment_term(days: int) -> None:
    Term = Model.get("account.invoice.payment_term")
    if not Term.find([("name", "=", f"{days} days")]):
        term = Term(name=f"{days} days")
        line = term.lines.new(type="remainder")
        line.relativedeltas.new(days=days)
        term.save()


def _fiscal_year(year: int, *, company) -> None:
    Year = Model.get("account.fiscalyear")
    first, last = datetime.date(year, 1, 1), datetime.date(year, 12, 31)
    if Year.find([("company", "=", company.id), ("start_date", "<=", first), ("end_date", ">=", last)]):
        return
    fiscal_year = Year(name=str(year), company=company, start_date=first, end_date=last)
    fiscal_year.move_sequence = _sequence(f"Moves {year}", kind="Account Move", prefix=f"GL{year}-", company=company)
    invoices = _sequence(f"Invoices {year}", kind="Invoice", prefix=f"INV{year}-", company=company)
    credits = _sequence(f"Credit notes {year}", kind="Invoice", prefix=f"CM{year}-", company=company)
    (numbers,) = fiscal_year.invoice_sequences
    numbers.out_invoice_sequence = numbers.in_invoice_sequence = invoices
    numbers.out_credit_note_sequence = numbers.in_credit_note_sequence = credits
    fiscal_year.save()
    fiscal_year.click("create_period")  # one period a month


def _sequence(name: str, *, kind: str, prefix: str, company):
    (kind_of,) = Model.get("ir.sequence.type").find([("name", "=", kind)], limit=1)
    sequence = Model.get("ir.sequence.strict")(
        name=name, sequence_type=kind_of, company=company, prefix=prefix, padding=6
    )
    sequence.save()
    return sequence


def _category(accounts):
    Category = Model.get("product.category")
    found = Category.find([("name", "=", "Subscriptions"), ("accounting", "=", True)])
    if found:
        return found[0]
    # No default taxes: tax is booked as billing charged it, never worked out again.
    category = Category(name="Subscriptions", accounting=True)
    category.account_revenue, category.account_expense = accounts["revenue"], accounts["expense"]
    category.save()
    return category


def _item(code: str, *, name: str, category) -> None:
    Product, Template, Unit = (Model.get(model) for model in ("product.product", "product.template", "product.uom"))
    if Product.find([("code", "=", code)]):
        return
    (unit,) = Unit.find([("name", "=", "Unit")], limit=1)
    template = Template(name=name, code=code, type="service", default_uom=unit)
    template.account_category = category
    template.save()


def _users(wanted: list[dict], *, company) -> None:
    User, Group, Access = (Model.get(model) for model in ("res.user", "res.group", "ir.model.access"))
    readers = Group.find([("name", "=", "Controls (read only)")])
    group = readers[0] if readers else Group(name="Controls (read only)")
    group.save()
    allowed = {access.model for access in Access.find([("group", "=", group.id)])}
    for model in READABLE:
        if model not in allowed:
            access = Access(model=model, group=group, description="Read by daily controls")
            access.perm_read, access.perm_write, access.perm_create, access.perm_delete = True, False, False, False
            access.save()
    (accounting,) = Group.find([("name", "=", "Accounting")])
    for entry in wanted:
        found = User.find([("login", "=", entry["login"])])
        user = found[0] if found else User(name=entry["name"], login=entry["login"])
        user.password = entry["password"]
        if not found:
            user.companies.append(type(company)(company.id))
            user.company = company
            user.groups.append(Group((accounting if entry["writes"] else group).id))
        user.save()


if __name__ == "__main__":
    main()
