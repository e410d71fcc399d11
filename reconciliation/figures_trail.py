"""One deal from opportunity to cash and back, or one customer in every system, with the gaps between."""

from django.utils.translation import gettext as _

from reconciliation import sentences
from reconciliation.habits import titles
from reconciliation.habits.languages import money, spoken, within
from reconciliation.models import ExceptionCase
from reconciliation.trail_reading import MOST, Passage, Reader, Station, Trail, customer_of, day, sum_text
from reconciliation.trail_steps import Standing, moment, standing
from sync.models import (
    AllocationRecord,
    ContractRecord,
    CustomerRecord,
    InvoiceRecord,
    ModificationTreatment,
    PaymentRecord,
    SourceEvent,
    WorkItem,
)
from sync.states import Condition


def read(correlation_id: str) -> Trail | None:
    """The trail of a deal (`deal:…`) or a customer (`customer:…`); None where nothing carries this id."""
    reader = Reader(correlation_id)
    if not reader.items and not reader.deliveries:
        return None
    trail = _customer(reader) if correlation_id.startswith("customer:") else _deal(reader)
    trail.items, trail.deliveries, trail.cases, trail.missing = (
        reader.items,
        reader.deliveries,
        reader.cases,
        reader.missing,
    )
    trail.events = _events(reader)
    return trail


def _events(reader: Reader) -> list[SourceEvent]:
    """Every call or poll that spoke of these objects."""
    objects = {item.event.object_id for item in reader.items}
    sources = {item.event.connection_id for item in reader.items}
    rows = SourceEvent.objects.filter(object_id__in=objects, connection__in=sources).select_related("connection")
    return list(rows.order_by("received_at")[: MOST * 2])


def _deal(reader: Reader) -> Trail:
    """Opportunity, contract versions, subscription, invoices, payments and allocations, status in the CRM."""
    contracts = reader.of("closed_won_to_billing")
    newest = contracts[-1] if contracts else (reader.items[-1] if reader.items else None)
    name, link = customer_of(newest.customer_reference, name=newest.customer_name) if newest else ("", "")
    trail = Trail(
        correlation_id=reader.correlation_id,
        kind="deal",
        heading=_("Deal of {customer}").format(customer=name) if name else _("Deal"),
        customer_name=name,
        customer_link=link,
        amount=sum_text(newest) if newest else "",
    )
    subscription = _subscription(reader, contracts)
    invoices = _invoices(reader, is_reached=not subscription.expected)
    payments = _payments(reader, are_invoiced=any(not station.expected for station in invoices))
    deal = [_opportunity(reader, contracts), _contract(reader, contracts), subscription]
    trail.stations = [*deal, *invoices, *_corrections(reader), *payments]
    trail.stations.append(reader.feedback("opportunity"))
    return trail


def _opportunity(reader: Reader, contracts: list[WorkItem]) -> Station:
    crm = reader.systems["crm"]
    station = Station(kind="opportunity", title=_("Opportunity in {system}").format(system=crm))
    if not contracts:
        station.expected = _("Expected: opportunity from {system}").format(system=crm)
        return station
    first, last = contracts[0], contracts[-1]
    station.amount = sum_text(last)
    station.names = [reader.name(last.event.connection, kind="opportunity", external_id=last.reference.split(":")[1])]
    station.facts = [
        (_("Signed"), day(last.effective_on)),
        (_("First heard"), moment(first.event.received_at)),
        (_("Heard by"), first.event.via),
    ]
    station.standing = _received_from(first)
    return station


def _received_from(item: WorkItem) -> Standing:
    system = sentences.system_name(item.event.connection.system)
    return Standing(text=_("Received from {system}.").format(system=system), tone="good", icon="check_circle")


