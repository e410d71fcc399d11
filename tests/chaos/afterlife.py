"""What happens to a document after it was issued: credited, voided, paid in parts or too much, given back, disputed.

The fate of an invoice is drawn from the world's chance. Everything billing says is kept here in plain sums: what each
invoice still has open, and what the gateway's balance of a company and currency holds until it is paid out.
"""

from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from typing import Any

from connectors.canonical import (
    Allocation,
    Canonical,
    CreditMemo,
    CreditMemoLine,
    Dispute,
    DisputeMovement,
    DisputeOutcome,
    DocumentVoid,
    Invoice,
    Payment,
    Payout,
    PayoutLine,
    Refund,
    RefundFailure,
)
from tests.chaos.world import World

SYSTEM = "stripe_billing"
NOTHING = Decimal(0)
#: kinds of a payout's parts, by the shape that moved the gateway's balance
CATEGORIES = {"payment": "charge", "refund": "refund", "refund_failure": "refund", "dispute_movement": "dispute"}


@dataclass(kw_only=True)
class Life:
    """One invoice as billing has it."""

    invoice: Invoice
    entity: str
    number: int
    #: what the customer still owes for it
    open: Decimal
    payments: int = 0
    memos: int = 0
    refunds: int = 0

    def part(self, chance: Callable[[], float], of: Decimal) -> Decimal:
        """A part of an amount, in whole minor units of its currency, more than nothing where there is anything."""
        unit = Decimal(1).scaleb(of.as_tuple().exponent)  # type: ignore[arg-type]
        return max((of * Decimal(str(chance()))).quantize(unit), min(unit, of))


