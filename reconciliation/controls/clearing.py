"""Roll-forward of the gateway's clearing account: what every movement leaves there is the balance the ERP shows."""

from reconciliation.controls.control import Control, Type
from sync.balances import clearing

CLEARING = Control(
    name="clearing",
    title="The clearing account holds what the gateway owes",
    leg="",
    kind="clearing account",
    left_role="portal",
    left_kind="clearing",
    right_role="erp",
    right_kind="clearing",
    type=Type.BALANCE,
    as_of=True,
    compares=("net",),
    date_basis="Posting date on both sides, up to the business date",
    assertion="Completeness, accuracy, existence",
    applies=clearing.has_gateway,
    left_reader=clearing.lines,
)