def _contract(reader: Reader, contracts: list[WorkItem]) -> Station:
    station = Station(kind="contract", title=_("Contract"))
    if not contracts:
        station.expected = _("Comes after the opportunity: contract")
        return station
    station.amount = sum_text(contracts[-1])
    station.passages = reader.passages(contracts)
    records = list(
        ContractRecord.objects.filter(reference=contracts[-1].reference).prefetch_related("lines").order_by("version")
    )
    station.facts = [(_("Versions"), ", ".join(str(item.version) for item in contracts))]
    station.facts += _changes(records[1:])
    for record in records[-1:]:
        station.facts.append((_("Kind"), record.modification_kind))
        term = _("{first} to {last}").format(first=day(record.starts_on), last=day(record.ends_on))
        station.facts.append((_("Term"), term))
        for line in list(record.lines.all())[:10]:
            words = _("{amount}, discount {less}") if line.discount >= 0 else _("{amount}, uplift {less}")
            amount, less = (money(one, record.currency) for one in (line.amount, abs(line.discount)))
            station.facts.append((line.crm_product, words.format(amount=amount, less=less)))
    return station


def _changes(records: list[ContractRecord]) -> list[tuple[str, str]]:
    """Each change with its day, what is agreed afterwards, and how it is accounted for."""
    if not records:
        return []
    rows = ModificationTreatment.objects.filter(reference=records[0].reference).select_related("approved_by")
    treatments = {row.version: row for row in rows}
    facts = []
    for record in records:
        kind = record.modification_kind.replace("_", "-")
        said = _("{kind} from {day}, {amount}").format(
            kind=kind, day=day(record.effective_on), amount=money(record.amount, record.currency)
        )
        if row := treatments.get(record.version):
            words = _("{change}; {treatment} proposed, finance has not decided")
            words = _("{change}; {treatment}, approved") if row.in_force else words
            treatment = spoken(row.get_decided_display() if row.in_force else row.get_proposed_display())
            said = words.format(change=said, treatment=within(treatment))
        facts.append((_("Change {version}").format(version=record.version), said))
    return facts


def _subscription(reader: Reader, contracts: list[WorkItem]) -> Station:
    billing = reader.systems["billing"]
    station = Station(kind="subscription", title=_("Subscription in {system}").format(system=billing))
    rows = [row for row in reader.deliveries if row.kind == "contract" and row.role == "billing"]
    live = [row for row in rows if row.condition not in (Condition.SUPERSEDED, Condition.WITHDRAWN)]
    if contracts:
        station.names = reader.names_of(contracts[-1].reference)
    if not station.names:
        stopped = bool(contracts) and not live
        words = _("Expected: subscription from {system}")
        words = _("Comes after the contract: subscription in {system}") if stopped else words
        station.expected = words.format(system=billing)
        return station
    last = live[-1] if live else rows[-1] if rows else None
    if last:
        station.amount = money(last.amount, last.currency)
        station.facts = [(_("Set up"), moment(last.delivered_at))]
        if last.reconciled_at:
            station.facts.append((_("Agreed by a control"), moment(last.reconciled_at)))
        station.standing = standing(last, cases=reader.case_of, waits=reader.waits)
    return station


def _invoices(reader: Reader, *, is_reached: bool) -> list[Station]:
    billing, erp = reader.systems["billing"], reader.systems["erp"]
    out = []
    records = {row.reference: row for row in InvoiceRecord.objects.filter(reference__in=reader.references)}
    by_reference: dict[str, list[WorkItem]] = {}
    for item in reader.of("invoice_to_erp"):
        by_reference.setdefault(item.reference, []).append(item)
    for reference, items in list(by_reference.items())[:MOST]:
        record, item = records.get(reference), items[-1]
        station = Station(
            kind="invoice", title=item.title or _("Invoice"), amount=sum_text(item), passages=reader.passages(items)
        )
        own_id = record.billing_id if record else item.event.object_id
        station.names = [
            reader.name(item.event.connection, kind="invoice", external_id=own_id),
            *reader.names_of(reference),
        ]
        if record:
            station.facts = [
                (_("Document date"), day(record.document_date)),
                (_("Posting date"), day(record.posting_date)),
                (_("Due"), day(record.due_on)),
                (_("Net"), money(record.net, record.currency)),
                (_("Tax"), money(record.tax, record.currency)),
            ]
        out.append(station)
        out += _posting_gap(station, items, erp)
    if not out:
        words = _("Expected: invoice from {system}") if is_reached else _("Comes after the subscription: invoice")
        out.append(Station(kind="invoice", title=_("Invoice"), expected=words.format(system=billing)))
    return out


