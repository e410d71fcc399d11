"""Demo people, one per role; they and their printed passwords exist only under make run."""

import json
import secrets
from pathlib import Path

from django.conf import settings
from django.contrib.auth.models import Group, User

#: sign-in name -> (role, words shown beside it)
PEOPLE = {
    "sales.ops": "Sales operations",
    "billing.ops": "Billing operations",
    "finance.preparer": "Finance preparer",
    "finance.approver": "Finance approver",
    "integration": "Integration support",
    "auditor": "Auditor",
    "executive": "Executive",
    "config.admin": "Configuration admin",
    "user.admin": "User admin",
}


def file() -> Path:
    return settings.STATE_DIR / "logins.json"


def logins() -> dict[str, str]:
    """Sign-in name -> password, as printed by make run; empty anywhere else."""
    return json.loads(file().read_text()) if settings.DEMO and file().exists() else {}


def make_people() -> dict[str, str]:
    """Create the demo people with passwords of this copy only. Raises RuntimeError outside the demo."""
    if not settings.DEMO:
        raise RuntimeError("Demo people exist only under make run.")
    known = logins()
    for name, role in PEOPLE.items():
        known.setdefault(name, f"demo-{secrets.token_hex(4)}")
        user, _ = User.objects.get_or_create(username=name, defaults={"first_name": role, "is_staff": True})
        user.is_staff, user.is_superuser, user.first_name = True, False, role
        if not user.check_password(known[name]):
            user.set_password(known[name])
        user.save()
        user.groups.set([Group.objects.get(name=role)])
    file().parent.mkdir(parents=True, exist_ok=True)
    file().write_text(json.dumps(known, indent=1))
    file().chmod(0o600)
    return known
