"""Why a whole system is not called, in words; part of the table in sync.reasons."""

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
)