def _posting_gap(station: Station, items: list[WorkItem], erp: str) -> list[Station]:
    """An invoice nothing is owed for yet has no posting to wait for: say so."""
    if any(one.to for one in station.passages):
        return []
    title, expected = _("Posting in {system}"), _("Comes after the invoice is mapped: posting in {system}")
    return [Station(kind="posting", title=title.format(system=erp), expected=expected.format(system=erp))]


def _corrections(reader: Reader) -> list[Station]:
    """What lowers an invoice: nobody expects it, so it is shown only where it is."""
    out = []
    for flow, kind in (
        ("credit_memo_to_erp", "credit_memo"),
        ("void_to_erp", "void"),
        ("write_off_to_erp", "write_off"),
    ):
        for item in reader.of(flow)[:MOST]:
            station = Station(kind=kind, title=item.title, amount=sum_text(item), passages=reader.passages([item]))
            shown_as = kind if kind == "credit_memo" else "invoice"
            station.names = [
                reader.name(item.event.connection, kind=shown_as, external_id=item.event.object_id),
                *reader.names_of(item.reference),
            ]
            station.facts = [(_("Document date"), day(item.effective_on))]
            out.append(station)
    return out


def _payments(reader: Reader, *, are_invoiced: bool) -> list[Station]:
    billing = reader.systems["billing"]
    out = []
    payments = {row.reference: row for row in PaymentRecord.objects.filter(reference__in=reader.references)}
    allocations = {row.reference: row for row in AllocationRecord.objects.filter(reference__in=reader.references)}
    for item in reader.of("payment_to_erp")[:MOST]:
        payment = payments.get(item.reference)
        station = Station(
            kind="payment", title=item.title or _("Payment"), amount=sum_text(item), passages=reader.passages([item])
        )
        own_id = payment.gateway_id if payment else item.event.object_id
        station.names = [
            reader.name(item.event.connection, kind="payment", external_id=own_id),
            *reader.names_of(item.reference),
        ]
        station.facts = [(_("Received"), day(item.effective_on))]
        out.append(station)
    paid = bool(out)
    for item in reader.of("cash_application")[:MOST]:
        allocation = allocations.get(item.reference)
        station = Station(
            kind="allocation",
            title=_("Payment applied to invoice"),
            amount=sum_text(item),
            passages=reader.passages([item]),
        )
        station.names = reader.names_of(item.reference)
        if allocation:
            station.facts = [(_("Applied"), day(allocation.applied_on))]
        out.append(station)
    if not paid:
        words = _("Expected: payment from {system}") if are_invoiced else _("Comes after the invoice: payment")
        out.append(Station(kind="payment", title=_("Payment"), expected=words.format(system=billing)))
    if not reader.of("cash_application"):
        words = _("Comes after the payment: cash application")
        words = _("Expected: cash application from {system}").format(system=billing) if paid else words
        out.append(Station(kind="allocation", title=_("Payment applied to invoice"), expected=words))
    return out


