"""Why a whole system is not called, or our own books cannot be trusted, in words; part of the table in sync.reasons."""

#: code, title, cause, what it holds up, the seller's sentence
SYSTEMS: tuple[tuple[str, str, str, str, str], ...] = (
    (
        "SYSTEM_UNREACHABLE",
        "System cannot be reached for some time",
        "No call to {system} has worked for a quarter of an hour.",
        "All work for this system waits; nothing is lost, and it goes on by itself.",
        "Billing is waiting for {system}.",
    ),
    (
        "SOURCE_LIST_UNREADABLE",
        "What changed there cannot be read",
        "{system} answers when asked what changed ({value}), and the portal fails at its answer.",
        "What {system} calls about still comes in; what its calls missed does not, until this is mended.",
        "Billing may not have heard of every change yet.",
    ),
    (
        "AUTH_EXPIRED",
        "We cannot sign in",
        "{system} refuses our sign-in.",
        "All work for this system waits; nothing is lost.",
        "Billing is waiting for {system}.",
    ),
    (
        "PERMISSION_MISSING",
        "Our user may not do this there",
        "{system} says our user lacks a permission.",
        "All work for this system waits; nothing is lost.",
        "Billing is waiting for {system}.",
    ),
    (
        "ADDRESS_REFUSED",
        "Address not acceptable",
        "The address set for {system} may not be called.",
        "All work for this system waits; nothing is lost.",
        "Billing is waiting for {system}.",
    ),
    (
        "PAUSED_BY_HAND",
        "Paused by a person",
        "Somebody paused {system}.",
        "All work for this system waits until it is resumed; nothing is lost.",
        "Billing is waiting for {system}.",
    ),
    (
        "JOURNAL_BROKEN",
        "Audit journal does not verify",
        "The verification says “{value}”, so the audit journal is not as it was written.",
        "No work stops. Until it is explained, the trail is no evidence from that number on.",
        "",
    ),
)
