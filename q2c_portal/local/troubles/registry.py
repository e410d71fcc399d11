"""All troubles of the demo, in the order they are played."""

from q2c_portal.local.troubles import cash, compared, deals, documents, systems, taxes
from q2c_portal.local.troubles.trouble import Trouble

TROUBLES: tuple[Trouble, ...] = (
    *deals.TROUBLES,
    *taxes.TROUBLES,
    *documents.TROUBLES,
    *cash.TROUBLES,
    *compared.TROUBLES,
    *systems.TROUBLES,
)