def _customer(reader: Reader) -> Trail:
    """The account in the CRM, the customer in billing and in the ERP, and its deals."""
    items = reader.of("customer_sync")
    newest = items[-1] if items else None
    reference = newest.reference if newest else reader.correlation_id
    record = CustomerRecord.objects.filter(reference=reference).first()
    name = record.name if record else newest.title if newest else reference
    heading, crm = _("Customer {customer}").format(customer=name), reader.systems["crm"]
    trail = Trail(correlation_id=reader.correlation_id, kind="customer", heading=heading, customer_name=name)
    account = Station(kind="account", title=_("Account in {system}").format(system=crm))
    if newest:
        account.names = [
            reader.name(newest.event.connection, kind="customer", external_id=newest.reference.partition(":")[2])
        ]
        account.facts = [(_("First heard"), moment(items[0].event.received_at)), (_("Versions"), str(len(items)))]
        account.standing = _received_from(newest)
    else:
        account.expected = _("Expected: account from {system}").format(system=crm)
    trail.stations = [account, _mapped_customer(items, record, reader)]
    for role in ("billing", "erp"):
        trail.stations.append(_customer_in(reader, role, items))
    trail.stations.append(reader.feedback("account"))
    trail.deals, trail.deals_more = _deals(reference)
    return trail


def _mapped_customer(items: list[WorkItem], record: CustomerRecord | None, reader: Reader) -> Station:
    station = Station(kind="customer", title=_("Customer in the portal"))
    station.passages = [one for one in reader.passages(items[-1:]) if not one.to]
    if record:
        station.facts = [(_("Country"), record.address.get("country", "")), (_("Company"), record.legal_entity.code)]
        if record.parent_reference:
            station.facts.append((_("Belongs to"), customer_of(record.parent_reference, name="")[0]))
        if not station.passages:
            station.standing = Standing(text=_("Checked and mapped."), tone="good", icon="check_circle")
    return station


def _customer_in(reader: Reader, role: str, items: list[WorkItem]) -> Station:
    system = reader.systems[role]
    station = Station(kind=f"customer in {role}", title=_("Customer in {system}").format(system=system))
    ids = {row.target_id for row in reader.deliveries if row.role == role}
    pks = {row.work_item_id for row in reader.deliveries if row.role == role}
    mine: list[Passage] = [
        one for one in reader.passages([item for item in items if item.pk in pks]) if one.to == system
    ]
    station.passages = mine
    reference = items[-1].reference if items else reader.correlation_id
    station.names = [
        reader.name(connection, kind=kind, external_id=own)
        for connection, kind, own in reader.names.get(reference, [])
        if connection.pk in ids or connection.role == role
    ]
    if not mine and not station.names:
        station.expected = _("Comes after the checks: customer in {system}").format(system=system)
    return station


def _deals(reference: str) -> tuple[list[tuple[str, str, str, Standing]], int]:
    """Deals of a customer, what stands still first: (title, amount, link, standing); and how many more."""
    waiting = list(
        WorkItem.objects.filter(waits_for=reference, flow="closed_won_to_billing").order_by("effective_on")[:MOST]
    )
    blocked = list(
        ExceptionCase.objects.filter(
            status=ExceptionCase.Status.OPEN, customer_reference=reference, work_item__flow="closed_won_to_billing"
        ).select_related("problem")[:MOST]
    )
    carried = ContractRecord.objects.filter(customer_reference=reference).order_by("-signed_on", "-version")
    out = [
        (
            case.document,
            money(case.amount, case.currency),
            f"/t/{case.correlation_id}",
            Standing(text=_("Blocked: {why}.").format(why=titles.title(case)), tone="stop", icon="block", case=case),
        )
        for case in blocked
    ]
    out += [
        (
            item.title,
            sum_text(item),
            f"/t/{item.correlation_id}",
            Standing(text=_("Waiting for this customer."), tone="wait", icon="hourglass_empty"),
        )
        for item in waiting
    ]
    room = max(MOST - len(out), 10)
    out += [
        (
            _("Deal {number}").format(number=row.crm_opportunity_id),
            sum_text(row),
            f"/t/{row.correlation_id}",
            Standing(text=_("Contract since {day}.").format(day=day(row.signed_on)), tone="good", icon="check_circle"),
        )
        for row in carried[:room]
    ]
    return out, max(carried.count() - room, 0)