@dataclass(kw_only=True)
class Afterlife:
    """The later departments of one billing system."""

    #: says a shape to the world: kind, object id, shapes
    say: Callable[..., Any]
    code: str
    world: Callable[[], World]
    #: entity -> its local date now
    today: Callable[[str], date]
    lives: dict[str, Life] = field(default_factory=dict)
    #: everything said, with the entity it belongs to, for the checker
    said: list[Canonical] = field(default_factory=list)
    #: (entity, currency) -> movements of the gateway's balance that were not paid out yet
    balance: dict[tuple[str, str], list[PayoutLine]] = field(default_factory=lambda: defaultdict(list))
    numbers: Counter[str] = field(default_factory=Counter)

    def of(self, invoice: Invoice, number: int, entity: str) -> Life:
        """The life of this invoice, which begins when it is first asked for."""
        fresh = Life(invoice=invoice, entity=entity, number=number, open=invoice.total)
        return self.lives.setdefault(invoice.reference, fresh)

    # -- fates ------------------------------------------------------------------------------------------
    def begin(self, invoice: Invoice, number: int, entity: str) -> None:
        """Draw what becomes of an invoice."""
        life = self.of(invoice, number, entity)
        fates = (
            self._credited_then_paid,
            self._voided,
            self._paid_in_parts,
            self._paid_too_much_and_refunded,
            self._credited_after_payment_and_refunded,
            self._disputed,
            self._paid,
        )
        self.world().random.choice(fates)(life)

    def _credited_then_paid(self, life: Life) -> None:
        for turn in range(self.world().random.randint(1, 2)):
            self._later(10 + 300 * turn, 300 + 300 * turn, lambda: self.credit(life, self._part(life, life.open)))
        self._later(900, 2000, lambda: self.collect(life, life.open))

    def _voided(self, life: Life) -> None:
        self._later(5, 1800, lambda: self.void(life))

    def _paid_in_parts(self, life: Life) -> None:
        self._later(5, 900, lambda: self.collect(life, self._part(life, life.open)))
        self._later(1000, 2000, lambda: self.collect(life, life.open))

    def _paid_too_much_and_refunded(self, life: Life) -> None:
        extra = self._part(life, life.invoice.total)

        def pay() -> None:
            payment = self.collect(life, life.open, extra=extra)
            if payment:
                home = self.world().chance(0.4)
                self._later(300, 2000, lambda: self.refund(life, payment, extra, comes_home=home))

        self._later(5, 1800, pay)

    def _credited_after_payment_and_refunded(self, life: Life) -> None:
        def pay() -> None:
            payment = self.collect(life, life.open)
            if payment:
                self._later(300, 2000, lambda: give_back(payment))

        def give_back(payment: Payment) -> None:
            amount = self._part(life, life.invoice.total)
            memo = self.credit(life, amount, on_account=True)
            if memo:
                self._later(5, 2000, lambda: self.refund(life, payment, amount, of=memo.reference))

        self._later(5, 1800, pay)

    def _disputed(self, life: Life) -> None:
        def pay() -> None:
            payment = self.collect(life, life.open)
            if payment:
                self._later(300, 2000, lambda: self.dispute(life, payment, won=self.world().chance(0.5)))

        self._later(5, 1800, pay)

    def _paid(self, life: Life) -> None:
        self._later(5, 1800, lambda: self.collect(life, life.open))

    def _part(self, life: Life, of: Decimal) -> Decimal:
        return life.part(self.world().random.random, of)

    def _later(self, least: float, most: float, act: Callable[[], object]) -> None:
        world = self.world()
        world.after(world.seconds(least, most), "billing", act)

    # -- what happens -----------------------------------------------------------------------------------
    def collect(self, life: Life, amount: Decimal, *, extra: Decimal = NOTHING) -> Payment | None:
        """The customer pays an amount of the invoice, and something beyond it."""
        amount = min(amount, life.open)
        if amount <= 0:
            return None
        life.payments += 1
        life.open -= amount
        key = f"{life.number}" if life.payments == 1 else f"{life.number}-{life.payments}"
        day = self.today(life.entity)
        payment = Payment(
            reference=f"payment:{self.code}:{key}",
            gateway_id=f"{self.code}-pi-{key}",
            origin="gateway",
            received_on=day,
            amount=amount + extra,
            pays_reference=life.invoice.reference,
            **self._common(life),
        )
        allocation = Allocation(
            reference=f"allocation:{self.code}:{key}",
            payment_reference=payment.reference,
            invoice_reference=life.invoice.reference,
            applied_on=day,
            amount=amount,
            **self._common(life),
        )
        self._say("payment", payment.gateway_id, life, payment, allocation)
        self._moves(life, payment, payment.amount)
        return payment

    def credit(self, life: Life, amount: Decimal, *, on_account: bool = False) -> CreditMemo | None:
        """A part of the price is given back: off what is open, or, once that is paid, on the customer's account."""
        applied = NOTHING if on_account else min(amount, life.open)
        amount = amount if on_account else applied
        if amount <= 0:
            return None
        life.memos += 1
        life.open -= applied
        key, day = f"{self.code}-cn-{life.number}-{life.memos}", self.today(life.entity)
        line = CreditMemoLine(
            line_id="1",
            invoice_line_id="1",
            description="",
            quantity=Decimal(1),
            net=amount,
            tax=NOTHING,
            tax_code="",
            service_starts_on=day,
            service_ends_on=day,
        )
        memo = CreditMemo(
            reference=f"credit_memo:{self.code}:{life.number}-{life.memos}",
            number=key.upper(),
            billing_id=key,
            contract_reference="",
            refers_to=life.invoice.reference,
            reason_code="order_change",
            document_date=day,
            posting_date=day,
            tax_point=day,
            net=amount,
            tax=NOTHING,
            total=amount,
            applied=applied,
            lines=(line,),
            **self._common(life),
        )
        self._say("credit_memo", key, life, memo)
        return memo

    def void(self, life: Life) -> None:
        """The invoice is taken back as if it had never counted."""
        if life.open != life.invoice.total:
            return
        life.open = NOTHING
        invoice, day = life.invoice, self.today(life.entity)
        void = DocumentVoid(
            reference=f"void:{self.code}:{life.number}",
            voids=invoice.reference,
            voided_kind=invoice.kind,
            number=invoice.number,
            invoice_reference=invoice.reference,
            contract_reference="",
            voided_on=day,
            posting_date=day,
            net=invoice.net,
            tax=invoice.tax,
            total=invoice.total,
            applied=invoice.total,
            **self._common(life),
        )
        self._say("void", f"{self.code}-void-{life.number}", life, void)

    def refund(self, life: Life, payment: Payment, amount: Decimal, *, of: str = "", comes_home: bool = False) -> None:
        """Money goes back to the customer; some of it comes home again and is sent once more."""
        life.refunds += 1
        key, day = f"{life.number}-{life.refunds}", self.today(life.entity)
        refund = Refund(
            reference=f"refund:{self.code}:{key}",
            gateway_id=f"{self.code}-re-{key}",
            payment_reference=payment.reference,
            refunded_on=day,
            amount=amount,
            causes=((of, format(amount, "f")),) if of else (),
            **self._common(life),
        )
        self._say("refund", refund.gateway_id, life, refund)
        self._moves(life, refund, -amount)
        if comes_home:
            self._later(600, 2000, lambda: self._come_home(life, payment, refund))

    def _come_home(self, life: Life, payment: Payment, refund: Refund) -> None:
        failure = RefundFailure(
            reference=f"refund_failure:{refund.reference.partition(':')[2]}",
            gateway_id=refund.gateway_id,
            refund_reference=refund.reference,
            failed_on=self.today(life.entity),
            amount=refund.amount,
            failure_reason="lost_or_stolen_card",
            **self._common(life),
        )
        self._say("refund_failure", f"{refund.gateway_id}-failed", life, failure)
        self._moves(life, failure, refund.amount)
        self._later(600, 2000, lambda: self.refund(life, payment, refund.amount))

    def dispute(self, life: Life, payment: Payment, *, won: bool) -> None:
        """The customer's bank takes the money; when the dispute is won it comes back."""
        key, day = f"{self.code}-dp-{life.number}", self.today(life.entity)
        common = {**self._common(life), "gateway_id": key, "payment_reference": payment.reference}
        dispute = Dispute(
            reference=f"dispute:{self.code}:{life.number}",
            opened_on=day,
            amount=payment.amount,
            dispute_reason="product_not_received",
            **common,
        )
        taken = self._movement(life, dispute, -payment.amount, "withdrawn", common)
        self._say("dispute", key, life, dispute, taken)
        self._moves(life, taken, -payment.amount)

        def ends() -> None:
            outcome = DisputeOutcome(
                reference=f"dispute_outcome:{self.code}:{life.number}",
                dispute_reference=dispute.reference,
                outcome="won" if won else "lost",
                amount=payment.amount,
                **common,
            )
            shapes: tuple[Canonical, ...] = (outcome,)
            if won:
                back = self._movement(life, dispute, payment.amount, "reinstated", common)
                shapes = (outcome, back)
                self._moves(life, back, payment.amount)
            self._say("dispute_closed", f"{key}-end", life, *shapes)

        self._later(900, 2000, ends)

    def _movement(
        self, life: Life, dispute: Dispute, amount: Decimal, what: str, common: dict[str, Any]
    ) -> DisputeMovement:
        return DisputeMovement(
            reference=f"dispute_movement:{self.code}:{life.number}-{what}",
            dispute_reference=dispute.reference,
            moved_on=self.today(life.entity),
            amount=amount,
            **common,
        )

    # -- the gateway's balance ----------------------------------------------------------------------------
    def _moves(self, life: Life, subject: Any, amount: Decimal) -> None:
        lines = self.balance[life.entity, subject.currency]
        lines.append(
            PayoutLine(
                line_id=f"txn-{self.code}-{sum(self.numbers.values())}-{len(lines)}",
                category=CATEGORIES[subject.kind],
                source_reference=subject.reference,
                gross=amount,
                fee=NOTHING,
                net=amount,
                moved_on=self.today(life.entity),
            )
        )

    def pay_out(self) -> None:
        """Everything the gateway holds goes to the bank, one payout for each company and currency."""
        for (entity, currency), lines in self.balance.items():
            # a payout without a receipt names no company
            if not any(line.category == "charge" for line in lines):
                continue
            sums: dict[str, Decimal] = defaultdict(Decimal)
            for line in lines:
                sums[line.category] += line.net
            self.numbers[entity] += 1
            key = f"{self.code}-po-{entity}-{currency}-{self.numbers[entity]}"
            zero = lines[0].net - lines[0].net
            payout = Payout(
                reference=f"payout:{self.code}:{entity}-{currency}-{self.numbers[entity]}",
                version=1,
                correlation_id="",
                currency=currency,
                source_system=SYSTEM,
                gateway_id=key,
                paid_on=self.today(entity),
                amount=sum((line.net for line in lines), zero),
                charges=zero + sums["charge"],
                refunds=zero + sums["refund"],
                disputes=zero + sums["dispute"],
                dispute_fees=zero,
                fees=zero,
                lines=tuple(lines),
            )
            self.said.append(replace(payout, legal_entity=entity))
            self.say("payout", key, payout, revision=1)
            lines.clear()

    # -- saying it ------------------------------------------------------------------------------------------
    def _common(self, life: Life) -> dict[str, Any]:
        return {
            "version": 1,
            "correlation_id": "",
            "currency": life.invoice.currency,
            "customer_reference": "",
            "source_system": SYSTEM,
        }

    def _say(self, kind: str, object_id: str, life: Life, *shapes: Canonical) -> None:
        self.said += [replace(shape, legal_entity=life.entity) for shape in shapes]
        self.say(kind, object_id, *shapes, revision=1)
