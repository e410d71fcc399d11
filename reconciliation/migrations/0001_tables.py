"""Every table of the desk, with its constraints and indexes. Databases that came here step by step stay as they are:
`replaces` names their steps.
"""

from decimal import Decimal

import django.contrib.postgres.constraints
import django.contrib.postgres.fields.ranges
import django.core.validators
import django.db.models.deletion
import django.db.models.functions.text
import simple_history.models
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    replaces = [
        ("reconciliation", "0001_start"),
        ("reconciliation", "0002_index_open_cases_by_due_time"),
        ("reconciliation", "0003_own_records_as_a_side"),
        ("reconciliation", "0004_rows_people_keep"),
        ("reconciliation", "0005_sign_offs"),
        ("reconciliation", "0006_journal_that_does_not_verify"),
        ("reconciliation", "0007_evidence_packs"),
        ("reconciliation", "0008_matches"),
        ("reconciliation", "0009_causes_of_breaks"),
        ("reconciliation", "0010_desk"),
        ("reconciliation", "0011_reconciling_items"),
        ("reconciliation", "0012_mentions_and_presence"),
    ]

    dependencies = [
        ("auth", "__first__"),
        ("sync", "0030_seals_follow_each_other"),
    ]

    operations = [
        migrations.CreateModel(
            name="ApprovalPolicy",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("version", models.PositiveIntegerField(unique=True)),
                ("currency", models.CharField(default="USD", max_length=3)),
                ("limit", models.DecimalField(decimal_places=4, default=10000, max_digits=20)),
                ("second_tier", models.DecimalField(decimal_places=4, default=100000, max_digits=20)),
                ("third_tier", models.DecimalField(decimal_places=4, default=500000, max_digits=20)),
                ("valid_for_hours", models.PositiveIntegerField(default=72)),
                ("in_force_from", models.DateTimeField()),
            ],
            options={
                "verbose_name_plural": "approval policies",
                "ordering": ["-version"],
            },
        ),
        migrations.CreateModel(
            name="Problem",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("reason", models.CharField(max_length=40)),
                ("fingerprint", models.CharField(max_length=64, unique=True)),
                ("field", models.CharField(blank=True, max_length=120)),
                ("value", models.CharField(blank=True, max_length=300)),
                ("system", models.CharField(blank=True, max_length=40)),
                (
                    "team",
                    models.CharField(
                        choices=[
                            ("sales_ops", "Sales operations"),
                            ("billing_ops", "Billing operations"),
                            ("finance", "Finance"),
                            ("integration", "Integration support"),
                        ],
                        max_length=12,
                    ),
                ),
                ("first_seen_at", models.DateTimeField()),
                ("last_seen_at", models.DateTimeField()),
                ("solved_at", models.DateTimeField(blank=True, null=True)),
                ("regressed_at", models.DateTimeField(blank=True, null=True)),
            ],
            options={
                "ordering": ["-last_seen_at", "-pk"],
            },
        ),
        migrations.CreateModel(
            name="ControlRun",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("control", models.CharField(max_length=40)),
                ("business_date", models.DateField()),
                ("version", models.PositiveIntegerField(default=1)),
                ("rule_version", models.PositiveIntegerField(default=1)),
                ("looked_back_to", models.DateField(blank=True, null=True)),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("not_run", "Not run"),
                            ("tied", "Tied"),
                            ("tied_with_items", "Tied, with explained items"),
                            ("open_exceptions", "Breaks with open cases"),
                            ("unexplained", "Unexplained difference"),
                        ],
                        default="not_run",
                        max_length=16,
                    ),
                ),
                ("totals", models.JSONField(default=dict)),
                ("trouble", models.CharField(blank=True, help_text="Why it could not run, in words.", max_length=400)),
                ("started_at", models.DateTimeField()),
                ("finished_at", models.DateTimeField(blank=True, null=True)),
                ("entity", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="sync.legalentity")),
            ],
            options={
                "ordering": ["-business_date", "control", "-version"],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("control", "entity", "business_date", "version"), name="one_run_per_version"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Break",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("control", models.CharField(max_length=40)),
                ("kind", models.CharField(max_length=24)),
                ("reference", models.CharField(max_length=120)),
                ("currency", models.CharField(max_length=3)),
                ("document_date", models.DateField()),
                ("label", models.CharField(max_length=200)),
                ("counterparty", models.CharField(blank=True, max_length=200)),
                ("left", models.JSONField(default=dict)),
                ("right", models.JSONField(default=dict)),
                ("difference", models.DecimalField(decimal_places=4, max_digits=20)),
                ("cause", models.CharField(blank=True, max_length=16)),
                ("cause_with", models.CharField(blank=True, max_length=120)),
                ("found_at", models.DateTimeField()),
                ("healed_at", models.DateTimeField(blank=True, null=True)),
                ("entity", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="sync.legalentity")),
                (
                    "found_in",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="breaks_found",
                        to="reconciliation.controlrun",
                    ),
                ),
                (
                    "healed_in",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="breaks_healed",
                        to="reconciliation.controlrun",
                    ),
                ),
            ],
            options={
                "ordering": ["-found_at", "-pk"],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("healed_at__isnull", True)),
                        fields=("control", "entity", "reference"),
                        name="one_open_break",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="ControlStage",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("control", models.CharField(max_length=40)),
                ("business_date", models.DateField()),
                ("side", models.CharField(choices=[("left", "Left"), ("right", "Right")], max_length=5)),
                ("read_at", models.DateTimeField()),
                ("query", models.TextField(blank=True)),
                ("pages", models.PositiveIntegerField(default=0)),
                ("line_count", models.PositiveIntegerField(default=0)),
                (
                    "read_count",
                    models.PositiveIntegerField(
                        default=0,
                        help_text="Records read from the source; a record may be several lines, or another company's.",
                    ),
                ),
                (
                    "source_count",
                    models.PositiveIntegerField(blank=True, help_text="What the source itself says it has.", null=True),
                ),
                ("sha256", models.CharField(max_length=64)),
                ("is_current", models.BooleanField(default=True)),
                (
                    "connection",
                    models.ForeignKey(
                        help_text="Empty where our own records were read.",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        to="sync.connection",
                    ),
                ),
                ("entity", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="sync.legalentity")),
            ],
            options={
                "ordering": ["-read_at", "-pk"],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("is_current", True)),
                        fields=("control", "entity", "business_date", "side"),
                        name="one_current_reading",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="ControlLine",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("reference", models.CharField(max_length=120)),
                ("external_id", models.CharField(max_length=120)),
                ("document_date", models.DateField()),
                ("currency", models.CharField(max_length=3)),
                ("net", models.DecimalField(decimal_places=4, max_digits=20)),
                ("tax", models.DecimalField(decimal_places=4, max_digits=20)),
                ("gross", models.DecimalField(decimal_places=4, max_digits=20)),
                ("label", models.CharField(max_length=200)),
                ("status", models.CharField(max_length=60)),
                ("counterparty", models.CharField(max_length=200)),
                (
                    "stage",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="lines",
                        to="reconciliation.controlstage",
                    ),
                ),
            ],
            options={
                "ordering": ["pk"],
                "indexes": [models.Index(fields=["stage", "reference"], name="line_by_reference")],
            },
        ),
        migrations.CreateModel(
            name="EvidencePack",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("starts_on", models.DateField()),
                ("ends_on", models.DateField()),
                ("asked_at", models.DateTimeField()),
                (
                    "status",
                    models.CharField(
                        choices=[("asked", "Being written"), ("ready", "Ready"), ("failed", "Could not be written")],
                        default="asked",
                        max_length=6,
                    ),
                ),
                ("made_at", models.DateTimeField(blank=True, null=True)),
                ("sha256", models.CharField(blank=True, max_length=64)),
                ("size", models.PositiveBigIntegerField(default=0, help_text="Bytes.")),
                ("files", models.PositiveIntegerField(default=0)),
                (
                    "trouble",
                    models.CharField(blank=True, help_text="Why it could not be written, in words.", max_length=400),
                ),
                (
                    "asked_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "entity",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="evidence_packs",
                        to="sync.legalentity",
                    ),
                ),
            ],
            options={
                "ordering": ["-asked_at", "-pk"],
                "permissions": [("make_evidencepack", "Have evidence packs written")],
                "default_permissions": ("view",),
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("ends_on__gte", models.F("starts_on"))), name="pack_ends_after_it_starts"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("status", "ready"), _negated=True),
                            models.Q(("made_at__isnull", False), models.Q(("sha256", ""), _negated=True)),
                            _connector="OR",
                        ),
                        name="ready_pack_has_its_hash",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="ExceptionCase",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("reason", models.CharField(max_length=40)),
                (
                    "team",
                    models.CharField(
                        choices=[
                            ("sales_ops", "Sales operations"),
                            ("billing_ops", "Billing operations"),
                            ("finance", "Finance"),
                            ("integration", "Integration support"),
                        ],
                        max_length=12,
                    ),
                ),
                ("claimed_until", models.DateTimeField(blank=True, null=True)),
                (
                    "status",
                    models.CharField(choices=[("open", "Open"), ("closed", "Closed")], default="open", max_length=8),
                ),
                ("reference", models.CharField(blank=True, db_index=True, max_length=120)),
                ("correlation_id", models.CharField(blank=True, db_index=True, max_length=80)),
                ("customer_reference", models.CharField(blank=True, max_length=120)),
                ("customer_name", models.CharField(blank=True, max_length=200)),
                ("document", models.CharField(blank=True, max_length=200)),
                ("effective_on", models.DateField(blank=True, null=True)),
                ("field", models.CharField(blank=True, max_length=120)),
                ("value", models.CharField(blank=True, max_length=300)),
                ("amount", models.DecimalField(blank=True, decimal_places=4, max_digits=20, null=True)),
                ("currency", models.CharField(blank=True, max_length=3)),
                ("evidence", models.JSONField(default=dict)),
                ("opened_at", models.DateTimeField()),
                ("due_at", models.DateTimeField()),
                ("occurrences", models.PositiveIntegerField(default=1)),
                ("regressed", models.BooleanField(default=False)),
                ("snoozed_until", models.DateTimeField(blank=True, null=True)),
                ("closed_at", models.DateTimeField(blank=True, null=True)),
                (
                    "resolution",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("fixed", "Fixed here and checked"),
                            ("went_through", "Went through by itself"),
                            ("fixed_outside", "Fixed in the other system"),
                            ("superseded", "Superseded by a newer version"),
                            ("duplicate", "Duplicate of another case"),
                            ("accepted", "Accepted difference"),
                        ],
                        max_length=14,
                    ),
                ),
                ("closing_note", models.CharField(blank=True, max_length=400)),
                ("version", models.PositiveIntegerField(default=1)),
                (
                    "assignee",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="cases",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "block",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="cases",
                        to="sync.block",
                    ),
                ),
                (
                    "break_row",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="cases",
                        to="reconciliation.break",
                    ),
                ),
                (
                    "closed_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "connection",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="cases",
                        to="sync.connection",
                    ),
                ),
                (
                    "control_run",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="cases",
                        to="reconciliation.controlrun",
                    ),
                ),
                (
                    "delivery",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="cases",
                        to="sync.delivery",
                    ),
                ),
                (
                    "entity",
                    models.ForeignKey(
                        blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, to="sync.legalentity"
                    ),
                ),
                (
                    "event",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="cases",
                        to="sync.sourceevent",
                    ),
                ),
                (
                    "journal_check",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="cases",
                        to="sync.journalcheck",
                    ),
                ),
                (
                    "work_item",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="cases",
                        to="sync.workitem",
                    ),
                ),
                (
                    "problem",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="cases", to="reconciliation.problem"
                    ),
                ),
            ],
            options={
                "ordering": ["due_at", "-amount", "pk"],
                "permissions": [
                    ("work_cases", "Work cases: take, comment, prepare fixes"),
                    ("ask_money", "Ask for approval of a fix that moves money"),
                    ("ask_configuration", "Ask for approval of a mapping or rule"),
                ],
                "indexes": [
                    models.Index(
                        condition=models.Q(("status", "open")), fields=["team", "due_at"], name="open_cases_by_team"
                    ),
                    models.Index(
                        condition=models.Q(("status", "open")), fields=["due_at"], name="open_cases_by_due_time"
                    ),
                    models.Index(
                        condition=models.Q(("status", "open")), fields=["problem"], name="open_cases_by_problem"
                    ),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("break_row__isnull", True),
                                ("connection__isnull", True),
                                ("control_run__isnull", True),
                                ("delivery__isnull", True),
                                ("event__isnull", True),
                                ("journal_check__isnull", True),
                                ("work_item__isnull", False),
                            ),
                            models.Q(
                                ("break_row__isnull", True),
                                ("connection__isnull", True),
                                ("control_run__isnull", True),
                                ("delivery__isnull", False),
                                ("event__isnull", True),
                                ("journal_check__isnull", True),
                                ("work_item__isnull", True),
                            ),
                            models.Q(
                                ("break_row__isnull", False),
                                ("connection__isnull", True),
                                ("control_run__isnull", True),
                                ("delivery__isnull", True),
                                ("event__isnull", True),
                                ("journal_check__isnull", True),
                                ("work_item__isnull", True),
                            ),
                            models.Q(
                                ("break_row__isnull", True),
                                ("connection__isnull", False),
                                ("control_run__isnull", True),
                                ("delivery__isnull", True),
                                ("event__isnull", True),
                                ("journal_check__isnull", True),
                                ("work_item__isnull", True),
                            ),
                            models.Q(
                                ("break_row__isnull", True),
                                ("connection__isnull", True),
                                ("control_run__isnull", False),
                                ("delivery__isnull", True),
                                ("event__isnull", True),
                                ("journal_check__isnull", True),
                                ("work_item__isnull", True),
                            ),
                            models.Q(
                                ("break_row__isnull", True),
                                ("connection__isnull", True),
                                ("control_run__isnull", True),
                                ("delivery__isnull", True),
                                ("event__isnull", False),
                                ("journal_check__isnull", True),
                                ("work_item__isnull", True),
                            ),
                            models.Q(
                                ("break_row__isnull", True),
                                ("connection__isnull", True),
                                ("control_run__isnull", True),
                                ("delivery__isnull", True),
                                ("event__isnull", True),
                                ("journal_check__isnull", False),
                                ("work_item__isnull", True),
                            ),
                            _connector="OR",
                        ),
                        name="case_is_about_one_thing",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("team__in", ["sales_ops", "billing_ops", "finance", "integration"])),
                        name="case_is_owned_by_a_team",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("closed_at__isnull", True), ("status", "open")),
                            models.Q(
                                ("closed_at__isnull", False),
                                ("status", "closed"),
                                models.Q(("resolution", ""), _negated=True),
                            ),
                            _connector="OR",
                        ),
                        name="closed_case_says_how",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("status", "open")),
                        fields=("work_item", "reason"),
                        name="one_open_case_per_work_item",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("status", "open")),
                        fields=("delivery", "reason"),
                        name="one_open_case_per_delivery",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("status", "open")),
                        fields=("break_row", "reason"),
                        name="one_open_case_per_break_row",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("status", "open")),
                        fields=("connection", "reason"),
                        name="one_open_case_per_connection",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("status", "open")),
                        fields=("control_run", "reason"),
                        name="one_open_case_per_control_run",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("status", "open")),
                        fields=("event", "reason"),
                        name="one_open_case_per_event",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("status", "open")),
                        fields=("journal_check", "reason"),
                        name="one_open_case_per_journal_check",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="CaseComment",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("text", models.TextField()),
                ("at", models.DateTimeField()),
                ("user", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to=settings.AUTH_USER_MODEL)),
                (
                    "case",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="comments",
                        to="reconciliation.exceptioncase",
                    ),
                ),
            ],
            options={
                "ordering": ["at"],
            },
        ),
        migrations.CreateModel(
            name="ApprovalRequest",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "kind",
                    models.CharField(
                        choices=[("money", "Moves money"), ("configuration", "Changes a mapping or rule")],
                        max_length=14,
                    ),
                ),
                ("fix", models.CharField(max_length=40)),
                ("title", models.CharField(help_text="The action in words.", max_length=200)),
                ("inputs", models.JSONField(default=dict)),
                ("change", models.JSONField()),
                ("change_sha256", models.CharField(max_length=64)),
                ("preview", models.JSONField(default=dict)),
                ("count", models.PositiveIntegerField(default=0)),
                ("totals", models.JSONField(default=dict)),
                ("rule", models.CharField(help_text="The policy rule that asks for a second person.", max_length=200)),
                ("asked_at", models.DateTimeField()),
                ("asked_because", models.CharField(blank=True, max_length=400)),
                ("expires_at", models.DateTimeField()),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("pending", "Waiting for a second person"),
                            ("approved", "Approved"),
                            ("refused", "Refused"),
                            ("withdrawn", "Withdrawn by the asker"),
                            ("expired", "Expired"),
                            ("outdated", "Something changed since it was prepared"),
                        ],
                        default="pending",
                        max_length=10,
                    ),
                ),
                ("decided_at", models.DateTimeField(blank=True, null=True)),
                ("decided_because", models.CharField(blank=True, max_length=400)),
                (
                    "asked_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="asked", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "decided_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="decided",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "policy",
                    models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="reconciliation.approvalpolicy"),
                ),
                (
                    "case",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="requests",
                        to="reconciliation.exceptioncase",
                    ),
                ),
                (
                    "problem",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="requests",
                        to="reconciliation.problem",
                    ),
                ),
            ],
            options={
                "ordering": ["-asked_at", "-pk"],
                "permissions": [
                    ("approve_money", "Approve fixes that move money"),
                    ("approve_configuration", "Approve mappings and rules"),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("decided_by__isnull", True),
                            ("status", "withdrawn"),
                            models.Q(("decided_by", models.F("asked_by")), _negated=True),
                            _connector="OR",
                        ),
                        name="asker_never_decides",
                        violation_error_message="You asked for this; another approver must decide.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("status__in", ["approved", "refused"]), _negated=True),
                            models.Q(("decided_at__isnull", False), ("decided_by__isnull", False)),
                            _connector="OR",
                        ),
                        name="decision_has_a_name",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("status", "pending")),
                        fields=("change_sha256",),
                        name="one_pending_request_per_change",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="FixRun",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("fix", models.CharField(max_length=40)),
                ("inputs", models.JSONField(default=dict)),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("canary", "Trying the first one"),
                            ("running", "Running"),
                            ("stopped", "Stopped: too many were refused"),
                            ("done", "Done"),
                        ],
                        default="canary",
                        max_length=8,
                    ),
                ),
                ("started_at", models.DateTimeField()),
                ("finished_at", models.DateTimeField(blank=True, null=True)),
                ("note", models.CharField(blank=True, max_length=400)),
                (
                    "case",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="runs",
                        to="reconciliation.exceptioncase",
                    ),
                ),
                (
                    "request",
                    models.OneToOneField(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="run",
                        to="reconciliation.approvalrequest",
                    ),
                ),
                (
                    "started_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "problem",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="runs",
                        to="reconciliation.problem",
                    ),
                ),
            ],
            options={
                "ordering": ["-started_at", "-pk"],
            },
        ),
        migrations.CreateModel(
            name="FixItem",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("place", models.PositiveIntegerField()),
                (
                    "also_released",
                    models.BooleanField(default=False, help_text="Came after the preview and went the same way."),
                ),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("waiting", "Waiting its turn"),
                            ("released", "Released, under way"),
                            ("succeeded", "Through"),
                            ("refused", "Stopped again"),
                        ],
                        default="waiting",
                        max_length=10,
                    ),
                ),
                ("released_at", models.DateTimeField(blank=True, null=True)),
                ("finished_at", models.DateTimeField(blank=True, null=True)),
                ("note", models.CharField(blank=True, max_length=400)),
                (
                    "case",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        to="reconciliation.exceptioncase",
                    ),
                ),
                (
                    "run",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="items", to="reconciliation.fixrun"
                    ),
                ),
            ],
            options={
                "ordering": ["run", "place"],
                "constraints": [
                    models.UniqueConstraint(fields=("run", "place"), name="one_item_per_place"),
                    models.UniqueConstraint(
                        condition=models.Q(("case__isnull", False)), fields=("run", "case"), name="case_once_per_run"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="HistoricalMatchRule",
            fields=[
                ("id", models.BigIntegerField(auto_created=True, blank=True, db_index=True, verbose_name="ID")),
                (
                    "status",
                    models.CharField(
                        choices=[("draft", "Draft"), ("approved", "In force"), ("refused", "Refused")],
                        default="draft",
                        max_length=10,
                    ),
                ),
                ("valid_from", models.DateField()),
                ("valid_to", models.DateField(blank=True, help_text="First day it no longer holds.", null=True)),
                ("drafted_at", models.DateTimeField()),
                ("approved_at", models.DateTimeField(blank=True, null=True)),
                ("note", models.CharField(blank=True, max_length=300)),
                (
                    "batch",
                    models.CharField(
                        blank=True, db_index=True, help_text="The change it was drafted in.", max_length=20
                    ),
                ),
                ("control", models.CharField(max_length=40)),
                (
                    "by",
                    models.CharField(
                        choices=[
                            ("other_key", "Same document number"),
                            ("tolerance", "Same reference, amounts almost equal"),
                            ("posted_rate", "Same reference, equal at the posted rate"),
                            ("customer_amount", "Same customer and amount, dates close"),
                            ("group", "Documents of one customer that come to the same sum"),
                        ],
                        max_length=16,
                    ),
                ),
                (
                    "currency",
                    models.CharField(
                        blank=True, help_text="Only documents in this currency; needed for a tolerance.", max_length=3
                    ),
                ),
                (
                    "does",
                    models.CharField(
                        choices=[("suggest", "Suggested to people"), ("match", "Matched without a person")],
                        default="suggest",
                        help_text="What becomes of what fits only one way.",
                        max_length=8,
                    ),
                ),
                ("days", models.PositiveSmallIntegerField(default=0, help_text="Days the dates may lie apart.")),
                (
                    "most",
                    models.DecimalField(
                        decimal_places=4,
                        default=Decimal("0"),
                        help_text="Most two amounts may differ, in the rule's currency.",
                        max_digits=20,
                    ),
                ),
                (
                    "percent",
                    models.DecimalField(
                        decimal_places=2,
                        default=Decimal("0"),
                        help_text="Most they may differ, of the left amount.",
                        max_digits=5,
                    ),
                ),
                (
                    "cap",
                    models.DecimalField(
                        decimal_places=4,
                        default=Decimal("0"),
                        help_text="Most all such differences may come to, in the rule's currency.",
                        max_digits=20,
                    ),
                ),
                (
                    "group_size",
                    models.PositiveSmallIntegerField(
                        default=6,
                        help_text="Most documents in one group, both sides together.",
                        validators=[django.core.validators.MaxValueValidator(8)],
                    ),
                ),
                ("history_id", models.AutoField(primary_key=True, serialize=False)),
                ("history_date", models.DateTimeField(db_index=True)),
                ("history_change_reason", models.CharField(max_length=100, null=True)),
                (
                    "history_type",
                    models.CharField(choices=[("+", "Created"), ("~", "Changed"), ("-", "Deleted")], max_length=1),
                ),
                (
                    "approved_by",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "drafted_by",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "entity",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="sync.legalentity",
                    ),
                ),
                (
                    "history_user",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "historical match rule",
                "verbose_name_plural": "historical match rules",
                "ordering": ("-history_date", "-history_id"),
                "get_latest_by": ("history_date", "history_id"),
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name="HistoricalOwnershipRule",
            fields=[
                ("id", models.BigIntegerField(auto_created=True, blank=True, db_index=True, verbose_name="ID")),
                ("place", models.PositiveSmallIntegerField(default=100)),
                ("reason", models.CharField(blank=True, max_length=40)),
                ("system", models.CharField(blank=True, max_length=40)),
                ("amount_from", models.DecimalField(blank=True, decimal_places=4, max_digits=20, null=True)),
                ("customer_name", models.CharField(blank=True, max_length=200)),
                (
                    "team",
                    models.CharField(
                        choices=[
                            ("sales_ops", "Sales operations"),
                            ("billing_ops", "Billing operations"),
                            ("finance", "Finance"),
                            ("integration", "Integration support"),
                        ],
                        max_length=12,
                    ),
                ),
                ("is_active", models.BooleanField(default=True)),
                ("history_id", models.AutoField(primary_key=True, serialize=False)),
                ("history_date", models.DateTimeField(db_index=True)),
                ("history_change_reason", models.CharField(max_length=100, null=True)),
                (
                    "history_type",
                    models.CharField(choices=[("+", "Created"), ("~", "Changed"), ("-", "Deleted")], max_length=1),
                ),
                (
                    "entity",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="sync.legalentity",
                    ),
                ),
                (
                    "history_user",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "historical ownership rule",
                "verbose_name_plural": "historical ownership rules",
                "ordering": ("-history_date", "-history_id"),
                "get_latest_by": ("history_date", "history_id"),
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name="HistoricalSignOffPolicy",
            fields=[
                ("id", models.BigIntegerField(auto_created=True, blank=True, db_index=True, verbose_name="ID")),
                (
                    "status",
                    models.CharField(
                        choices=[("draft", "Draft"), ("approved", "In force"), ("refused", "Refused")],
                        default="draft",
                        max_length=10,
                    ),
                ),
                ("valid_from", models.DateField()),
                ("valid_to", models.DateField(blank=True, help_text="First day it no longer holds.", null=True)),
                ("drafted_at", models.DateTimeField()),
                ("approved_at", models.DateTimeField(blank=True, null=True)),
                ("note", models.CharField(blank=True, max_length=300)),
                (
                    "batch",
                    models.CharField(
                        blank=True, db_index=True, help_text="The change it was drafted in.", max_length=20
                    ),
                ),
                (
                    "tied_days",
                    models.CharField(
                        choices=[("people", "Signed by people"), ("rule", "Certify themselves by this rule")],
                        default="people",
                        help_text="Days on which both sides agree and nothing is open.",
                        max_length=6,
                    ),
                ),
                (
                    "error_limit",
                    models.DecimalField(
                        decimal_places=4,
                        default=Decimal("0"),
                        help_text="Most one unresolved error may come to, in the company's own currency.",
                        max_digits=20,
                    ),
                ),
                (
                    "error_age_days",
                    models.PositiveIntegerField(
                        default=0, help_text="Days an unresolved error may be old when it is signed with."
                    ),
                ),
                ("history_id", models.AutoField(primary_key=True, serialize=False)),
                ("history_date", models.DateTimeField(db_index=True)),
                ("history_change_reason", models.CharField(max_length=100, null=True)),
                (
                    "history_type",
                    models.CharField(choices=[("+", "Created"), ("~", "Changed"), ("-", "Deleted")], max_length=1),
                ),
                (
                    "approved_by",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "drafted_by",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "entity",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="sync.legalentity",
                    ),
                ),
                (
                    "history_user",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "historical sign off policy",
                "verbose_name_plural": "historical sign-off policies",
                "ordering": ("-history_date", "-history_id"),
                "get_latest_by": ("history_date", "history_id"),
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name="Match",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("control", models.CharField(max_length=40)),
                (
                    "by",
                    models.CharField(
                        choices=[
                            ("people", "People"),
                            ("other_key", "Same document number"),
                            ("tolerance", "Same reference, amounts almost equal"),
                            ("posted_rate", "Same reference, equal at the posted rate"),
                            ("customer_amount", "Same customer and amount, dates close"),
                            ("group", "Documents of one customer that come to the same sum"),
                        ],
                        max_length=16,
                    ),
                ),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("suggested", "Suggested"),
                            ("proposed", "Waits for a second person"),
                            ("in_force", "Matched"),
                            ("refused", "Refused"),
                            ("ended", "Ended"),
                        ],
                        max_length=10,
                    ),
                ),
                ("currency", models.CharField(max_length=3)),
                ("difference", models.DecimalField(decimal_places=4, default=Decimal("0"), max_digits=20)),
                ("sha256", models.CharField(db_index=True, max_length=64)),
                ("found_at", models.DateTimeField()),
                ("asked_at", models.DateTimeField(blank=True, null=True)),
                ("asked_because", models.CharField(blank=True, max_length=400)),
                ("decided_at", models.DateTimeField(blank=True, null=True)),
                ("decided_because", models.CharField(blank=True, max_length=400)),
                ("undo_because", models.CharField(blank=True, max_length=400)),
                ("ended_at", models.DateTimeField(blank=True, null=True)),
                ("ended_because", models.CharField(blank=True, max_length=400)),
                (
                    "asked_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "decided_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "ended_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "entity",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="matches", to="sync.legalentity"
                    ),
                ),
                (
                    "found_in",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="matches",
                        to="reconciliation.controlrun",
                    ),
                ),
                (
                    "undo_asked_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "matches",
                "ordering": ["-found_at", "-pk"],
                "default_permissions": ("view",),
            },
        ),
        migrations.CreateModel(
            name="MatchMember",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("control", models.CharField(max_length=40)),
                (
                    "is_taken",
                    models.BooleanField(default=False, help_text="Its match is in force or waits for a second person."),
                ),
                ("side", models.CharField(choices=[("left", "Left"), ("right", "Right")], max_length=5)),
                ("reference", models.CharField(max_length=120)),
                ("external_id", models.CharField(blank=True, max_length=120)),
                ("label", models.CharField(blank=True, max_length=200)),
                ("counterparty", models.CharField(blank=True, max_length=200)),
                ("document_date", models.DateField()),
                ("currency", models.CharField(max_length=3)),
                ("gross", models.DecimalField(decimal_places=4, max_digits=20)),
                (
                    "entity",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="sync.legalentity"
                    ),
                ),
                (
                    "match",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="members", to="reconciliation.match"
                    ),
                ),
            ],
            options={
                "ordering": ["side", "document_date", "reference"],
                "default_permissions": (),
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("is_taken", True)),
                        fields=("control", "entity", "side", "reference"),
                        name="one_live_match_per_document",
                        violation_error_message="One of these documents is in another match already.",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="MatchRule",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "status",
                    models.CharField(
                        choices=[("draft", "Draft"), ("approved", "In force"), ("refused", "Refused")],
                        default="draft",
                        max_length=10,
                    ),
                ),
                ("valid_from", models.DateField()),
                ("valid_to", models.DateField(blank=True, help_text="First day it no longer holds.", null=True)),
                ("drafted_at", models.DateTimeField()),
                ("approved_at", models.DateTimeField(blank=True, null=True)),
                ("note", models.CharField(blank=True, max_length=300)),
                (
                    "batch",
                    models.CharField(
                        blank=True, db_index=True, help_text="The change it was drafted in.", max_length=20
                    ),
                ),
                ("control", models.CharField(max_length=40)),
                (
                    "by",
                    models.CharField(
                        choices=[
                            ("other_key", "Same document number"),
                            ("tolerance", "Same reference, amounts almost equal"),
                            ("posted_rate", "Same reference, equal at the posted rate"),
                            ("customer_amount", "Same customer and amount, dates close"),
                            ("group", "Documents of one customer that come to the same sum"),
                        ],
                        max_length=16,
                    ),
                ),
                (
                    "currency",
                    models.CharField(
                        blank=True, help_text="Only documents in this currency; needed for a tolerance.", max_length=3
                    ),
                ),
                (
                    "does",
                    models.CharField(
                        choices=[("suggest", "Suggested to people"), ("match", "Matched without a person")],
                        default="suggest",
                        help_text="What becomes of what fits only one way.",
                        max_length=8,
                    ),
                ),
                ("days", models.PositiveSmallIntegerField(default=0, help_text="Days the dates may lie apart.")),
                (
                    "most",
                    models.DecimalField(
                        decimal_places=4,
                        default=Decimal("0"),
                        help_text="Most two amounts may differ, in the rule's currency.",
                        max_digits=20,
                    ),
                ),
                (
                    "percent",
                    models.DecimalField(
                        decimal_places=2,
                        default=Decimal("0"),
                        help_text="Most they may differ, of the left amount.",
                        max_digits=5,
                    ),
                ),
                (
                    "cap",
                    models.DecimalField(
                        decimal_places=4,
                        default=Decimal("0"),
                        help_text="Most all such differences may come to, in the rule's currency.",
                        max_digits=20,
                    ),
                ),
                (
                    "group_size",
                    models.PositiveSmallIntegerField(
                        default=6,
                        help_text="Most documents in one group, both sides together.",
                        validators=[django.core.validators.MaxValueValidator(8)],
                    ),
                ),
                (
                    "approved_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "drafted_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "entity",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="match_rules", to="sync.legalentity"
                    ),
                ),
            ],
            options={
                "ordering": ["entity", "control", "by", "currency", "-valid_from"],
                "constraints": [
                    django.contrib.postgres.constraints.ExclusionConstraint(
                        condition=models.Q(("status", "approved")),
                        expressions=[
                            ("entity", "="),
                            ("control", "="),
                            ("by", "="),
                            ("currency", "="),
                            (
                                models.Func(
                                    models.F("valid_from"),
                                    models.F("valid_to"),
                                    models.Value("[)"),
                                    function="DATERANGE",
                                    output_field=django.contrib.postgres.fields.ranges.DateRangeField(),
                                ),
                                "&&",
                            ),
                        ],
                        name="match_rules_do_not_overlap",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("status", "approved"), _negated=True),
                            models.Q(
                                ("approved_at__isnull", False),
                                ("approved_by__isnull", False),
                                models.Q(("approved_by", models.F("drafted_by")), _negated=True),
                            ),
                            _connector="OR",
                        ),
                        name="match_rule_approved_by_another",
                        violation_error_message="Another person than the one who drafted it must approve it.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("by", "tolerance"), _negated=True),
                            models.Q(
                                models.Q(("currency", ""), _negated=True),
                                ("cap__gte", models.F("most")),
                                ("most__gt", 0),
                            ),
                            _connector="OR",
                        ),
                        name="a_tolerance_has_its_currency_and_cap",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("group_size__range", (2, 8))), name="a_group_has_two_to_eight_documents"
                    ),
                ],
            },
        ),
        migrations.AddField(
            model_name="match",
            name="rule",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="matches",
                to="reconciliation.matchrule",
            ),
        ),
        migrations.CreateModel(
            name="Mention",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("written", models.CharField(max_length=150)),
                ("at", models.DateTimeField()),
                ("read_at", models.DateTimeField(blank=True, null=True)),
                (
                    "comment",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="mentions",
                        to="reconciliation.casecomment",
                    ),
                ),
                (
                    "person",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="mentions",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ["-at", "-pk"],
                "default_permissions": ("view",),
                "indexes": [
                    models.Index(
                        condition=models.Q(("read_at__isnull", True)), fields=["person", "-at"], name="unread_mentions"
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("comment", "person"), name="mentioned_once_in_a_comment"),
                    models.CheckConstraint(
                        condition=models.Q(("written", ""), _negated=True), name="a_mention_is_written"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("read_at__isnull", True), ("read_at__gte", models.F("at")), _connector="OR"
                        ),
                        name="a_mention_is_read_after_it_was_made",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="OwnershipRule",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("place", models.PositiveSmallIntegerField(default=100)),
                ("reason", models.CharField(blank=True, max_length=40)),
                ("system", models.CharField(blank=True, max_length=40)),
                ("amount_from", models.DecimalField(blank=True, decimal_places=4, max_digits=20, null=True)),
                ("customer_name", models.CharField(blank=True, max_length=200)),
                (
                    "team",
                    models.CharField(
                        choices=[
                            ("sales_ops", "Sales operations"),
                            ("billing_ops", "Billing operations"),
                            ("finance", "Finance"),
                            ("integration", "Integration support"),
                        ],
                        max_length=12,
                    ),
                ),
                ("is_active", models.BooleanField(default=True)),
                (
                    "entity",
                    models.ForeignKey(
                        blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, to="sync.legalentity"
                    ),
                ),
            ],
            options={
                "ordering": ["place", "pk"],
            },
        ),
        migrations.CreateModel(
            name="Presence",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("seen_at", models.DateTimeField(db_index=True)),
                ("is_writing", models.BooleanField(default=False)),
                (
                    "case",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="presences",
                        to="reconciliation.exceptioncase",
                    ),
                ),
                (
                    "person",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={
                "ordering": ["case", "person"],
                "default_permissions": (),
                "constraints": [models.UniqueConstraint(fields=("case", "person"), name="present_once_at_a_case")],
            },
        ),
        migrations.CreateModel(
            name="ReconcilingItem",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("timing", "Timing: it clears by itself"),
                            ("period", "Posted in another period"),
                            ("error", "An error that is being corrected"),
                            ("rounding", "Rounding"),
                            ("erp_only", "Only in the ERP, and right there"),
                            ("rate", "Another exchange rate"),
                            ("straddle", "From before we were connected"),
                        ],
                        max_length=8,
                    ),
                ),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("proposed", "Waits for a second person"),
                            ("accepted", "Accepted"),
                            ("refused", "Refused"),
                            ("ended", "Ended"),
                        ],
                        default="proposed",
                        max_length=8,
                    ),
                ),
                ("amount", models.DecimalField(decimal_places=4, max_digits=20)),
                ("currency", models.CharField(max_length=3)),
                ("expected_on", models.DateField(blank=True, help_text="Last day it may still be open.", null=True)),
                ("asked_at", models.DateTimeField()),
                ("asked_because", models.CharField(max_length=400)),
                ("decided_at", models.DateTimeField(blank=True, null=True)),
                ("decided_because", models.CharField(blank=True, max_length=400)),
                ("ended_at", models.DateTimeField(blank=True, null=True)),
                ("ended_because", models.CharField(blank=True, max_length=400)),
                (
                    "asked_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "break_row",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="items", to="reconciliation.break"
                    ),
                ),
                (
                    "decided_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ["-asked_at", "-pk"],
                "default_permissions": ("view",),
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("status__in", ("proposed", "accepted"))),
                        fields=("break_row",),
                        name="one_live_item_per_break",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("decided_by__isnull", True),
                            models.Q(("decided_by", models.F("asked_by")), _negated=True),
                            _connector="OR",
                        ),
                        name="asker_never_accepts_an_item",
                        violation_error_message="You proposed this; another person must decide.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("status", "accepted"), _negated=True),
                            ("decided_by__isnull", False),
                            _connector="OR",
                        ),
                        name="item_accepted_by_another",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("kind__in", ("timing", "period", "error")), _negated=True),
                            ("expected_on__isnull", False),
                            _connector="OR",
                        ),
                        name="what_clears_says_by_when",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="RowChange",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("table", models.CharField(max_length=30)),
                ("source", models.CharField(help_text="The file it came from, or the form.", max_length=120)),
                ("count", models.PositiveIntegerField()),
                ("rows", models.JSONField()),
                ("ends", models.JSONField(default=dict)),
                ("sha256", models.CharField(max_length=64)),
                ("impact", models.JSONField(default=dict)),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("pending", "Waiting for a second person"),
                            ("approved", "In force"),
                            ("refused", "Refused"),
                            ("withdrawn", "Withdrawn by the drafter"),
                        ],
                        default="pending",
                        max_length=10,
                    ),
                ),
                ("asked_at", models.DateTimeField()),
                ("asked_because", models.CharField(blank=True, max_length=400)),
                ("decided_at", models.DateTimeField(blank=True, null=True)),
                ("decided_because", models.CharField(blank=True, max_length=400)),
                (
                    "asked_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "decided_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ["-asked_at", "-pk"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("decided_by__isnull", True),
                            ("status", "withdrawn"),
                            models.Q(("decided_by", models.F("asked_by")), _negated=True),
                            _connector="OR",
                        ),
                        name="drafter_never_decides",
                        violation_error_message="You drafted this; another approver must decide.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("status__in", ["approved", "refused"]), _negated=True),
                            models.Q(("decided_at__isnull", False), ("decided_by__isnull", False)),
                            _connector="OR",
                        ),
                        name="row_change_decision_has_a_name",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("status", "pending")),
                        fields=("table", "sha256"),
                        name="one_pending_change_of_the_same_rows",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="SavedView",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=60)),
                (
                    "scope",
                    models.CharField(
                        choices=[("me", "Only me"), ("team", "My team"), ("everyone", "Everyone")],
                        default="me",
                        max_length=8,
                    ),
                ),
                (
                    "team",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("sales_ops", "Sales operations"),
                            ("billing_ops", "Billing operations"),
                            ("finance", "Finance"),
                            ("integration", "Integration support"),
                        ],
                        help_text="Whose view it is, by scope.",
                        max_length=12,
                    ),
                ),
                ("query", models.CharField(max_length=500)),
                ("saved_at", models.DateTimeField()),
                (
                    "owner",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="saved_views",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ["name", "pk"],
                "default_permissions": ("view",),
                "constraints": [
                    models.UniqueConstraint(
                        models.F("owner"),
                        django.db.models.functions.text.Lower("name"),
                        name="one_view_per_name",
                        violation_error_message="You have a view of this name already.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("name", ""), _negated=True), models.Q(("query", ""), _negated=True)
                        ),
                        name="a_view_has_a_name_and_a_choice",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("scope", "team"), _negated=True),
                            models.Q(("team", ""), _negated=True),
                            _connector="OR",
                        ),
                        name="a_team_s_view_has_its_team",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="SignOffPolicy",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "status",
                    models.CharField(
                        choices=[("draft", "Draft"), ("approved", "In force"), ("refused", "Refused")],
                        default="draft",
                        max_length=10,
                    ),
                ),
                ("valid_from", models.DateField()),
                ("valid_to", models.DateField(blank=True, help_text="First day it no longer holds.", null=True)),
                ("drafted_at", models.DateTimeField()),
                ("approved_at", models.DateTimeField(blank=True, null=True)),
                ("note", models.CharField(blank=True, max_length=300)),
                (
                    "batch",
                    models.CharField(
                        blank=True, db_index=True, help_text="The change it was drafted in.", max_length=20
                    ),
                ),
                (
                    "tied_days",
                    models.CharField(
                        choices=[("people", "Signed by people"), ("rule", "Certify themselves by this rule")],
                        default="people",
                        help_text="Days on which both sides agree and nothing is open.",
                        max_length=6,
                    ),
                ),
                (
                    "error_limit",
                    models.DecimalField(
                        decimal_places=4,
                        default=Decimal("0"),
                        help_text="Most one unresolved error may come to, in the company's own currency.",
                        max_digits=20,
                    ),
                ),
                (
                    "error_age_days",
                    models.PositiveIntegerField(
                        default=0, help_text="Days an unresolved error may be old when it is signed with."
                    ),
                ),
                (
                    "approved_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "drafted_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "entity",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="sign_off_policies",
                        to="sync.legalentity",
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "sign-off policies",
                "ordering": ["entity", "-valid_from"],
                "constraints": [
                    django.contrib.postgres.constraints.ExclusionConstraint(
                        condition=models.Q(("status", "approved")),
                        expressions=[
                            ("entity", "="),
                            (
                                models.Func(
                                    models.F("valid_from"),
                                    models.F("valid_to"),
                                    models.Value("[)"),
                                    function="DATERANGE",
                                    output_field=django.contrib.postgres.fields.ranges.DateRangeField(),
                                ),
                                "&&",
                            ),
                        ],
                        name="sign_off_policies_do_not_overlap",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("status", "approved"), _negated=True),
                            models.Q(
                                ("approved_at__isnull", False),
                                ("approved_by__isnull", False),
                                models.Q(("approved_by", models.F("drafted_by")), _negated=True),
                            ),
                            _connector="OR",
                        ),
                        name="sign_off_policy_approved_by_another",
                        violation_error_message="Another person than the one who drafted it must approve it.",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="SignOff",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("control", models.CharField(max_length=40)),
                ("starts_on", models.DateField()),
                ("ends_on", models.DateField()),
                ("version", models.PositiveIntegerField(default=1)),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("prepared", "Prepared, waits for review"),
                            ("signed", "Signed"),
                            ("returned", "Sent back by the reviewer"),
                            ("suspended", "Suspended: something changed"),
                        ],
                        default="prepared",
                        max_length=10,
                    ),
                ),
                ("certificate", models.JSONField()),
                ("certificate_sha256", models.CharField(max_length=64)),
                ("prepared_at", models.DateTimeField()),
                ("prepared_note", models.CharField(blank=True, max_length=400)),
                ("reviewed_at", models.DateTimeField(blank=True, null=True)),
                ("reviewed_note", models.CharField(blank=True, max_length=400)),
                ("suspended_at", models.DateTimeField(blank=True, null=True)),
                (
                    "suspended_because",
                    models.CharField(blank=True, help_text="What changed, in words.", max_length=600),
                ),
                ("checked_at", models.DateTimeField()),
                (
                    "entity",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="sign_offs", to="sync.legalentity"
                    ),
                ),
                (
                    "prepared_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "reviewed_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "rule",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="sign_offs",
                        to="reconciliation.signoffpolicy",
                    ),
                ),
            ],
            options={
                "ordering": ["-starts_on", "control", "-version"],
                "permissions": [
                    ("prepare_signoff", "Prepare sign-offs of controls"),
                    ("review_signoff", "Review and sign what another person prepared"),
                    ("begin_close", "Begin to close a month"),
                    ("finish_close", "Close a month another person began to close, or open it again"),
                ],
                "default_permissions": ("view",),
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("reviewed_by__isnull", True),
                            models.Q(("reviewed_by", models.F("prepared_by")), _negated=True),
                            _connector="OR",
                        ),
                        name="preparer_never_reviews",
                        violation_error_message="You prepared this; another person must review it.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("prepared_by__isnull", True), ("reviewed_by__isnull", True), ("rule__isnull", False)
                            ),
                            models.Q(("prepared_by__isnull", False), ("rule__isnull", True)),
                            _connector="OR",
                        ),
                        name="signed_by_people_or_by_a_rule",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("status", "signed"), _negated=True),
                            ("rule__isnull", False),
                            ("reviewed_by__isnull", False),
                            _connector="OR",
                        ),
                        name="signed_after_review",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("rule__isnull", True), ("starts_on", models.F("ends_on")), _connector="OR"),
                        name="only_a_day_certifies_itself",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("ends_on__gte", models.F("starts_on"))),
                        name="sign_off_ends_after_it_starts",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("status", "suspended"), _negated=True),
                            models.Q(
                                ("suspended_at__isnull", False), models.Q(("suspended_because", ""), _negated=True)
                            ),
                            _connector="OR",
                        ),
                        name="suspended_sign_off_says_why",
                    ),
                    models.UniqueConstraint(
                        fields=("control", "entity", "starts_on", "ends_on", "version"), name="one_sign_off_per_version"
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("status__in", ["prepared", "signed"])),
                        fields=("control", "entity", "starts_on", "ends_on"),
                        name="one_live_sign_off",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Snooze",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("until", models.DateTimeField()),
                ("because", models.CharField(max_length=400)),
                ("at", models.DateTimeField()),
                (
                    "ended_at",
                    models.DateTimeField(blank=True, help_text="When somebody brought it back earlier.", null=True),
                ),
                (
                    "by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "case",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="snoozes",
                        to="reconciliation.exceptioncase",
                    ),
                ),
                (
                    "ended_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ["-at", "-pk"],
                "default_permissions": ("view",),
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("ended_at__isnull", True)), fields=("case",), name="one_live_snooze"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("until__gt", models.F("at")), models.Q(("because", ""), _negated=True)),
                        name="a_snooze_ends_and_says_why",
                    ),
                ],
            },
        ),
        migrations.AddIndex(
            model_name="match",
            index=models.Index(
                condition=models.Q(("status__in", ("suggested", "proposed", "in_force"))),
                fields=["control", "entity"],
                name="live_matches",
            ),
        ),
        migrations.AddConstraint(
            model_name="match",
            constraint=models.CheckConstraint(
                condition=models.Q(("by", "people"), ("rule__isnull", False), _connector="OR"),
                name="matched_by_people_or_by_a_rule",
            ),
        ),
        migrations.AddConstraint(
            model_name="match",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("decided_by__isnull", True),
                    models.Q(("decided_by", models.F("asked_by")), _negated=True),
                    _connector="OR",
                ),
                name="asker_never_decides_a_match",
                violation_error_message="You put this together; another person must decide.",
            ),
        ),
        migrations.AddConstraint(
            model_name="match",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("by", "people"), _negated=True),
                    models.Q(("status", "in_force"), _negated=True),
                    models.Q(("asked_by__isnull", False), ("decided_by__isnull", False), ("difference", 0)),
                    _connector="OR",
                ),
                name="people_match_in_two_and_to_nothing",
            ),
        ),
        migrations.AddConstraint(
            model_name="match",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("ended_by__isnull", True),
                    models.Q(("ended_by", models.F("undo_asked_by")), _negated=True),
                    _connector="OR",
                ),
                name="asker_never_undoes_a_match",
                violation_error_message="You asked to undo this; another person must decide.",
            ),
        ),
        migrations.AddConstraint(
            model_name="match",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("status", "ended"), _negated=True),
                    models.Q(("ended_at__isnull", False), models.Q(("ended_because", ""), _negated=True)),
                    _connector="OR",
                ),
                name="ended_match_says_why",
            ),
        ),
    ]
