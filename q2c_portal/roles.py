"""Roles as groups with permissions; made again after every migration, so that they are always as written here.

No role both asks and approves, and the one that manages users touches nothing else.
"""

from typing import Any

from django.apps import AppConfig, apps
from django.contrib.auth.management import create_permissions
from django.contrib.auth.models import Group, Permission

_SEE = [
    "reconciliation.view_exceptioncase",
    "reconciliation.view_problem",
    "reconciliation.view_approvalrequest",
    "reconciliation.view_fixrun",
    "reconciliation.view_controlrun",
    "reconciliation.view_break",
    "reconciliation.view_signoff",
    "reconciliation.view_signoffpolicy",
    "reconciliation.view_approvallimits",
    "sync.view_delivery",
    "sync.view_workitem",
    "sync.view_sourceevent",
    "sync.view_connection",
    "sync.view_productmapping",
    "sync.view_countrymapping",
    "sync.view_learnedanswer",
    "sync.view_entitymapping",
    "sync.view_customerrecord",
    "sync.view_contractrecord",
    "sync.view_modificationtreatment",
    "sync.view_invoicerecord",
    "sync.view_creditmemorecord",
    "sync.view_voidrecord",
    "sync.view_writeoffrecord",
    "sync.view_documentpolicy",
    "sync.view_unposteddocument",
    "sync.view_paymentrecord",
    "sync.view_journalentry",
    "sync.view_journalbatchrecord",
    "sync.view_revenueengine",
    "sync.view_revenueschedulerecord",
    "sync.view_usagemeter",
    "sync.view_usageplanrecord",
    "sync.view_usagesummaryrecord",
    "sync.view_usageperiod",
    "sync.view_usagetrueuprecord",
    "sync.view_legalentity",
    "sync.view_accountingperiod",
]
_WORK = ["reconciliation.work_cases", "reconciliation.add_casecomment"]

ROLES: dict[str, list[str]] = {
    "Sales operations": [*_SEE, *_WORK, "reconciliation.ask_configuration"],
    "Billing operations": [*_SEE, *_WORK, "reconciliation.ask_configuration"],
    "Finance preparer": [
        *_SEE,
        *_WORK,
        "reconciliation.ask_money",
        "reconciliation.ask_configuration",
        "reconciliation.prepare_signoff",
        "reconciliation.begin_close",
        "reconciliation.make_evidencepack",
        "reconciliation.view_evidencepack",
    ],
    "Finance approver": [
        *_SEE,
        "reconciliation.add_casecomment",
        "reconciliation.approve_money",
        "reconciliation.approve_configuration",
        "reconciliation.review_signoff",
        "reconciliation.finish_close",
        "reconciliation.make_evidencepack",
        "reconciliation.view_evidencepack",
        "sync.assess_lateposting",
    ],
    "Integration support": [
        *_SEE,
        *_WORK,
        "reconciliation.classify_answers",
        "sync.replay_sourceevent",
        "reconciliation.view_ownershiprule",
    ],
    "Auditor": [
        *_SEE,
        "reconciliation.view_ownershiprule",
        "reconciliation.view_approvalpolicy",
        "reconciliation.view_evidencepack",
        "reconciliation.view_secondfactor",
        "sync.view_attempt",
    ],
    "Executive": ["reconciliation.view_exceptioncase", "reconciliation.view_problem", "reconciliation.view_controlrun"],
    "Configuration admin": [
        *_SEE,
        "sync.change_connection",
        "sync.change_legalentity",
        "sync.view_postingwindow",
        "sync.change_postingwindow",
        "reconciliation.add_ownershiprule",
        "reconciliation.change_ownershiprule",
        "reconciliation.view_ownershiprule",
        "reconciliation.view_approvalpolicy",
    ],
    "User admin": ["auth.view_user", "auth.add_user", "auth.change_user", "auth.view_group"],
}


def make_roles() -> None:
    """Create or correct every role's group."""
    for name, permissions in ROLES.items():
        group, _ = Group.objects.get_or_create(name=name)
        wanted = []
        for permission in permissions:
            app, codename = permission.split(".")
            found = Permission.objects.filter(content_type__app_label=app, codename=codename).first()
            if found is None:
                raise LookupError(f"role {name!r} names a permission that does not exist: {permission}")
            wanted.append(found)
        group.permissions.set(wanted)


def make_roles_after_migrate(app_config: AppConfig, **_: Any) -> None:
    """Permissions of all apps exist once the last app has migrated."""
    if app_config.label == "reconciliation":
        for config in apps.get_app_configs():
            create_permissions(config, verbosity=0)
        make_roles()
