"""What someone does at the vendor's own screens: checked less than a call, but posted and noted all the same."""

from decimal import Decimal

from connectors.sandbox.books import Document
from connectors.sandbox.netsuite.amounts import set_total
from connectors.sandbox.netsuite.archive import AT_THE_SCREEN, Archive
from connectors.sandbox.netsuite.fields import RECORDS, TRANSACTIONS, is_custom
from connectors.sandbox.netsuite.plain import Plain
from connectors.sandbox.netsuite.refusals import Refusal
from connectors.sandbox.netsuite.sublists import take_lines
from connectors.sandbox.netsuite.transactions import Transactions
from connectors.sandbox.netsuite.values import kept_open, take


class Edits:
    """Brings totals, ledger, indexes and trail in line with a document that was changed or removed directly."""

    def __init__(self, archive: Archive, transactions: Transactions, plain: Plain) -> None:
        self.archive = archive
        self.transactions = transactions
        self.plain = plain

    def follow(self, kind: str, key: str) -> None:
        """Take over a document's present state. Raises Refusal, with the old state restored, if it cannot stand."""
        old = self.archive.images.get((kind, key))
        new = self.archive.books.get(kind, key)
        if kind not in RECORDS or old is None:
            return
        # The way in is always the same: put the old one back, then make the change properly.
        self.archive.books.put(kind, key, old)
        if new is None:
            remover = self.transactions if kind in TRANSACTIONS else self.plain
            remover.delete(kind, old, author=AT_THE_SCREEN, checked=False)
            return
        voids = kind == "customerPayment" and new.pop("voided", False) is True and not old.get("voided")
        if voids:
            # the button "Void" without reversing journals: nothing is paid or applied any more, the record stays
            new |= {"payment": "0", "memo": "VOID", "apply": {"items": []}, "credit": {"items": []}}
        # the month-end task "Revalue open foreign currency balances" makes transactions of a type of its own, which
        # look like journals and which nobody can write (docs.oracle.com, section_1550016096)
        revalues = kind == "journalEntry" and new.pop("revalues", False) is True
        draft = self._typed(kind, old, new) | ({"voided": True} if voids else {})
        draft |= {"revalues": True} if revalues else {}
        if kind in TRANSACTIONS:
            sent = frozenset(name for name in draft if draft.get(name) != old.get(name))
            if "total" in new and "item" in old and "item" not in sent and str(new["total"]) != old["total"]:
                try:
                    set_total(draft, Decimal(str(new["total"])))
                except ArithmeticError as error:
                    raise Refusal("unknown_value", value=new["total"], field="total", path="total") from error
            self.transactions.book(kind, draft, old=old, sent=sent, author=AT_THE_SCREEN, checked=False)
        else:
            self.plain.keep(kind, draft, author=AT_THE_SCREEN, checked=False)
        if kind == "accountingPeriod":
            self.transactions.periods.forget()

    def _typed(self, kind: str, old: Document, new: Document) -> Document:
        """The edited document in the books' own forms; a changed line keeps nothing that follows from the change."""
        record, draft = RECORDS[kind], dict(old)
        for name, value in new.items():
            if value == old.get(name) or name in record.read_only or name == "id":
                continue
            if name in record.lines:
                items = value["items"] if isinstance(value, dict) else value
                before = old.get(name, {"items": []})["items"]
                draft[name] = {"items": self._typed_lines(kind, name, items, before=before)}
            elif is_custom(name):
                draft[name] = kept_open(value)
            elif name not in record.fields:
                raise Refusal("unknown_property", record=kind, field=name, path=name)
            elif value is None:
                draft.pop(name, None)
            else:
                draft[name] = take(record.fields[name], value, field=name, path=name, archive=self.archive)
        return draft

    def _typed_lines(self, kind: str, name: str, items: list[Document], *, before: list[Document]) -> list[Document]:
        """The lines as they were typed: what did not change does not count as typed, so it follows what did."""
        sublist = RECORDS[kind].lines[name]
        known = {str(line.get(sublist.key)): line for line in before}
        lines: list[Document] = []
        for item in items:
            old = known.get(str(item.get(sublist.key)))
            typed = {
                field: value
                for field, value in item.items()
                if old is None or field == sublist.key or value != old.get(field)
            }
            base = [old] if old is not None else lines
            taken = take_lines(
                name,
                sublist,
                [typed],
                before=base,
                replace=False,
                archive=self.archive,
                strictness="error",
                record=kind,
            )
            lines = [*lines, taken[0]] if old is not None else taken
        return lines
