"""Registers: lists of a company's documents with what an auditor asks of each; one file per list."""

from reconciliation.figures_registers.corrections import CORRECTIONS
from reconciliation.figures_registers.disputes import DISPUTES
from reconciliation.figures_registers.late import LATE
from reconciliation.figures_registers.open_cash import OPEN_CASH
from reconciliation.figures_registers.register import Register, Shown, show
from reconciliation.figures_registers.tax import TAX

#: by name, in the order of the page
REGISTERS: dict[str, Register] = {one.name: one for one in (CORRECTIONS, DISPUTES, OPEN_CASH, TAX, LATE)}

__all__ = ["REGISTERS", "Register", "Shown", "show"]
