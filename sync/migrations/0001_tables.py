"""Every table of the carrying room, with its constraints and indexes. Databases that came here step by step stay as they
are: `replaces` names their steps. What the tables refuse by trigger is in the migrations after it.
"""

import uuid
from decimal import Decimal

import django.contrib.postgres.constraints
import django.contrib.postgres.fields
import django.contrib.postgres.fields.ranges
import django.contrib.postgres.indexes
import django.db.models.deletion
import django.db.models.expressions
import simple_history.models
from django.conf import settings
from django.contrib.postgres.operations import BtreeGistExtension
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    replaces = [
        ("sync", "0001_start"),
        ("sync", "0003_add_leases_of_windows"),
        ("sync", "0004_name_contracts"),
        ("sync", "0005_index_events_by_arrival"),
        ("sync", "0006_note_gaps_and_calls"),
        ("sync", "0007_note_rests_budgets_and_closings"),
        ("sync", "0009_compare_calls_with_the_first_call"),
        ("sync", "0010_longer_tax_codes"),
        ("sync", "0011_dunning"),
        ("sync", "0012_late_postings"),
        ("sync", "0013_add_credit_memos_voids_and_write_offs"),
        ("sync", "0014_add_document_policies_and_clearances"),
        ("sync", "0015_usage"),
        ("sync", "0016_revenue"),
        ("sync", "0018_cash"),
        ("sync", "0019_arrangement_on_invoice_lines"),
        ("sync", "0020_say_what_a_change_of_a_contract_is"),
        ("sync", "0021_rows_people_keep"),
        ("sync", "0023_count_crashes_and_misses_of_deliveries"),
        ("sync", "0024_withheld_returned_and_converted"),
        ("sync", "0025_prices_over_time_and_changes_dated_back"),
        ("sync", "0026_note_lists_that_cannot_be_read"),
        ("sync", "0027_callers_of_connections"),
        ("sync", "0028_parts_of_deals_and_who_closed"),
        ("sync", "0029_seal_the_journal"),
        ("sync", "0031_entries_of_before_wait_too"),
    ]

    dependencies = [
        ("auth", "__first__"),
        ("oauth2_provider", "__first__"),
    ]

    operations = [
        BtreeGistExtension(),
        migrations.CreateModel(
            name="Connection",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("code", models.SlugField(max_length=40, unique=True)),
                ("label", models.CharField(max_length=80)),
                ("system", models.CharField(help_text="Name of the connector, e.g. netsuite.", max_length=40)),
                (
                    "role",
                    models.CharField(
                        choices=[
                            ("crm", "CRM"),
                            ("billing", "Billing"),
                            ("erp", "ERP"),
                            ("gateway", "Payment gateway"),
                            ("bank", "Bank"),
                        ],
                        max_length=10,
                    ),
                ),
                ("base_url", models.URLField(max_length=300)),
                ("is_sandbox", models.BooleanField(default=False)),
                ("settings", models.JSONField(blank=True, default=dict)),
                ("sealed_secrets", models.TextField(blank=True, editable=False)),
                (
                    "time_zone",
                    models.CharField(
                        default="UTC", help_text="Zone in which this account dates documents.", max_length=60
                    ),
                ),
                (
                    "concurrency",
                    models.PositiveSmallIntegerField(
                        default=8, help_text="Calls under way at once, all workers together."
                    ),
                ),
                ("rate_per_second", models.PositiveIntegerField(default=100)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                (
                    "callers",
                    models.ManyToManyField(
                        blank=True,
                        help_text="OAuth clients that may send events of this account; others are refused.",
                        related_name="connections",
                        to=settings.OAUTH2_PROVIDER_APPLICATION_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ["role", "code"],
            },
        ),
        migrations.CreateModel(
            name="Heartbeat",
            fields=[
                ("name", models.CharField(max_length=80, primary_key=True, serialize=False)),
                ("seen_at", models.DateTimeField()),
            ],
            options={
                "ordering": ["name"],
            },
        ),
        migrations.CreateModel(
            name="JournalCheck",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("started_at", models.DateTimeField()),
                ("finished_at", models.DateTimeField()),
                ("by", models.CharField(help_text="Who asked: a person, or the timetable.", max_length=80)),
                ("entries", models.PositiveBigIntegerField(help_text="Sealed entries that were recomputed.")),
                ("waiting", models.PositiveBigIntegerField(help_text="Entries without a seal at that moment.")),
                ("anchors", models.PositiveBigIntegerField(help_text="Anchors the chain was held against.")),
                ("last_number", models.PositiveBigIntegerField()),
                ("last_sha256", models.CharField(max_length=64)),
                ("is_good", models.BooleanField()),
                ("wrong_at", models.PositiveBigIntegerField(blank=True, null=True)),
                ("words", models.CharField(max_length=400)),
            ],
            options={
                "ordering": ["-finished_at", "-pk"],
                "default_permissions": ("view",),
            },
        ),
        migrations.CreateModel(
            name="JournalEntry",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("at", models.DateTimeField()),
                (
                    "actor",
                    models.CharField(
                        help_text="The person's name, or the part of the portal that acted.", max_length=80
                    ),
                ),
                ("action", models.CharField(max_length=40)),
                ("object_kind", models.CharField(max_length=30)),
                ("object_key", models.CharField(max_length=200)),
                ("correlation_id", models.CharField(blank=True, max_length=80)),
                ("text", models.CharField(help_text="The fact in one sentence.", max_length=400)),
                ("details", models.JSONField(default=dict)),
                (
                    "user",
                    models.ForeignKey(
                        blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "journal entries",
                "ordering": ["-at", "-pk"],
                "default_permissions": ("view",),
                "indexes": [
                    models.Index(fields=["correlation_id"], name="journal_correlation"),
                    models.Index(fields=["object_kind", "object_key"], name="journal_object"),
                    models.Index(fields=["action"], name="journal_action"),
                    django.contrib.postgres.indexes.BrinIndex(fields=["at"], name="journal_time"),
                ],
            },
        ),
        migrations.CreateModel(
            name="SourceEvent",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("tracking_id", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ("source_event_id", models.CharField(max_length=255)),
                ("body_sha256", models.CharField(max_length=64)),
                ("kind", models.CharField(max_length=60)),
                ("object_id", models.CharField(max_length=120)),
                ("revision", models.BigIntegerField(default=0)),
                ("received_at", models.DateTimeField()),
                ("via", models.CharField(max_length=12)),
                (
                    "called_at",
                    models.DateTimeField(
                        blank=True,
                        help_text="When the source called about it; empty when only our own asking brought it.",
                        null=True,
                    ),
                ),
                ("called_sha256", models.CharField(blank=True, default="", max_length=64)),
                (
                    "condition",
                    models.CharField(
                        choices=[
                            ("due", "Due"),
                            ("waiting", "Waiting for another object"),
                            ("held", "Held until a known time"),
                            ("claimed", "Under way"),
                            ("in_doubt", "In doubt, being looked up"),
                            ("blocked", "Blocked"),
                            ("settled", "Done"),
                            ("withdrawn", "Withdrawn"),
                            ("superseded", "Superseded by a newer version"),
                        ],
                        default="due",
                        max_length=12,
                    ),
                ),
                ("due_at", models.DateTimeField()),
                ("lease_until", models.DateTimeField(blank=True, null=True)),
                ("fence", models.PositiveIntegerField(default=0)),
                (
                    "crashes",
                    models.PositiveSmallIntegerField(
                        default=0,
                        help_text="Times it was taken up without coming to an end; counted before it is read.",
                    ),
                ),
                ("read_at", models.DateTimeField(blank=True, null=True)),
                (
                    "outcome",
                    models.CharField(blank=True, help_text="What reading it led to, in words.", max_length=200),
                ),
                (
                    "connection",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="events", to="sync.connection"
                    ),
                ),
            ],
            options={
                "ordering": ["-received_at", "-pk"],
                "permissions": [("replay_sourceevent", "Can have source events read again")],
                "indexes": [
                    models.Index(
                        condition=models.Q(("condition", "settled"), _negated=True),
                        fields=["due_at", "id"],
                        name="event_due",
                    ),
                    models.Index(
                        condition=models.Q(("condition", "due"), ("crashes__gt", 0)),
                        fields=["crashes", "due_at", "id"],
                        name="event_suspect",
                    ),
                    models.Index(fields=["object_id"], name="event_object"),
                    models.Index(fields=["received_at"], name="event_received"),
                    models.Index(
                        condition=models.Q(("called_at__isnull", True)),
                        fields=["connection", "received_at"],
                        name="event_never_called",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("connection", "source_event_id"), name="event_taken_in_once")
                ],
            },
        ),
        migrations.CreateModel(
            name="UsageSource",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("code", models.CharField(max_length=100, unique=True)),
            ],
            options={
                "ordering": ["code"],
            },
        ),
        migrations.CreateModel(
            name="Delivery",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "role",
                    models.CharField(
                        choices=[
                            ("crm", "CRM"),
                            ("billing", "Billing"),
                            ("erp", "ERP"),
                            ("gateway", "Payment gateway"),
                            ("bank", "Bank"),
                        ],
                        max_length=10,
                    ),
                ),
                ("queue", models.CharField(max_length=12)),
                ("kind", models.CharField(max_length=20)),
                ("reference", models.CharField(max_length=120)),
                ("version", models.BigIntegerField()),
                ("operation", models.CharField(default="put", max_length=20)),
                ("delivery_key", models.CharField(max_length=200)),
                ("generation", models.PositiveIntegerField(default=1)),
                ("round", models.PositiveSmallIntegerField(default=1)),
                ("serial_key", models.CharField(max_length=120)),
                ("correlation_id", models.CharField(db_index=True, max_length=80)),
                ("is_live", models.BooleanField(default=True, help_text="False on a shadow route.")),
                ("is_required", models.BooleanField(default=True, help_text="Feedback to the CRM is never required.")),
                ("is_state_like", models.BooleanField(default=False)),
                ("subject", models.TextField(help_text="The shape, frozen: byte for byte what is sent.")),
                ("subject_sha256", models.CharField(max_length=64)),
                ("document_date", models.DateField(blank=True, null=True)),
                ("posting_date", models.DateField(blank=True, null=True)),
                ("amount", models.DecimalField(blank=True, decimal_places=4, max_digits=20, null=True)),
                ("currency", models.CharField(blank=True, max_length=3)),
                ("title", models.CharField(blank=True, max_length=200)),
                ("customer_name", models.CharField(blank=True, max_length=200)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("received", "Received"),
                            ("validated", "Validated"),
                            ("transformed", "Transformed"),
                            ("delivered", "Delivered"),
                            ("acknowledged", "Acknowledged"),
                            ("posted", "Posted"),
                            ("reconciled", "Reconciled"),
                        ],
                        default="transformed",
                        max_length=12,
                    ),
                ),
                (
                    "condition",
                    models.CharField(
                        choices=[
                            ("due", "Due"),
                            ("waiting", "Waiting for another object"),
                            ("held", "Held until a known time"),
                            ("claimed", "Under way"),
                            ("in_doubt", "In doubt, being looked up"),
                            ("blocked", "Blocked"),
                            ("settled", "Done"),
                            ("withdrawn", "Withdrawn"),
                            ("superseded", "Superseded by a newer version"),
                        ],
                        default="due",
                        max_length=12,
                    ),
                ),
                ("waits_for", models.CharField(blank=True, max_length=120)),
                ("blocked_reason", models.CharField(blank=True, max_length=40)),
                ("held_until", models.DateTimeField(blank=True, null=True)),
                (
                    "held_because",
                    models.CharField(
                        blank=True, db_default="", default="", help_text="Why it is held, in a word.", max_length=40
                    ),
                ),
                ("due_at", models.DateTimeField()),
                ("find_first", models.BooleanField(default=False)),
                ("lease_until", models.DateTimeField(blank=True, null=True)),
                ("fence", models.PositiveIntegerField(default=0)),
                ("attempts", models.PositiveIntegerField(default=0)),
                ("tries", models.PositiveSmallIntegerField(db_default=0, default=0)),
                ("crashes", models.PositiveSmallIntegerField(db_default=0, default=0)),
                (
                    "missed_at",
                    models.DateTimeField(
                        blank=True,
                        help_text="When a sending was last counted that the target did not take up.",
                        null=True,
                    ),
                ),
                ("look_ups", models.PositiveSmallIntegerField(db_default=0, default=0)),
                (
                    "failed_at",
                    models.DateTimeField(
                        blank=True, help_text="When the target was last not available to it.", null=True
                    ),
                ),
                (
                    "key_sent_at",
                    models.DateTimeField(
                        blank=True,
                        help_text="When the present request key was first sent; vendors forget keys.",
                        null=True,
                    ),
                ),
                ("in_doubt_since", models.DateTimeField(blank=True, null=True)),
                (
                    "awaits_posting_since",
                    models.DateTimeField(
                        blank=True,
                        help_text="The target has it and has not posted it yet: looked up, but not in doubt.",
                        null=True,
                    ),
                ),
                ("external_id", models.CharField(blank=True, max_length=120)),
                ("created_at", models.DateTimeField()),
                ("delivered_at", models.DateTimeField(blank=True, null=True)),
                ("posted_at", models.DateTimeField(blank=True, null=True)),
                ("reconciled_at", models.DateTimeField(blank=True, null=True)),
                (
                    "target",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="deliveries", to="sync.connection"
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "deliveries",
                "ordering": ["-created_at", "-pk"],
            },
        ),
        migrations.CreateModel(
            name="Attempt",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("verb", models.CharField(default="deliver", max_length=8)),
                ("round", models.PositiveSmallIntegerField()),
                ("generation", models.PositiveIntegerField()),
                ("fence", models.PositiveIntegerField()),
                ("request_key", models.CharField(max_length=64)),
                ("started_at", models.DateTimeField()),
                ("finished_at", models.DateTimeField(blank=True, null=True)),
                (
                    "outcome",
                    models.CharField(
                        choices=[
                            ("sent", "Sent, no outcome yet"),
                            ("receipt", "Receipt"),
                            ("adopted", "Found at the target and adopted"),
                            ("not_found", "Looked up, not there"),
                            ("unavailable", "Not reachable, nothing written"),
                            ("unknown", "No answer"),
                            ("rejected", "Refused"),
                            ("misconfigured", "Sign-in or set-up is wrong"),
                            ("crashed", "Our own failure"),
                            ("late", "Came after its lease; acted on nothing"),
                            ("not_sent", "Not sent: called off before the call"),
                        ],
                        default="sent",
                        max_length=14,
                    ),
                ),
                ("http_status", models.PositiveSmallIntegerField(blank=True, null=True)),
                ("text", models.TextField(blank=True, help_text="The vendor's own words.")),
                (
                    "delivery",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="attempt_rows", to="sync.delivery"
                    ),
                ),
            ],
            options={
                "ordering": ["-started_at", "-pk"],
            },
        ),
        migrations.CreateModel(
            name="HistoricalBundleMapping",
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
                    "crm_product",
                    models.CharField(help_text="The bundle exactly as it stands on the deal.", max_length=120),
                ),
                (
                    "parts",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=120),
                        help_text="The products it is made of, as the CRM names them.",
                        size=None,
                    ),
                ),
                (
                    "shares",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.DecimalField(decimal_places=4, max_digits=7),
                        help_text="Percent of the price, one for each part; together 100.",
                        size=None,
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
                "verbose_name": "historical bundle mapping",
                "verbose_name_plural": "historical bundle mappings",
                "ordering": ("-history_date", "-history_id"),
                "get_latest_by": ("history_date", "history_id"),
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name="HistoricalConnection",
            fields=[
                ("id", models.BigIntegerField(auto_created=True, blank=True, db_index=True, verbose_name="ID")),
                ("code", models.SlugField(max_length=40)),
                ("label", models.CharField(max_length=80)),
                ("system", models.CharField(help_text="Name of the connector, e.g. netsuite.", max_length=40)),
                (
                    "role",
                    models.CharField(
                        choices=[
                            ("crm", "CRM"),
                            ("billing", "Billing"),
                            ("erp", "ERP"),
                            ("gateway", "Payment gateway"),
                            ("bank", "Bank"),
                        ],
                        max_length=10,
                    ),
                ),
                ("base_url", models.URLField(max_length=300)),
                ("is_sandbox", models.BooleanField(default=False)),
                ("settings", models.JSONField(blank=True, default=dict)),
                (
                    "time_zone",
                    models.CharField(
                        default="UTC", help_text="Zone in which this account dates documents.", max_length=60
                    ),
                ),
                (
                    "concurrency",
                    models.PositiveSmallIntegerField(
                        default=8, help_text="Calls under way at once, all workers together."
                    ),
                ),
                ("rate_per_second", models.PositiveIntegerField(default=100)),
                ("created_at", models.DateTimeField(blank=True, editable=False)),
                ("updated_at", models.DateTimeField(blank=True, editable=False)),
                ("history_id", models.AutoField(primary_key=True, serialize=False)),
                ("history_date", models.DateTimeField(db_index=True)),
                ("history_change_reason", models.CharField(max_length=100, null=True)),
                (
                    "history_type",
                    models.CharField(choices=[("+", "Created"), ("~", "Changed"), ("-", "Deleted")], max_length=1),
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
                "verbose_name": "historical connection",
                "verbose_name_plural": "historical connections",
                "ordering": ("-history_date", "-history_id"),
                "get_latest_by": ("history_date", "history_id"),
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name="HistoricalConnection_callers",
            fields=[
                ("id", models.BigIntegerField(auto_created=True, blank=True, db_index=True, verbose_name="ID")),
                ("m2m_history_id", models.AutoField(primary_key=True, serialize=False)),
                (
                    "application",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        db_tablespace="",
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to=settings.OAUTH2_PROVIDER_APPLICATION_MODEL,
                    ),
                ),
                (
                    "connection",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        db_tablespace="",
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="sync.connection",
                    ),
                ),
                (
                    "history",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        to="sync.historicalconnection",
                    ),
                ),
            ],
            options={
                "verbose_name": "HistoricalConnection_callers",
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name="HistoricalCountryMapping",
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
                ("written", models.CharField(max_length=120)),
                ("country", models.CharField(max_length=2)),
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
                "verbose_name": "historical country mapping",
                "verbose_name_plural": "historical country mappings",
                "ordering": ("-history_date", "-history_id"),
                "get_latest_by": ("history_date", "history_id"),
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name="HistoricalExchangeRate",
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
                    "rate_type",
                    models.CharField(
                        choices=[
                            ("spot", "Of the day"),
                            ("average", "Average of the month"),
                            ("closing", "At the month's end"),
                        ],
                        default="spot",
                        max_length=8,
                    ),
                ),
                ("from_currency", models.CharField(max_length=3)),
                ("to_currency", models.CharField(max_length=3)),
                (
                    "rate",
                    models.DecimalField(
                        decimal_places=10, help_text="Units of the second for one of the first.", max_digits=20
                    ),
                ),
                ("source", models.CharField(help_text="Who published it, such as ECB.", max_length=60)),
                ("as_of", models.DateField(help_text="The day it was published for.")),
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
                "verbose_name": "historical exchange rate",
                "verbose_name_plural": "historical exchange rates",
                "ordering": ("-history_date", "-history_id"),
                "get_latest_by": ("history_date", "history_id"),
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name="HistoricalLegalEntity",
            fields=[
                ("id", models.BigIntegerField(auto_created=True, blank=True, db_index=True, verbose_name="ID")),
                ("code", models.CharField(db_index=True, max_length=20)),
                ("name", models.CharField(max_length=120)),
                ("functional_currency", models.CharField(max_length=3)),
                ("country", models.CharField(max_length=2)),
                ("time_zone", models.CharField(max_length=60)),
                (
                    "rate_fall_back_days",
                    models.PositiveSmallIntegerField(
                        default=0,
                        help_text="Calendar days back to an earlier business day's exchange rate; 0 means never, 3 at most.",
                    ),
                ),
                ("dimension_defaults", models.JSONField(blank=True, default=dict)),
                (
                    "late_limit",
                    models.DecimalField(
                        db_default=10000,
                        decimal_places=4,
                        default=10000,
                        help_text="Late documents of one month and currency that together pass this need a signed cut-off assessment.",
                        max_digits=20,
                    ),
                ),
                (
                    "withholding_rates",
                    models.JSONField(
                        blank=True,
                        default=dict,
                        help_text='Country of the customer -> shares of a payment customers there may withhold: {"BR": ["0.15"]}.',
                    ),
                ),
                (
                    "commitment",
                    models.JSONField(
                        blank=True,
                        help_text="What makes a deal committed here: won, approval, signature, lines. Empty: as set for the house.",
                        null=True,
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
                "verbose_name": "historical legal entity",
                "verbose_name_plural": "historical legal entities",
                "ordering": ("-history_date", "-history_id"),
                "get_latest_by": ("history_date", "history_id"),
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name="HistoricalProductMapping",
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
                    "crm_product",
                    models.CharField(
                        help_text="The product code or name exactly as it stands on the deal.", max_length=120
                    ),
                ),
                ("product_name", models.CharField(max_length=120)),
                ("list_price", models.DecimalField(decimal_places=4, max_digits=20)),
                ("currency", models.CharField(max_length=3)),
                ("billing_product", models.CharField(max_length=120)),
                ("erp_item", models.CharField(max_length=120)),
                ("revenue_treatment", models.CharField(max_length=40)),
                ("tax_class", models.CharField(max_length=40)),
                ("destination", models.CharField(default="billing", max_length=20)),
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
                "verbose_name": "historical product mapping",
                "verbose_name_plural": "historical product mappings",
                "ordering": ("-history_date", "-history_id"),
                "get_latest_by": ("history_date", "history_id"),
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name="HistoricalTaxCertificate",
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
                    "customer_reference",
                    models.CharField(help_text="The customer, such as customer:0015g00000AbCdEAAV.", max_length=120),
                ),
                (
                    "jurisdiction",
                    models.CharField(
                        help_text="ISO 3166-1 code of the country, or of its part by ISO 3166-2, such as US-NY.",
                        max_length=6,
                    ),
                ),
                ("number", models.CharField(max_length=60)),
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
                "verbose_name": "historical tax certificate",
                "verbose_name_plural": "historical tax certificates",
                "ordering": ("-history_date", "-history_id"),
                "get_latest_by": ("history_date", "history_id"),
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name="HistoricalTaxIdCheck",
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
                    "customer_reference",
                    models.CharField(help_text="The customer, such as customer:0015g00000AbCdEAAV.", max_length=120),
                ),
                ("tax_id", models.CharField(max_length=60)),
                ("consultation", models.CharField(help_text="The authority's own number of the check.", max_length=60)),
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
                "verbose_name": "historical tax id check",
                "verbose_name_plural": "historical tax id checks",
                "ordering": ("-history_date", "-history_id"),
                "get_latest_by": ("history_date", "history_id"),
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name="HistoricalUsageMeter",
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
                ("crm_product", models.CharField(help_text="The product as it stands on the deal.", max_length=120)),
                ("meter", models.CharField(help_text="What sources call it.", max_length=40)),
                ("event_name", models.CharField(max_length=100)),
                ("billing_meter", models.CharField(max_length=80)),
                ("billing_price", models.CharField(max_length=80)),
                ("unit_price", models.DecimalField(decimal_places=12, max_digits=24)),
                ("currency", models.CharField(max_length=3)),
                (
                    "scale",
                    models.PositiveSmallIntegerField(
                        default=0, help_text="Digits after the point that are billed, 0 to 6."
                    ),
                ),
                (
                    "late_policy",
                    models.CharField(
                        choices=[
                            ("true_up", "Bill it on the next invoice"),
                            ("credit_and_rebill", "Credit the invoice and bill it anew"),
                        ],
                        default="true_up",
                        max_length=20,
                    ),
                ),
                (
                    "late_limit",
                    models.DecimalField(
                        decimal_places=4,
                        default=0,
                        help_text="Late usage above this amount waits for people.",
                        max_digits=20,
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
                "verbose_name": "historical usage meter",
                "verbose_name_plural": "historical usage meters",
                "ordering": ("-history_date", "-history_id"),
                "get_latest_by": ("history_date", "history_id"),
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name="JournalWaiting",
            fields=[
                (
                    "entry",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="waiting",
                        serialize=False,
                        to="sync.journalentry",
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "journal entries waiting for their seal",
                "ordering": ["entry_id"],
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="JournalSeal",
            fields=[
                ("number", models.PositiveBigIntegerField(primary_key=True, serialize=False)),
                ("previous_sha256", models.CharField(max_length=64)),
                ("sha256", models.CharField(max_length=64)),
                ("sealed_at", models.DateTimeField()),
                (
                    "entry",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT, related_name="seal", to="sync.journalentry"
                    ),
                ),
            ],
            options={
                "ordering": ["number"],
                "default_permissions": ("view",),
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("number", 1),
                                ("previous_sha256", "0000000000000000000000000000000000000000000000000000000000000000"),
                            ),
                            ("number__gt", 1),
                            _connector="OR",
                        ),
                        name="first_seal_follows_nothing",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="LegalEntity",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("code", models.CharField(max_length=20, unique=True)),
                ("name", models.CharField(max_length=120)),
                ("functional_currency", models.CharField(max_length=3)),
                ("country", models.CharField(max_length=2)),
                ("time_zone", models.CharField(max_length=60)),
                (
                    "business_date",
                    models.DateField(
                        blank=True,
                        help_text="Set only where business time is moved by hand (sandboxes); empty means today.",
                        null=True,
                    ),
                ),
                (
                    "rate_fall_back_days",
                    models.PositiveSmallIntegerField(
                        default=0,
                        help_text="Calendar days back to an earlier business day's exchange rate; 0 means never, 3 at most.",
                    ),
                ),
                ("dimension_defaults", models.JSONField(blank=True, default=dict)),
                (
                    "late_limit",
                    models.DecimalField(
                        db_default=10000,
                        decimal_places=4,
                        default=10000,
                        help_text="Late documents of one month and currency that together pass this need a signed cut-off assessment.",
                        max_digits=20,
                    ),
                ),
                (
                    "withholding_rates",
                    models.JSONField(
                        blank=True,
                        default=dict,
                        help_text='Country of the customer -> shares of a payment customers there may withhold: {"BR": ["0.15"]}.',
                    ),
                ),
                (
                    "commitment",
                    models.JSONField(
                        blank=True,
                        help_text="What makes a deal committed here: won, approval, signature, lines. Empty: as set for the house.",
                        null=True,
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "legal entities",
                "ordering": ["code"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("rate_fall_back_days__lte", 3)), name="rates_fall_back_three_days_at_most"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="LatePosting",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("kind", models.CharField(max_length=20)),
                ("reference", models.CharField(db_index=True, max_length=120)),
                ("title", models.CharField(max_length=200)),
                ("customer_name", models.CharField(blank=True, max_length=200)),
                ("amount", models.DecimalField(decimal_places=4, max_digits=20)),
                ("currency", models.CharField(max_length=3)),
                ("document_date", models.DateField()),
                ("posting_date", models.DateField(help_text="Where it is posted instead.")),
                ("tax_point", models.DateField(blank=True, null=True)),
                ("service_starts_on", models.DateField(blank=True, null=True)),
                ("service_ends_on", models.DateField(blank=True, null=True)),
                ("reason", models.CharField(default="PERIOD_CLOSED", max_length=40)),
                (
                    "crosses",
                    models.CharField(
                        choices=[("month", "A month"), ("quarter", "A quarter"), ("year", "A year")], max_length=8
                    ),
                ),
                ("moved_at", models.DateTimeField()),
                (
                    "accrued",
                    models.CharField(
                        choices=[
                            ("open", "Not decided"),
                            ("accrued", "Accrued in its own period"),
                            ("passed", "Below the limit, passed"),
                        ],
                        default="open",
                        max_length=8,
                    ),
                ),
                (
                    "assessment",
                    models.TextField(
                        blank=True, help_text="What finance says about the cut-off, in a sentence or two."
                    ),
                ),
                ("assessed_at", models.DateTimeField(blank=True, null=True)),
                (
                    "assessed_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "delivery",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT, related_name="late", to="sync.delivery"
                    ),
                ),
                ("entity", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="sync.legalentity")),
            ],
            options={
                "ordering": ["-posting_date", "-pk"],
                "permissions": [("assess_lateposting", "Can assess the cut-off of a late posting")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("posting_date", models.F("document_date")), _negated=True),
                        name="late_posting_was_moved",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("accrued", "open"),
                                ("assessed_at__isnull", True),
                                ("assessed_by__isnull", True),
                                ("assessment", ""),
                            ),
                            models.Q(
                                ("assessed_at__isnull", False),
                                ("assessed_by__isnull", False),
                                models.Q(("assessment", ""), _negated=True),
                                models.Q(("accrued", "open"), _negated=True),
                            ),
                            _connector="OR",
                        ),
                        name="assessment_is_signed_and_whole",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="JournalBatchRecord",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("reference", models.CharField(max_length=120, unique=True)),
                ("version", models.BigIntegerField()),
                ("correlation_id", models.CharField(max_length=80)),
                ("currency", models.CharField(max_length=3)),
                ("source_system", models.CharField(max_length=40)),
                ("source_event", models.CharField(max_length=40)),
                (
                    "movement",
                    models.CharField(
                        choices=[
                            ("deferral", "Deferred when invoiced"),
                            ("recognition", "Earned"),
                            ("credit", "Given back, no longer deferred"),
                            ("termination", "Earned at termination, no service left"),
                            ("accrual", "Used, not invoiced yet"),
                            ("accrual_reversal", "Accrual taken back"),
                        ],
                        max_length=20,
                    ),
                ),
                ("posting_date", models.DateField()),
                ("sequence", models.PositiveIntegerField()),
                ("total", models.DecimalField(decimal_places=4, max_digits=20)),
                ("members", models.PositiveIntegerField()),
                ("lines", models.JSONField(default=list)),
                ("created_at", models.DateTimeField()),
                ("legal_entity", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="sync.legalentity")),
            ],
            options={
                "verbose_name_plural": "journal batches",
                "ordering": ["-posting_date", "reference"],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("legal_entity", "currency", "posting_date", "movement", "sequence"),
                        name="journal_sequence_never_repeats",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="InvoiceRecord",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("reference", models.CharField(max_length=120, unique=True)),
                ("version", models.BigIntegerField()),
                ("correlation_id", models.CharField(db_index=True, max_length=80)),
                ("currency", models.CharField(max_length=3)),
                ("source_system", models.CharField(max_length=40)),
                ("source_event", models.CharField(max_length=40)),
                ("number", models.CharField(db_index=True, max_length=60)),
                ("billing_id", models.CharField(max_length=80)),
                ("customer_reference", models.CharField(db_index=True, max_length=120)),
                ("contract_reference", models.CharField(db_index=True, max_length=120)),
                ("document_date", models.DateField()),
                ("posting_date", models.DateField()),
                ("tax_point", models.DateField()),
                ("due_on", models.DateField()),
                ("net", models.DecimalField(decimal_places=4, max_digits=20)),
                ("tax", models.DecimalField(decimal_places=4, max_digits=20)),
                ("total", models.DecimalField(decimal_places=4, max_digits=20)),
                ("status", models.CharField(max_length=20)),
                ("legal_number", models.CharField(blank=True, max_length=60)),
                (
                    "e_invoice_status",
                    models.CharField(
                        choices=[
                            ("not_required", "Not required"),
                            ("pending", "Pending"),
                            ("cleared", "Cleared"),
                            ("rejected", "Rejected"),
                        ],
                        db_default="not_required",
                        default="not_required",
                        max_length=12,
                    ),
                ),
                (
                    "preceding_reference",
                    models.CharField(
                        blank=True,
                        db_default="",
                        default="",
                        help_text="A debit memo names the document it charges more for.",
                        max_length=120,
                    ),
                ),
                ("exchange_rate", models.DecimalField(decimal_places=10, default=0, max_digits=20)),
                ("rate_type", models.CharField(blank=True, max_length=8)),
                ("rate_source", models.CharField(blank=True, max_length=60)),
                ("rate_as_of", models.DateField(blank=True, null=True)),
                ("created_at", models.DateTimeField()),
                ("legal_entity", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="sync.legalentity")),
            ],
            options={
                "ordering": ["-document_date", "-number"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "total",
                                django.db.models.expressions.CombinedExpression(models.F("net"), "+", models.F("tax")),
                            )
                        ),
                        name="invoice_total_is_net_and_tax",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="HistoricalTaxRegistration",
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
                    "jurisdiction",
                    models.CharField(
                        help_text="ISO 3166-1 code of the country, or of its part by ISO 3166-2, such as US-NY.",
                        max_length=6,
                    ),
                ),
                (
                    "standing",
                    models.CharField(
                        choices=[
                            ("registered", "Registered"),
                            ("below_threshold", "Not registered, below the threshold"),
                        ],
                        default="registered",
                        max_length=16,
                    ),
                ),
                ("number", models.CharField(blank=True, help_text="Our registration number there.", max_length=40)),
                (
                    "threshold",
                    models.DecimalField(
                        blank=True,
                        decimal_places=4,
                        help_text="Net sales a calendar year from which we must register.",
                        max_digits=20,
                        null=True,
                    ),
                ),
                ("threshold_currency", models.CharField(blank=True, max_length=3)),
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
                    "history_user",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
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
            ],
            options={
                "verbose_name": "historical tax registration",
                "verbose_name_plural": "historical tax registrations",
                "ordering": ("-history_date", "-history_id"),
                "get_latest_by": ("history_date", "history_id"),
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name="HistoricalTaxCode",
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
                    "jurisdiction",
                    models.CharField(
                        help_text="ISO 3166-1 code of the country, or of its part by ISO 3166-2, such as US-NY.",
                        max_length=6,
                    ),
                ),
                ("tax_class", models.CharField(help_text="As product mappings name it.", max_length=40)),
                (
                    "treatment",
                    models.CharField(
                        choices=[
                            ("standard", "Taxed where it is used"),
                            ("reverse_charge", "The customer accounts for the tax"),
                            ("exempt", "Exempt by certificate"),
                            ("not_registered", "Not taxed: below the threshold, no registration"),
                        ],
                        default="standard",
                        max_length=16,
                    ),
                ),
                ("percent", models.DecimalField(decimal_places=4, max_digits=7)),
                (
                    "billing_code",
                    models.CharField(blank=True, help_text="The tax rate's id in billing.", max_length=120),
                ),
                ("erp_code", models.CharField(help_text="The tax code's id in the ERP.", max_length=120)),
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
                    "history_user",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
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
            ],
            options={
                "verbose_name": "historical tax code",
                "verbose_name_plural": "historical tax codes",
                "ordering": ("-history_date", "-history_id"),
                "get_latest_by": ("history_date", "history_id"),
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name="HistoricalRevenueEngine",
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
                    "engine",
                    models.CharField(
                        choices=[("erp", "The ERP"), ("external", "An external engine"), ("portal", "The portal")],
                        max_length=10,
                    ),
                ),
                (
                    "deferred_account",
                    models.CharField(blank=True, help_text="Ids in the ERP; needed for the portal.", max_length=40),
                ),
                ("revenue_account", models.CharField(blank=True, max_length=40)),
                ("unbilled_account", models.CharField(blank=True, max_length=40)),
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
                    "history_user",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
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
            ],
            options={
                "verbose_name": "historical revenue engine",
                "verbose_name_plural": "historical revenue engines",
                "ordering": ("-history_date", "-history_id"),
                "get_latest_by": ("history_date", "history_id"),
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name="HistoricalPostingWindow",
            fields=[
                ("id", models.BigIntegerField(auto_created=True, blank=True, db_index=True, verbose_name="ID")),
                ("kind", models.CharField(max_length=20)),
                (
                    "mode",
                    models.CharField(
                        choices=[
                            ("realtime", "At once"),
                            ("batch", "In a daily window"),
                            ("hold", "Held until released"),
                        ],
                        default="realtime",
                        max_length=10,
                    ),
                ),
                ("opens_at", models.TimeField(blank=True, help_text="In the entity's own zone.", null=True)),
                ("closes_at", models.TimeField(blank=True, null=True)),
                ("history_id", models.AutoField(primary_key=True, serialize=False)),
                ("history_date", models.DateTimeField(db_index=True)),
                ("history_change_reason", models.CharField(max_length=100, null=True)),
                (
                    "history_type",
                    models.CharField(choices=[("+", "Created"), ("~", "Changed"), ("-", "Deleted")], max_length=1),
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
            ],
            options={
                "verbose_name": "historical posting window",
                "verbose_name_plural": "historical posting windows",
                "ordering": ("-history_date", "-history_id"),
                "get_latest_by": ("history_date", "history_id"),
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name="HistoricalEntityRoute",
            fields=[
                ("id", models.BigIntegerField(auto_created=True, blank=True, db_index=True, verbose_name="ID")),
                (
                    "role",
                    models.CharField(
                        choices=[
                            ("crm", "CRM"),
                            ("billing", "Billing"),
                            ("erp", "ERP"),
                            ("gateway", "Payment gateway"),
                            ("bank", "Bank"),
                        ],
                        max_length=10,
                    ),
                ),
                (
                    "company_code",
                    models.CharField(blank=True, help_text="The entity's name in that system.", max_length=40),
                ),
                ("is_shadow", models.BooleanField(default=False, help_text="Rendered and compared, not live.")),
                ("valid_from", models.DateField()),
                ("valid_to", models.DateField(blank=True, help_text="First day it no longer holds.", null=True)),
                ("history_id", models.AutoField(primary_key=True, serialize=False)),
                ("history_date", models.DateTimeField(db_index=True)),
                ("history_change_reason", models.CharField(max_length=100, null=True)),
                (
                    "history_type",
                    models.CharField(choices=[("+", "Created"), ("~", "Changed"), ("-", "Deleted")], max_length=1),
                ),
                (
                    "connection",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="sync.connection",
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
            ],
            options={
                "verbose_name": "historical entity route",
                "verbose_name_plural": "historical entity routes",
                "ordering": ("-history_date", "-history_id"),
                "get_latest_by": ("history_date", "history_id"),
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name="HistoricalEntityMapping",
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
                    "basis",
                    models.CharField(
                        choices=[
                            ("contract", "This contract only"),
                            ("signatory", "Company that signed the contract"),
                            ("account", "Account"),
                            ("hierarchy", "Account and all accounts below it"),
                            ("country", "Country of the account"),
                        ],
                        default="country",
                        max_length=10,
                    ),
                ),
                (
                    "country",
                    models.CharField(
                        blank=True, help_text="By country: ISO 3166-1, or * for all others.", max_length=2
                    ),
                ),
                (
                    "key",
                    models.CharField(
                        blank=True,
                        help_text="By contract or account: its reference. By signatory: the company as the CRM writes it.",
                        max_length=120,
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
                    "history_user",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
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
            ],
            options={
                "verbose_name": "historical entity mapping",
                "verbose_name_plural": "historical entity mappings",
                "ordering": ("-history_date", "-history_id"),
                "get_latest_by": ("history_date", "history_id"),
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name="HistoricalDocumentPolicy",
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
                    "zero_totals",
                    models.CharField(
                        choices=[("post", "Posted"), ("list", "Not posted, listed")],
                        default="post",
                        help_text="Documents over nothing.",
                        max_length=10,
                    ),
                ),
                (
                    "e_invoices",
                    models.CharField(
                        choices=[
                            ("not_required", "Not required"),
                            ("on_issue", "Required; posted when issued"),
                            ("on_clearance", "Required; posted when cleared"),
                        ],
                        default="not_required",
                        max_length=14,
                    ),
                ),
                (
                    "small_difference_most",
                    models.DecimalField(
                        decimal_places=4, default=Decimal("10"), help_text="Per invoice.", max_digits=20
                    ),
                ),
                (
                    "small_difference_percent",
                    models.DecimalField(
                        decimal_places=3, default=Decimal("0.5"), help_text="Of the invoice's total.", max_digits=5
                    ),
                ),
                (
                    "small_difference_month",
                    models.DecimalField(
                        decimal_places=4,
                        default=Decimal("500"),
                        help_text="For the company, per calendar month.",
                        max_digits=20,
                    ),
                ),
                (
                    "small_difference_customer_year",
                    models.DecimalField(
                        decimal_places=4,
                        default=Decimal("50"),
                        help_text="Per customer and calendar year.",
                        max_digits=20,
                    ),
                ),
                (
                    "invoice_numbers_from",
                    models.CharField(
                        choices=[("billing", "Billing"), ("erp", "The ERP")],
                        default="billing",
                        help_text="Who draws invoice numbers.",
                        max_length=10,
                    ),
                ),
                (
                    "credit_memo_numbers_from",
                    models.CharField(
                        choices=[("billing", "Billing"), ("erp", "The ERP")],
                        default="billing",
                        help_text="Who draws credit memo numbers.",
                        max_length=10,
                    ),
                ),
                (
                    "backdated_changes",
                    models.CharField(
                        choices=[
                            ("stop", "Stop and ask"),
                            ("from_today", "Billed from the day they are carried"),
                            ("credit_and_rebill", "Earlier periods are credited and billed again"),
                        ],
                        db_default="stop",
                        default="stop",
                        help_text="Changes of contracts that hold from before the period that is billed now.",
                        max_length=20,
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
                    "history_user",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
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
            ],
            options={
                "verbose_name": "historical document policy",
                "verbose_name_plural": "historical document policies",
                "ordering": ("-history_date", "-history_id"),
                "get_latest_by": ("history_date", "history_id"),
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name="EntityRoute",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "role",
                    models.CharField(
                        choices=[
                            ("crm", "CRM"),
                            ("billing", "Billing"),
                            ("erp", "ERP"),
                            ("gateway", "Payment gateway"),
                            ("bank", "Bank"),
                        ],
                        max_length=10,
                    ),
                ),
                (
                    "company_code",
                    models.CharField(blank=True, help_text="The entity's name in that system.", max_length=40),
                ),
                ("is_shadow", models.BooleanField(default=False, help_text="Rendered and compared, not live.")),
                ("valid_from", models.DateField()),
                ("valid_to", models.DateField(blank=True, help_text="First day it no longer holds.", null=True)),
                (
                    "connection",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="routes", to="sync.connection"
                    ),
                ),
                (
                    "entity",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="routes", to="sync.legalentity"
                    ),
                ),
            ],
            options={
                "ordering": ["entity", "role", "-valid_from"],
                "constraints": [
                    django.contrib.postgres.constraints.ExclusionConstraint(
                        condition=models.Q(("is_shadow", False)),
                        expressions=[
                            ("entity", "="),
                            ("role", "="),
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
                        name="one_live_route_per_role",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="EntityMapping",
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
                    "basis",
                    models.CharField(
                        choices=[
                            ("contract", "This contract only"),
                            ("signatory", "Company that signed the contract"),
                            ("account", "Account"),
                            ("hierarchy", "Account and all accounts below it"),
                            ("country", "Country of the account"),
                        ],
                        default="country",
                        max_length=10,
                    ),
                ),
                (
                    "country",
                    models.CharField(
                        blank=True, help_text="By country: ISO 3166-1, or * for all others.", max_length=2
                    ),
                ),
                (
                    "key",
                    models.CharField(
                        blank=True,
                        help_text="By contract or account: its reference. By signatory: the company as the CRM writes it.",
                        max_length=120,
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
                ("entity", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="sync.legalentity")),
            ],
            options={
                "ordering": ["basis", "country", "key", "-valid_from"],
                "constraints": [
                    django.contrib.postgres.constraints.ExclusionConstraint(
                        condition=models.Q(("status", "approved")),
                        expressions=[
                            ("basis", "="),
                            ("country", "="),
                            ("key", "="),
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
                        name="entity_mappings_do_not_overlap",
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
                        name="entity_mapping_approved_by_another",
                        violation_error_message="Another person than the one who drafted it must approve it.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("basis", "country"), ("key", ""), models.Q(("country", ""), _negated=True)),
                            models.Q(
                                models.Q(("basis", "country"), _negated=True),
                                ("country", ""),
                                models.Q(("key", ""), _negated=True),
                            ),
                            _connector="OR",
                        ),
                        name="entity_mapping_has_one_key",
                        violation_error_message="A rule by country has a country; every other rule has a key.",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="DunningRecord",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("reference", models.CharField(max_length=120, unique=True)),
                ("version", models.BigIntegerField()),
                ("correlation_id", models.CharField(db_index=True, max_length=80)),
                ("currency", models.CharField(max_length=3)),
                ("source_system", models.CharField(max_length=40)),
                ("source_event", models.CharField(max_length=40)),
                ("invoice_reference", models.CharField(max_length=120, unique=True)),
                ("customer_reference", models.CharField(db_index=True, max_length=120)),
                ("failed_tries", models.PositiveIntegerField()),
                ("next_try_on", models.DateField(blank=True, null=True)),
                ("updated_at", models.DateTimeField()),
                ("legal_entity", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="sync.legalentity")),
            ],
            options={
                "ordering": ["-updated_at", "reference"],
            },
        ),
        migrations.CreateModel(
            name="DocumentPolicy",
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
                    "zero_totals",
                    models.CharField(
                        choices=[("post", "Posted"), ("list", "Not posted, listed")],
                        default="post",
                        help_text="Documents over nothing.",
                        max_length=10,
                    ),
                ),
                (
                    "e_invoices",
                    models.CharField(
                        choices=[
                            ("not_required", "Not required"),
                            ("on_issue", "Required; posted when issued"),
                            ("on_clearance", "Required; posted when cleared"),
                        ],
                        default="not_required",
                        max_length=14,
                    ),
                ),
                (
                    "small_difference_most",
                    models.DecimalField(
                        decimal_places=4, default=Decimal("10"), help_text="Per invoice.", max_digits=20
                    ),
                ),
                (
                    "small_difference_percent",
                    models.DecimalField(
                        decimal_places=3, default=Decimal("0.5"), help_text="Of the invoice's total.", max_digits=5
                    ),
                ),
                (
                    "small_difference_month",
                    models.DecimalField(
                        decimal_places=4,
                        default=Decimal("500"),
                        help_text="For the company, per calendar month.",
                        max_digits=20,
                    ),
                ),
                (
                    "small_difference_customer_year",
                    models.DecimalField(
                        decimal_places=4,
                        default=Decimal("50"),
                        help_text="Per customer and calendar year.",
                        max_digits=20,
                    ),
                ),
                (
                    "invoice_numbers_from",
                    models.CharField(
                        choices=[("billing", "Billing"), ("erp", "The ERP")],
                        default="billing",
                        help_text="Who draws invoice numbers.",
                        max_length=10,
                    ),
                ),
                (
                    "credit_memo_numbers_from",
                    models.CharField(
                        choices=[("billing", "Billing"), ("erp", "The ERP")],
                        default="billing",
                        help_text="Who draws credit memo numbers.",
                        max_length=10,
                    ),
                ),
                (
                    "backdated_changes",
                    models.CharField(
                        choices=[
                            ("stop", "Stop and ask"),
                            ("from_today", "Billed from the day they are carried"),
                            ("credit_and_rebill", "Earlier periods are credited and billed again"),
                        ],
                        db_default="stop",
                        default="stop",
                        help_text="Changes of contracts that hold from before the period that is billed now.",
                        max_length=20,
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
                        related_name="document_policies",
                        to="sync.legalentity",
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "document policies",
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
                        name="document_policies_do_not_overlap",
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
                        name="document_policy_approved_by_another",
                        violation_error_message="Another person than the one who drafted it must approve it.",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="DisputeRecord",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("reference", models.CharField(max_length=120, unique=True)),
                ("version", models.BigIntegerField()),
                ("correlation_id", models.CharField(db_index=True, max_length=80)),
                ("currency", models.CharField(max_length=3)),
                ("source_system", models.CharField(max_length=40)),
                ("source_event", models.CharField(max_length=40)),
                ("created_at", models.DateTimeField()),
                ("gateway_id", models.CharField(max_length=80)),
                ("payment_reference", models.CharField(db_index=True, max_length=120)),
                ("customer_reference", models.CharField(db_index=True, max_length=120)),
                ("opened_on", models.DateField()),
                ("amount", models.DecimalField(decimal_places=4, max_digits=20)),
                ("dispute_reason", models.CharField(blank=True, max_length=80)),
                ("evidence_due_at", models.CharField(blank=True, max_length=40)),
                ("legal_entity", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="sync.legalentity")),
            ],
            options={
                "ordering": ["-opened_on", "-pk"],
                "constraints": [
                    models.CheckConstraint(condition=models.Q(("amount__gt", 0)), name="dispute_is_above_zero")
                ],
            },
        ),
        migrations.CreateModel(
            name="DisputeOutcomeRecord",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("reference", models.CharField(max_length=120, unique=True)),
                ("version", models.BigIntegerField()),
                ("correlation_id", models.CharField(db_index=True, max_length=80)),
                ("currency", models.CharField(max_length=3)),
                ("source_system", models.CharField(max_length=40)),
                ("source_event", models.CharField(max_length=40)),
                ("created_at", models.DateTimeField()),
                ("gateway_id", models.CharField(max_length=80)),
                ("dispute_reference", models.CharField(max_length=120, unique=True)),
                ("payment_reference", models.CharField(db_index=True, max_length=120)),
                ("customer_reference", models.CharField(db_index=True, max_length=120)),
                (
                    "outcome",
                    models.CharField(
                        choices=[("won", "Won"), ("lost", "Lost"), ("closed", "Closed without a judgement")],
                        max_length=10,
                    ),
                ),
                ("amount", models.DecimalField(decimal_places=4, max_digits=20)),
                ("legal_entity", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="sync.legalentity")),
            ],
            options={
                "ordering": ["-pk"],
            },
        ),
        migrations.CreateModel(
            name="DisputeMovementRecord",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("reference", models.CharField(max_length=120, unique=True)),
                ("version", models.BigIntegerField()),
                ("correlation_id", models.CharField(db_index=True, max_length=80)),
                ("currency", models.CharField(max_length=3)),
                ("source_system", models.CharField(max_length=40)),
                ("source_event", models.CharField(max_length=40)),
                ("created_at", models.DateTimeField()),
                ("gateway_id", models.CharField(max_length=80)),
                ("dispute_reference", models.CharField(db_index=True, max_length=120)),
                ("payment_reference", models.CharField(db_index=True, max_length=120)),
                ("customer_reference", models.CharField(db_index=True, max_length=120)),
                ("moved_on", models.DateField()),
                ("amount", models.DecimalField(decimal_places=4, max_digits=20)),
                ("fee", models.DecimalField(decimal_places=4, default=0, max_digits=20)),
                ("legal_entity", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="sync.legalentity")),
            ],
            options={
                "ordering": ["-moved_on", "-pk"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("amount", 0), _negated=True), name="dispute_movement_moves_money"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="DisputeLossRecord",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("reference", models.CharField(max_length=120, unique=True)),
                ("version", models.BigIntegerField()),
                ("correlation_id", models.CharField(db_index=True, max_length=80)),
                ("currency", models.CharField(max_length=3)),
                ("source_system", models.CharField(max_length=40)),
                ("source_event", models.CharField(max_length=40)),
                ("created_at", models.DateTimeField()),
                ("gateway_id", models.CharField(max_length=80)),
                ("dispute_reference", models.CharField(max_length=120, unique=True)),
                ("customer_reference", models.CharField(db_index=True, max_length=120)),
                ("decided_on", models.DateField()),
                ("amount", models.DecimalField(decimal_places=4, max_digits=20)),
                (
                    "treatment",
                    models.CharField(
                        choices=[("bad_debt", "Bad debt"), ("credit_memo", "Credit memo")],
                        db_default="bad_debt",
                        default="bad_debt",
                        max_length=12,
                    ),
                ),
                ("legal_entity", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="sync.legalentity")),
            ],
            options={
                "ordering": ["-decided_on", "-pk"],
                "constraints": [
                    models.CheckConstraint(condition=models.Q(("amount__gt", 0)), name="dispute_loss_is_above_zero")
                ],
            },
        ),
        migrations.AddField(
            model_name="delivery",
            name="entity",
            field=models.ForeignKey(
                blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, to="sync.legalentity"
            ),
        ),
        migrations.CreateModel(
            name="CustomerRecord",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("reference", models.CharField(max_length=120, unique=True)),
                ("version", models.BigIntegerField()),
                ("correlation_id", models.CharField(max_length=80)),
                ("currency", models.CharField(blank=True, max_length=3)),
                ("source_system", models.CharField(max_length=40)),
                ("source_event", models.CharField(max_length=40)),
                ("crm_account_id", models.CharField(max_length=18, unique=True)),
                ("name", models.CharField(db_index=True, max_length=200)),
                ("parent_reference", models.CharField(blank=True, max_length=120)),
                ("address", models.JSONField(default=dict)),
                ("email", models.CharField(blank=True, max_length=200)),
                ("industry", models.CharField(blank=True, max_length=120)),
                ("tax_id", models.CharField(blank=True, max_length=60)),
                ("updated_at", models.DateTimeField()),
                ("legal_entity", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="sync.legalentity")),
            ],
            options={
                "ordering": ["name"],
            },
        ),
        migrations.CreateModel(
            name="CreditMemoRecord",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("reference", models.CharField(max_length=120, unique=True)),
                ("version", models.BigIntegerField()),
                ("correlation_id", models.CharField(db_index=True, max_length=80)),
                ("currency", models.CharField(max_length=3)),
                ("source_system", models.CharField(max_length=40)),
                ("source_event", models.CharField(max_length=40)),
                ("number", models.CharField(db_index=True, max_length=60)),
                ("billing_id", models.CharField(max_length=80)),
                ("customer_reference", models.CharField(db_index=True, max_length=120)),
                ("contract_reference", models.CharField(db_index=True, max_length=120)),
                (
                    "refers_to",
                    models.CharField(
                        blank=True,
                        db_index=True,
                        help_text="The document it corrects; empty: on account.",
                        max_length=120,
                    ),
                ),
                ("reason_code", models.CharField(max_length=60)),
                ("document_date", models.DateField()),
                ("posting_date", models.DateField()),
                ("tax_point", models.DateField()),
                ("net", models.DecimalField(decimal_places=4, max_digits=20)),
                ("tax", models.DecimalField(decimal_places=4, max_digits=20)),
                ("total", models.DecimalField(decimal_places=4, max_digits=20)),
                (
                    "applied",
                    models.DecimalField(
                        decimal_places=4,
                        help_text="What it takes off the document it corrects; the rest stays on account.",
                        max_digits=20,
                    ),
                ),
                ("status", models.CharField(max_length=20)),
                ("legal_number", models.CharField(blank=True, max_length=60)),
                ("created_at", models.DateTimeField()),
                ("legal_entity", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="sync.legalentity")),
            ],
            options={
                "ordering": ["-document_date", "-number"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "total",
                                django.db.models.expressions.CombinedExpression(models.F("net"), "+", models.F("tax")),
                            )
                        ),
                        name="credit_memo_total_is_net_and_tax",
                    ),
                    models.CheckConstraint(condition=models.Q(("total__gt", 0)), name="credit_memo_gives_something"),
                    models.CheckConstraint(
                        condition=models.Q(("applied__gte", 0), ("applied__lte", models.F("total"))),
                        name="credit_memo_applies_at_most_its_total",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(models.Q(("refers_to", ""), _negated=True), ("applied", 0), _connector="OR"),
                        name="credit_memo_on_account_is_not_applied",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("reason_code", ""), _negated=True), name="credit_memo_says_why"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="ConversionRecord",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("reference", models.CharField(max_length=120, unique=True)),
                ("version", models.BigIntegerField()),
                ("correlation_id", models.CharField(db_index=True, max_length=80)),
                ("currency", models.CharField(max_length=3)),
                ("source_system", models.CharField(max_length=40)),
                ("source_event", models.CharField(max_length=40)),
                ("created_at", models.DateTimeField()),
                ("gateway_id", models.CharField(max_length=80)),
                ("of_reference", models.CharField(db_index=True, max_length=120)),
                ("payment_reference", models.CharField(db_index=True, max_length=120)),
                ("moved_on", models.DateField()),
                ("amount", models.DecimalField(decimal_places=4, max_digits=20)),
                ("other_currency", models.CharField(max_length=3)),
                ("other_amount", models.DecimalField(decimal_places=4, max_digits=20)),
                ("gateway_rate", models.DecimalField(decimal_places=12, max_digits=24)),
                ("exchange_rate", models.DecimalField(decimal_places=10, default=0, max_digits=20)),
                ("fee", models.DecimalField(decimal_places=4, default=0, max_digits=20)),
                ("legal_entity", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="sync.legalentity")),
            ],
            options={
                "ordering": ["-moved_on", "-pk"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("currency", models.F("other_currency")), _negated=True),
                        name="conversion_has_two_currencies",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("amount__gt", 0), ("other_amount__lt", 0)),
                            models.Q(("amount__lt", 0), ("other_amount__gt", 0)),
                            _connector="OR",
                        ),
                        name="conversion_takes_and_gives",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="ContractRecord",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("reference", models.CharField(max_length=120)),
                ("version", models.BigIntegerField()),
                ("correlation_id", models.CharField(db_index=True, max_length=80)),
                ("currency", models.CharField(max_length=3)),
                ("source_system", models.CharField(max_length=40)),
                ("source_event", models.CharField(max_length=40)),
                ("crm_opportunity_id", models.CharField(db_index=True, max_length=18)),
                ("name", models.CharField(blank=True, max_length=200)),
                ("customer_reference", models.CharField(db_index=True, max_length=120)),
                ("master_reference", models.CharField(blank=True, db_index=True, max_length=120)),
                (
                    "parts",
                    models.JSONField(blank=True, default=list, help_text="All contracts its deal was split over."),
                ),
                ("sold_to_reference", models.CharField(blank=True, max_length=120)),
                ("ship_to_reference", models.CharField(blank=True, max_length=120)),
                ("payer_reference", models.CharField(blank=True, max_length=120)),
                ("signatory", models.CharField(blank=True, max_length=120)),
                ("modification_kind", models.CharField(max_length=20)),
                ("modification_number", models.PositiveIntegerField()),
                ("record_revision", models.BigIntegerField()),
                ("signed_on", models.DateField()),
                ("starts_on", models.DateField()),
                ("ends_on", models.DateField()),
                ("amount", models.DecimalField(decimal_places=4, max_digits=20)),
                ("billing_frequency", models.CharField(max_length=30)),
                ("payment_terms_days", models.PositiveSmallIntegerField()),
                ("po_number", models.CharField(blank=True, max_length=60)),
                ("po_required", models.BooleanField(db_default=False, default=False)),
                ("effective_on", models.DateField(blank=True, help_text="First day this version holds.", null=True)),
                ("term_months", models.SmallIntegerField(db_default=12, default=12, help_text="0: no end.")),
                (
                    "free_months",
                    models.SmallIntegerField(db_default=0, default=0, help_text="First months that cost nothing."),
                ),
                (
                    "backdating",
                    models.CharField(
                        blank=True,
                        db_default="",
                        default="",
                        help_text="What is done where it holds from before the period billed then.",
                        max_length=20,
                    ),
                ),
                ("removes", models.JSONField(blank=True, default=list)),
                ("credits_unused", models.BooleanField(db_default=True, default=True)),
                ("continues_reference", models.CharField(blank=True, db_default="", default="", max_length=120)),
                ("commitment", models.JSONField(default=list)),
                ("created_at", models.DateTimeField()),
                ("legal_entity", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="sync.legalentity")),
            ],
            options={
                "ordering": ["-signed_on", "reference", "-version"],
                "constraints": [
                    models.UniqueConstraint(fields=("reference", "version"), name="one_record_per_contract_version"),
                    models.UniqueConstraint(
                        fields=("reference", "modification_number"), name="modification_numbers_never_repeat"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("ends_on__gte", models.F("starts_on"))),
                        name="contract_ends_after_it_starts",
                    ),
                    models.CheckConstraint(condition=models.Q(("free_months__gte", 0)), name="free_months_are_counted"),
                    models.CheckConstraint(
                        condition=models.Q(("backdating__in", ("", "from_today", "credit_and_rebill"))),
                        name="changes_dated_back_by_policy",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="ClearanceRecord",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("reference", models.CharField(max_length=120, unique=True)),
                ("version", models.BigIntegerField()),
                ("correlation_id", models.CharField(db_index=True, max_length=80)),
                ("currency", models.CharField(max_length=3)),
                ("source_system", models.CharField(max_length=40)),
                ("source_event", models.CharField(max_length=40)),
                ("invoice_reference", models.CharField(max_length=120, unique=True)),
                ("contract_reference", models.CharField(blank=True, max_length=120)),
                ("number", models.CharField(max_length=60)),
                (
                    "status",
                    models.CharField(
                        choices=[("pending", "Pending"), ("cleared", "Cleared"), ("rejected", "Rejected")],
                        max_length=12,
                    ),
                ),
                ("legal_number", models.CharField(blank=True, max_length=60)),
                ("words", models.CharField(blank=True, help_text="What the authority said.", max_length=300)),
                ("updated_at", models.DateTimeField()),
                ("legal_entity", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="sync.legalentity")),
            ],
            options={
                "ordering": ["-updated_at"],
            },
        ),
        migrations.CreateModel(
            name="AllocationRecord",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("reference", models.CharField(max_length=120, unique=True)),
                ("version", models.BigIntegerField()),
                ("correlation_id", models.CharField(db_index=True, max_length=80)),
                ("currency", models.CharField(max_length=3)),
                ("source_system", models.CharField(max_length=40)),
                ("source_event", models.CharField(max_length=40)),
                ("payment_reference", models.CharField(db_index=True, max_length=120)),
                ("invoice_reference", models.CharField(db_index=True, max_length=120)),
                ("customer_reference", models.CharField(max_length=120)),
                ("applied_on", models.DateField()),
                ("amount", models.DecimalField(decimal_places=4, max_digits=20)),
                ("created_at", models.DateTimeField()),
                ("legal_entity", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="sync.legalentity")),
            ],
            options={
                "ordering": ["-applied_on", "-pk"],
                "constraints": [
                    models.CheckConstraint(condition=models.Q(("amount__gt", 0)), name="allocation_is_above_zero")
                ],
            },
        ),
        migrations.CreateModel(
            name="AccountingPeriod",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("module", models.CharField(default="ar", max_length=10)),
                ("starts_on", models.DateField()),
                ("ends_on", models.DateField()),
                (
                    "state",
                    models.CharField(
                        choices=[("open", "Open"), ("closing", "Closing"), ("closed", "Closed")],
                        help_text="The stricter of the ERP's word and our own.",
                        max_length=8,
                    ),
                ),
                (
                    "erp_state",
                    models.CharField(
                        choices=[("open", "Open"), ("closing", "Closing"), ("closed", "Closed")],
                        db_default="open",
                        default="open",
                        help_text="The ERP's own last word.",
                        max_length=8,
                    ),
                ),
                (
                    "own_state",
                    models.CharField(
                        choices=[("open", "Open"), ("closing", "Closing"), ("closed", "Closed")],
                        db_default="open",
                        default="open",
                        help_text="What was closed from here; it holds although the ERP may still say open.",
                        max_length=8,
                    ),
                ),
                ("external_id", models.CharField(max_length=60)),
                ("mirrored_at", models.DateTimeField()),
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
                    "closing_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("connection", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="sync.connection")),
                (
                    "entity",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="periods", to="sync.legalentity"
                    ),
                ),
            ],
            options={
                "ordering": ["entity", "module", "starts_on"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("closed_by__isnull", True),
                            ("closing_by__isnull", True),
                            models.Q(("closed_by", models.F("closing_by")), _negated=True),
                            _connector="OR",
                        ),
                        name="period_closed_by_another",
                        violation_error_message="You began to close it; another person closes it.",
                    ),
                    django.contrib.postgres.constraints.ExclusionConstraint(
                        expressions=[
                            ("entity", "="),
                            ("connection", "="),
                            ("module", "="),
                            (
                                models.Func(
                                    models.F("starts_on"),
                                    models.F("ends_on"),
                                    models.Value("[]"),
                                    function="DATERANGE",
                                    output_field=django.contrib.postgres.fields.ranges.DateRangeField(),
                                ),
                                "&&",
                            ),
                        ],
                        name="periods_do_not_overlap",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="ModificationTreatment",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("reference", models.CharField(help_text="The contract.", max_length=120)),
                ("version", models.BigIntegerField(help_text="Number of the change.")),
                ("correlation_id", models.CharField(db_index=True, max_length=80)),
                ("modification_kind", models.CharField(max_length=20)),
                ("effective_on", models.DateField()),
                ("accounting_on", models.DateField()),
                ("currency", models.CharField(max_length=3)),
                ("amount_before", models.DecimalField(decimal_places=4, max_digits=20)),
                ("amount_after", models.DecimalField(decimal_places=4, max_digits=20)),
                (
                    "proposed",
                    models.CharField(
                        choices=[
                            ("separate_contract", "Separate contract"),
                            ("prospective", "Prospective"),
                            ("cumulative_catch_up", "Cumulative catch-up"),
                            ("mixed", "Mixed"),
                        ],
                        max_length=20,
                    ),
                ),
                ("because", models.CharField(max_length=300)),
                (
                    "decided",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("separate_contract", "Separate contract"),
                            ("prospective", "Prospective"),
                            ("cumulative_catch_up", "Cumulative catch-up"),
                            ("mixed", "Mixed"),
                        ],
                        max_length=20,
                    ),
                ),
                ("note", models.CharField(blank=True, max_length=300)),
                ("decided_at", models.DateTimeField(blank=True, null=True)),
                ("approved_at", models.DateTimeField(blank=True, null=True)),
                ("created_at", models.DateTimeField()),
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
                    "decided_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("legal_entity", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="sync.legalentity")),
            ],
            options={
                "ordering": ["-created_at", "reference", "-version"],
                "constraints": [
                    models.UniqueConstraint(fields=("reference", "version"), name="one_treatment_per_change"),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("approved_by__isnull", True),
                            models.Q(
                                models.Q(("decided", ""), _negated=True),
                                ("approved_at__isnull", False),
                                ("decided_by__isnull", False),
                            ),
                            _connector="OR",
                        ),
                        name="only_what_is_decided_is_approved",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("approved_by__isnull", True),
                            models.Q(("approved_by", models.F("decided_by")), _negated=True),
                            _connector="OR",
                        ),
                        name="treatment_approved_by_another",
                        violation_error_message="Another person than the one who decided it must approve it.",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="PaymentRecord",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("reference", models.CharField(max_length=120, unique=True)),
                ("version", models.BigIntegerField()),
                ("correlation_id", models.CharField(db_index=True, max_length=80)),
                ("currency", models.CharField(max_length=3)),
                ("source_system", models.CharField(max_length=40)),
                ("source_event", models.CharField(max_length=40)),
                ("gateway_id", models.CharField(max_length=80)),
                ("customer_reference", models.CharField(db_index=True, max_length=120)),
                ("origin", models.CharField(choices=[("gateway", "Gateway"), ("bank", "Bank")], max_length=10)),
                ("received_on", models.DateField()),
                ("amount", models.DecimalField(decimal_places=4, max_digits=20)),
                ("fee", models.DecimalField(decimal_places=4, default=0, max_digits=20)),
                ("exchange_rate", models.DecimalField(decimal_places=10, default=0, max_digits=20)),
                ("rate_type", models.CharField(blank=True, max_length=8)),
                ("rate_source", models.CharField(blank=True, max_length=60)),
                ("rate_as_of", models.DateField(blank=True, null=True)),
                ("pays_reference", models.CharField(blank=True, max_length=120)),
                ("created_at", models.DateTimeField()),
                ("legal_entity", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="sync.legalentity")),
            ],
            options={
                "ordering": ["-received_on", "-pk"],
                "constraints": [
                    models.CheckConstraint(condition=models.Q(("amount__gt", 0)), name="payment_is_above_zero")
                ],
            },
        ),
        migrations.CreateModel(
            name="PaymentReturnRecord",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("reference", models.CharField(max_length=120, unique=True)),
                ("version", models.BigIntegerField()),
                ("correlation_id", models.CharField(db_index=True, max_length=80)),
                ("currency", models.CharField(max_length=3)),
                ("source_system", models.CharField(max_length=40)),
                ("source_event", models.CharField(max_length=40)),
                ("created_at", models.DateTimeField()),
                ("gateway_id", models.CharField(max_length=80)),
                ("payment_reference", models.CharField(max_length=120, unique=True)),
                ("customer_reference", models.CharField(db_index=True, max_length=120)),
                ("invoice_reference", models.CharField(blank=True, max_length=120)),
                ("returned_on", models.DateField()),
                ("amount", models.DecimalField(decimal_places=4, max_digits=20)),
                ("legal_entity", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="sync.legalentity")),
            ],
            options={
                "ordering": ["-returned_on", "-pk"],
                "constraints": [
                    models.CheckConstraint(condition=models.Q(("amount__gt", 0)), name="payment_return_is_above_zero")
                ],
            },
        ),
        migrations.CreateModel(
            name="PayoutFailureRecord",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("reference", models.CharField(max_length=120, unique=True)),
                ("version", models.BigIntegerField()),
                ("correlation_id", models.CharField(db_index=True, max_length=80)),
                ("currency", models.CharField(max_length=3)),
                ("source_system", models.CharField(max_length=40)),
                ("source_event", models.CharField(max_length=40)),
                ("created_at", models.DateTimeField()),
                ("gateway_id", models.CharField(max_length=80)),
                ("payout_reference", models.CharField(max_length=120, unique=True)),
                ("failed_on", models.DateField()),
                ("amount", models.DecimalField(decimal_places=4, max_digits=20)),
                ("failure_reason", models.CharField(blank=True, max_length=80)),
                ("legal_entity", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="sync.legalentity")),
            ],
            options={
                "ordering": ["-failed_on", "-pk"],
            },
        ),
        migrations.CreateModel(
            name="PayoutRecord",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("reference", models.CharField(max_length=120, unique=True)),
                ("version", models.BigIntegerField()),
                ("correlation_id", models.CharField(db_index=True, max_length=80)),
                ("currency", models.CharField(max_length=3)),
                ("source_system", models.CharField(max_length=40)),
                ("source_event", models.CharField(max_length=40)),
                ("created_at", models.DateTimeField()),
                ("gateway_id", models.CharField(max_length=80)),
                ("paid_on", models.DateField()),
                ("amount", models.DecimalField(decimal_places=4, max_digits=20)),
                ("charges", models.DecimalField(decimal_places=4, max_digits=20)),
                ("refunds", models.DecimalField(decimal_places=4, max_digits=20)),
                ("disputes", models.DecimalField(decimal_places=4, max_digits=20)),
                ("dispute_fees", models.DecimalField(decimal_places=4, max_digits=20)),
                ("fees", models.DecimalField(decimal_places=4, max_digits=20)),
                ("reserves", models.DecimalField(decimal_places=4, default=0, max_digits=20)),
                ("returned", models.DecimalField(decimal_places=4, default=0, max_digits=20)),
                ("bank_trace", models.CharField(blank=True, max_length=80)),
                ("legal_entity", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="sync.legalentity")),
            ],
            options={
                "ordering": ["-paid_on", "-pk"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "amount",
                                django.db.models.expressions.CombinedExpression(
                                    django.db.models.expressions.CombinedExpression(
                                        django.db.models.expressions.CombinedExpression(
                                            django.db.models.expressions.CombinedExpression(
                                                django.db.models.expressions.CombinedExpression(
                                                    django.db.models.expressions.CombinedExpression(
                                                        models.F("charges"), "+", models.F("refunds")
                                                    ),
                                                    "+",
                                                    models.F("disputes"),
                                                ),
                                                "+",
                                                models.F("reserves"),
                                            ),
                                            "+",
                                            models.F("returned"),
                                        ),
                                        "-",
                                        models.F("dispute_fees"),
                                    ),
                                    "-",
                                    models.F("fees"),
                                ),
                            )
                        ),
                        name="payout_is_the_sum_of_its_parts",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="PayoutLineRecord",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("line_id", models.CharField(max_length=80, unique=True)),
                ("category", models.CharField(max_length=10)),
                ("source_reference", models.CharField(blank=True, db_index=True, max_length=120)),
                ("gross", models.DecimalField(decimal_places=4, max_digits=20)),
                ("fee", models.DecimalField(decimal_places=4, max_digits=20)),
                ("net", models.DecimalField(decimal_places=4, max_digits=20)),
                ("moved_on", models.DateField()),
                (
                    "payout",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="lines", to="sync.payoutrecord"
                    ),
                ),
            ],
            options={
                "ordering": ["payout", "moved_on", "line_id"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "net",
                                django.db.models.expressions.CombinedExpression(
                                    models.F("gross"), "-", models.F("fee")
                                ),
                            )
                        ),
                        name="payout_line_net_is_gross_less_fee",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="PollCursor",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("stream", models.CharField(max_length=60)),
                ("cursor", models.CharField(blank=True, max_length=255)),
                ("polled_at", models.DateTimeField(blank=True, null=True)),
                (
                    "found",
                    models.PositiveIntegerField(
                        default=0, help_text="Events the last poll brought that no call had brought."
                    ),
                ),
                (
                    "compared_at",
                    models.DateTimeField(
                        blank=True, help_text="When the source's own list was last compared with the inbox.", null=True
                    ),
                ),
                (
                    "missing",
                    models.PositiveIntegerField(
                        default=0,
                        help_text="Events that comparison found and that neither a call nor a poll had brought.",
                    ),
                ),
                (
                    "lost_at",
                    models.DateTimeField(
                        blank=True,
                        help_text="When the source no longer kept our place and was read anew from its oldest.",
                        null=True,
                    ),
                ),
                (
                    "poll_failed_at",
                    models.DateTimeField(
                        blank=True,
                        help_text="When we last failed at what was answered; empty once it could be read again.",
                        null=True,
                    ),
                ),
                (
                    "compare_failed_at",
                    models.DateTimeField(
                        blank=True, help_text="The same of the list that is compared with the inbox.", null=True
                    ),
                ),
                (
                    "connection",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="cursors", to="sync.connection"
                    ),
                ),
            ],
            options={
                "ordering": ["connection", "stream"],
                "constraints": [models.UniqueConstraint(fields=("connection", "stream"), name="one_cursor_per_stream")],
            },
        ),
        migrations.CreateModel(
            name="PostingWindow",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("kind", models.CharField(max_length=20)),
                (
                    "mode",
                    models.CharField(
                        choices=[
                            ("realtime", "At once"),
                            ("batch", "In a daily window"),
                            ("hold", "Held until released"),
                        ],
                        default="realtime",
                        max_length=10,
                    ),
                ),
                ("opens_at", models.TimeField(blank=True, help_text="In the entity's own zone.", null=True)),
                ("closes_at", models.TimeField(blank=True, null=True)),
                (
                    "entity",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="windows", to="sync.legalentity"
                    ),
                ),
            ],
            options={
                "ordering": ["entity", "kind"],
                "constraints": [
                    models.UniqueConstraint(fields=("entity", "kind"), name="one_window_per_kind"),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("mode", "batch"), _negated=True),
                            models.Q(
                                ("closes_at__isnull", False),
                                ("opens_at__isnull", False),
                                models.Q(("opens_at", models.F("closes_at")), _negated=True),
                            ),
                            _connector="OR",
                        ),
                        name="daily_window_has_its_hours",
                        violation_error_message="A daily window needs the time it opens and another one at which it closes.",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="ProductMapping",
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
                    "crm_product",
                    models.CharField(
                        help_text="The product code or name exactly as it stands on the deal.", max_length=120
                    ),
                ),
                ("product_name", models.CharField(max_length=120)),
                ("list_price", models.DecimalField(decimal_places=4, max_digits=20)),
                ("currency", models.CharField(max_length=3)),
                ("billing_product", models.CharField(max_length=120)),
                ("erp_item", models.CharField(max_length=120)),
                ("revenue_treatment", models.CharField(max_length=40)),
                ("tax_class", models.CharField(max_length=40)),
                ("destination", models.CharField(default="billing", max_length=20)),
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
            ],
            options={
                "ordering": ["crm_product", "-valid_from"],
                "constraints": [
                    django.contrib.postgres.constraints.ExclusionConstraint(
                        condition=models.Q(("status", "approved")),
                        expressions=[
                            ("crm_product", "="),
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
                        name="product_mappings_do_not_overlap",
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
                        name="product_mapping_approved_by_another",
                        violation_error_message="Another person than the one who drafted it must approve it.",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="RefundFailureRecord",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("reference", models.CharField(max_length=120, unique=True)),
                ("version", models.BigIntegerField()),
                ("correlation_id", models.CharField(db_index=True, max_length=80)),
                ("currency", models.CharField(max_length=3)),
                ("source_system", models.CharField(max_length=40)),
                ("source_event", models.CharField(max_length=40)),
                ("created_at", models.DateTimeField()),
                ("gateway_id", models.CharField(max_length=80)),
                ("refund_reference", models.CharField(max_length=120, unique=True)),
                ("customer_reference", models.CharField(db_index=True, max_length=120)),
                ("failed_on", models.DateField()),
                ("amount", models.DecimalField(decimal_places=4, max_digits=20)),
                ("failure_reason", models.CharField(blank=True, max_length=80)),
                ("legal_entity", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="sync.legalentity")),
            ],
            options={
                "ordering": ["-failed_on", "-pk"],
                "constraints": [
                    models.CheckConstraint(condition=models.Q(("amount__gt", 0)), name="refund_failure_is_above_zero")
                ],
            },
        ),
        migrations.CreateModel(
            name="RefundRecord",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("reference", models.CharField(max_length=120, unique=True)),
                ("version", models.BigIntegerField()),
                ("correlation_id", models.CharField(db_index=True, max_length=80)),
                ("currency", models.CharField(max_length=3)),
                ("source_system", models.CharField(max_length=40)),
                ("source_event", models.CharField(max_length=40)),
                ("created_at", models.DateTimeField()),
                ("gateway_id", models.CharField(max_length=80)),
                ("payment_reference", models.CharField(db_index=True, max_length=120)),
                ("customer_reference", models.CharField(db_index=True, max_length=120)),
                ("refunded_on", models.DateField()),
                ("amount", models.DecimalField(decimal_places=4, max_digits=20)),
                ("causes", models.JSONField(default=list)),
                ("legal_entity", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="sync.legalentity")),
            ],
            options={
                "ordering": ["-refunded_on", "-pk"],
                "constraints": [
                    models.CheckConstraint(condition=models.Q(("amount__gt", 0)), name="refund_is_above_zero"),
                    models.CheckConstraint(
                        condition=models.Q(("causes", []), _negated=True), name="refund_says_what_it_gives_back"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="RefusedCall",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("at", models.DateTimeField()),
                ("problem", models.CharField(help_text="What was wrong, as told to the caller.", max_length=400)),
                ("raw", models.BinaryField(help_text="The first 64 kB of the body.")),
                ("headers", models.JSONField(default=dict)),
                (
                    "connection",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="refused", to="sync.connection"
                    ),
                ),
            ],
            options={
                "ordering": ["-at"],
            },
        ),
        migrations.CreateModel(
            name="RevenueEngine",
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
                    "engine",
                    models.CharField(
                        choices=[("erp", "The ERP"), ("external", "An external engine"), ("portal", "The portal")],
                        max_length=10,
                    ),
                ),
                (
                    "deferred_account",
                    models.CharField(blank=True, help_text="Ids in the ERP; needed for the portal.", max_length=40),
                ),
                ("revenue_account", models.CharField(blank=True, max_length=40)),
                ("unbilled_account", models.CharField(blank=True, max_length=40)),
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
                        related_name="revenue_engines",
                        to="sync.legalentity",
                    ),
                ),
            ],
            options={
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
                        name="one_revenue_engine_per_entity",
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
                        name="revenue_engine_approved_by_another",
                        violation_error_message="Another person than the one who drafted it must approve it.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("engine", "portal"), _negated=True),
                            models.Q(
                                models.Q(("deferred_account", ""), _negated=True),
                                models.Q(("revenue_account", ""), _negated=True),
                                models.Q(("unbilled_account", ""), _negated=True),
                            ),
                            _connector="OR",
                        ),
                        name="portal_engine_names_its_accounts",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="RevenueEventRecord",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("reference", models.CharField(max_length=120, unique=True)),
                ("version", models.BigIntegerField()),
                ("correlation_id", models.CharField(db_index=True, max_length=80)),
                ("currency", models.CharField(max_length=3)),
                ("source_system", models.CharField(max_length=40)),
                ("source_event", models.CharField(max_length=40)),
                ("schedule_reference", models.CharField(db_index=True, max_length=120)),
                ("arrangement_reference", models.CharField(max_length=120)),
                (
                    "movement",
                    models.CharField(
                        choices=[
                            ("deferral", "Deferred when invoiced"),
                            ("recognition", "Earned"),
                            ("credit", "Given back, no longer deferred"),
                            ("termination", "Earned at termination, no service left"),
                            ("accrual", "Used, not invoiced yet"),
                            ("accrual_reversal", "Accrual taken back"),
                        ],
                        max_length=20,
                    ),
                ),
                ("dated", models.DateField()),
                ("amount", models.DecimalField(decimal_places=4, max_digits=20)),
                ("withdrawn_at", models.DateTimeField(help_text="Replaced before it was posted.", null=True)),
                ("created_at", models.DateTimeField()),
                (
                    "batch",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="events",
                        to="sync.journalbatchrecord",
                    ),
                ),
                ("legal_entity", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="sync.legalentity")),
            ],
            options={
                "ordering": ["dated", "reference"],
                "indexes": [
                    models.Index(
                        condition=models.Q(("batch__isnull", True), ("withdrawn_at__isnull", True)),
                        fields=["legal_entity", "dated"],
                        name="revenue_events_to_post",
                    )
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("batch__isnull", True), ("withdrawn_at__isnull", True), _connector="OR"),
                        name="sealed_event_is_never_withdrawn",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="RevenueScheduleRecord",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("reference", models.CharField(max_length=120, unique=True)),
                ("version", models.BigIntegerField()),
                ("correlation_id", models.CharField(db_index=True, max_length=80)),
                ("currency", models.CharField(max_length=3)),
                ("source_system", models.CharField(max_length=40)),
                ("source_event", models.CharField(max_length=40)),
                ("arrangement_reference", models.CharField(db_index=True, max_length=120)),
                ("contract_reference", models.CharField(db_index=True, max_length=120)),
                ("customer_reference", models.CharField(max_length=120)),
                ("invoice_reference", models.CharField(db_index=True, max_length=120)),
                ("line_id", models.CharField(max_length=80)),
                ("obligation", models.CharField(max_length=120)),
                ("treatment", models.CharField(max_length=40)),
                ("starts_on", models.DateField()),
                ("ends_on", models.DateField()),
                ("billed", models.DecimalField(decimal_places=4, max_digits=20)),
                ("standalone_price", models.DecimalField(decimal_places=4, max_digits=20)),
                ("amount", models.DecimalField(decimal_places=4, max_digits=20)),
                (
                    "engine",
                    models.CharField(
                        choices=[("erp", "The ERP"), ("external", "An external engine"), ("portal", "The portal")],
                        max_length=10,
                    ),
                ),
                ("parts", models.JSONField(default=list)),
                ("created_at", models.DateTimeField()),
                ("legal_entity", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="sync.legalentity")),
            ],
            options={
                "ordering": ["-starts_on", "reference"],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("invoice_reference", "line_id"), name="one_schedule_per_invoice_line"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("ends_on__gte", models.F("starts_on"))),
                        name="schedule_ends_after_it_starts",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="SalesOrderRecord",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("reference", models.CharField(max_length=120)),
                ("version", models.BigIntegerField()),
                ("correlation_id", models.CharField(db_index=True, max_length=80)),
                ("currency", models.CharField(max_length=3)),
                ("source_system", models.CharField(max_length=40)),
                ("source_event", models.CharField(max_length=40)),
                ("contract_reference", models.CharField(db_index=True, max_length=120)),
                ("master_reference", models.CharField(db_index=True, max_length=120)),
                ("customer_reference", models.CharField(db_index=True, max_length=120)),
                ("ordered_on", models.DateField()),
                ("starts_on", models.DateField()),
                ("ends_on", models.DateField()),
                ("net", models.DecimalField(decimal_places=4, max_digits=20)),
                ("po_number", models.CharField(blank=True, max_length=60)),
                ("created_at", models.DateTimeField()),
                ("legal_entity", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="sync.legalentity")),
            ],
            options={
                "ordering": ["-ordered_on", "reference", "-version"],
                "constraints": [
                    models.UniqueConstraint(fields=("reference", "version"), name="one_record_per_order_version"),
                    models.CheckConstraint(
                        condition=models.Q(("ends_on__gte", models.F("starts_on"))), name="order_ends_after_it_starts"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="SalesOrderLineRecord",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("line_id", models.CharField(max_length=40)),
                ("description", models.CharField(max_length=200)),
                ("quantity", models.DecimalField(decimal_places=6, max_digits=18)),
                ("net", models.DecimalField(decimal_places=4, max_digits=20)),
                ("starts_on", models.DateField()),
                ("ends_on", models.DateField()),
                ("erp_item", models.CharField(max_length=120)),
                ("revenue_treatment", models.CharField(max_length=40)),
                ("tax_class", models.CharField(max_length=40)),
                ("ship_to_reference", models.CharField(blank=True, max_length=120)),
                ("arrangement", models.CharField(blank=True, max_length=120)),
                ("dimensions", models.JSONField(default=list)),
                (
                    "order",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="lines", to="sync.salesorderrecord"
                    ),
                ),
            ],
            options={
                "ordering": ["order", "line_id"],
                "constraints": [models.UniqueConstraint(fields=("order", "line_id"), name="order_line_once")],
            },
        ),
        migrations.CreateModel(
            name="ScheduleClaim",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("job", models.CharField(max_length=120)),
                ("window", models.CharField(max_length=60)),
                ("claimed_at", models.DateTimeField()),
                ("lease_until", models.DateTimeField(blank=True, null=True)),
                ("finished_at", models.DateTimeField(blank=True, null=True)),
            ],
            options={
                "ordering": ["-claimed_at"],
                "constraints": [models.UniqueConstraint(fields=("job", "window"), name="each_window_once")],
            },
        ),
        migrations.CreateModel(
            name="SourceEventBody",
            fields=[
                (
                    "event",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="body",
                        serialize=False,
                        to="sync.sourceevent",
                    ),
                ),
                ("raw", models.BinaryField()),
                ("headers", models.JSONField(default=dict)),
            ],
            options={
                "ordering": ["event_id"],
            },
        ),
        migrations.CreateModel(
            name="ConflictingDuplicate",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("body_sha256", models.CharField(max_length=64)),
                ("raw", models.BinaryField()),
                ("received_at", models.DateTimeField()),
                ("seen", models.PositiveIntegerField(default=1)),
                (
                    "event",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="conflicts", to="sync.sourceevent"
                    ),
                ),
            ],
            options={
                "ordering": ["-received_at"],
                "constraints": [models.UniqueConstraint(fields=("event", "body_sha256"), name="conflict_kept_once")],
            },
        ),
        migrations.CreateModel(
            name="StrayCalls",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("door", models.CharField(max_length=40)),
                ("day", models.DateField(help_text="In UTC.")),
                ("count", models.PositiveIntegerField(default=0)),
                ("last_at", models.DateTimeField()),
            ],
            options={
                "verbose_name_plural": "stray calls",
                "ordering": ["-day", "door"],
                "constraints": [models.UniqueConstraint(fields=("door", "day"), name="stray_calls_counted_once_a_day")],
            },
        ),
        migrations.CreateModel(
            name="TaxCertificate",
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
                    "customer_reference",
                    models.CharField(help_text="The customer, such as customer:0015g00000AbCdEAAV.", max_length=120),
                ),
                (
                    "jurisdiction",
                    models.CharField(
                        help_text="ISO 3166-1 code of the country, or of its part by ISO 3166-2, such as US-NY.",
                        max_length=6,
                    ),
                ),
                ("number", models.CharField(max_length=60)),
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
            ],
            options={
                "ordering": ["customer_reference", "jurisdiction", "-valid_from"],
                "constraints": [
                    django.contrib.postgres.constraints.ExclusionConstraint(
                        condition=models.Q(("status", "approved")),
                        expressions=[
                            ("customer_reference", "="),
                            ("jurisdiction", "="),
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
                        name="tax_certificates_do_not_overlap",
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
                        name="tax_certificate_approved_by_another",
                        violation_error_message="Another person than the one who drafted it must approve it.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("valid_to__isnull", False)),
                        name="tax_certificate_ends",
                        violation_error_message="A certificate has a last day.",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="TaxCode",
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
                    "jurisdiction",
                    models.CharField(
                        help_text="ISO 3166-1 code of the country, or of its part by ISO 3166-2, such as US-NY.",
                        max_length=6,
                    ),
                ),
                ("tax_class", models.CharField(help_text="As product mappings name it.", max_length=40)),
                (
                    "treatment",
                    models.CharField(
                        choices=[
                            ("standard", "Taxed where it is used"),
                            ("reverse_charge", "The customer accounts for the tax"),
                            ("exempt", "Exempt by certificate"),
                            ("not_registered", "Not taxed: below the threshold, no registration"),
                        ],
                        default="standard",
                        max_length=16,
                    ),
                ),
                ("percent", models.DecimalField(decimal_places=4, max_digits=7)),
                (
                    "billing_code",
                    models.CharField(blank=True, help_text="The tax rate's id in billing.", max_length=120),
                ),
                ("erp_code", models.CharField(help_text="The tax code's id in the ERP.", max_length=120)),
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
                ("entity", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="sync.legalentity")),
            ],
            options={
                "ordering": ["entity", "jurisdiction", "tax_class", "treatment", "-valid_from"],
                "constraints": [
                    django.contrib.postgres.constraints.ExclusionConstraint(
                        condition=models.Q(("status", "approved")),
                        expressions=[
                            ("entity", "="),
                            ("jurisdiction", "="),
                            ("tax_class", "="),
                            ("treatment", "="),
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
                        name="tax_codes_do_not_overlap",
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
                        name="tax_code_approved_by_another",
                        violation_error_message="Another person than the one who drafted it must approve it.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("percent__gte", 0),
                            ("percent__lt", 100),
                            models.Q(("treatment", "standard"), ("percent", 0), _connector="OR"),
                        ),
                        name="tax_is_charged_by_the_standard_treatment_only",
                        violation_error_message="Only the standard treatment charges tax; every other has 0 percent.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("percent", 0), models.Q(("billing_code", ""), _negated=True), _connector="OR"
                        ),
                        name="tax_that_is_charged_has_a_code_in_billing",
                        violation_error_message="A tax that is charged needs the code billing charges it by.",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="TaxIdCheck",
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
                    "customer_reference",
                    models.CharField(help_text="The customer, such as customer:0015g00000AbCdEAAV.", max_length=120),
                ),
                ("tax_id", models.CharField(max_length=60)),
                ("consultation", models.CharField(help_text="The authority's own number of the check.", max_length=60)),
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
            ],
            options={
                "ordering": ["customer_reference", "-valid_from"],
                "constraints": [
                    django.contrib.postgres.constraints.ExclusionConstraint(
                        condition=models.Q(("status", "approved")),
                        expressions=[
                            ("customer_reference", "="),
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
                        name="tax_id_checks_do_not_overlap",
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
                        name="tax_id_check_approved_by_another",
                        violation_error_message="Another person than the one who drafted it must approve it.",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="TaxRegistration",
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
                    "jurisdiction",
                    models.CharField(
                        help_text="ISO 3166-1 code of the country, or of its part by ISO 3166-2, such as US-NY.",
                        max_length=6,
                    ),
                ),
                (
                    "standing",
                    models.CharField(
                        choices=[
                            ("registered", "Registered"),
                            ("below_threshold", "Not registered, below the threshold"),
                        ],
                        default="registered",
                        max_length=16,
                    ),
                ),
                ("number", models.CharField(blank=True, help_text="Our registration number there.", max_length=40)),
                (
                    "threshold",
                    models.DecimalField(
                        blank=True,
                        decimal_places=4,
                        help_text="Net sales a calendar year from which we must register.",
                        max_digits=20,
                        null=True,
                    ),
                ),
                ("threshold_currency", models.CharField(blank=True, max_length=3)),
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
                ("entity", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="sync.legalentity")),
            ],
            options={
                "ordering": ["entity", "jurisdiction", "-valid_from"],
                "constraints": [
                    django.contrib.postgres.constraints.ExclusionConstraint(
                        condition=models.Q(("status", "approved")),
                        expressions=[
                            ("entity", "="),
                            ("jurisdiction", "="),
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
                        name="tax_registrations_do_not_overlap",
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
                        name="tax_registration_approved_by_another",
                        violation_error_message="Another person than the one who drafted it must approve it.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("standing", "registered"), models.Q(("number", ""), _negated=True)),
                            models.Q(
                                ("number", ""),
                                ("standing", "below_threshold"),
                                ("threshold__gt", 0),
                                models.Q(("threshold_currency", ""), _negated=True),
                            ),
                            _connector="OR",
                        ),
                        name="tax_registration_has_number_or_threshold",
                        violation_error_message="A registration has a number; a threshold has an amount and a currency.",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="UnpostedDocument",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("reference", models.CharField(max_length=120, unique=True)),
                ("kind", models.CharField(max_length=20)),
                ("number", models.CharField(max_length=60)),
                ("document_date", models.DateField()),
                ("currency", models.CharField(max_length=3)),
                ("because", models.CharField(choices=[("zero_total", "Nothing to pay")], max_length=40)),
                ("created_at", models.DateTimeField()),
                ("legal_entity", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="sync.legalentity")),
            ],
            options={
                "ordering": ["-document_date", "-number"],
            },
        ),
        migrations.CreateModel(
            name="UsageMeter",
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
                ("crm_product", models.CharField(help_text="The product as it stands on the deal.", max_length=120)),
                ("meter", models.CharField(help_text="What sources call it.", max_length=40)),
                ("event_name", models.CharField(max_length=100)),
                ("billing_meter", models.CharField(max_length=80)),
                ("billing_price", models.CharField(max_length=80)),
                ("unit_price", models.DecimalField(decimal_places=12, max_digits=24)),
                ("currency", models.CharField(max_length=3)),
                (
                    "scale",
                    models.PositiveSmallIntegerField(
                        default=0, help_text="Digits after the point that are billed, 0 to 6."
                    ),
                ),
                (
                    "late_policy",
                    models.CharField(
                        choices=[
                            ("true_up", "Bill it on the next invoice"),
                            ("credit_and_rebill", "Credit the invoice and bill it anew"),
                        ],
                        default="true_up",
                        max_length=20,
                    ),
                ),
                (
                    "late_limit",
                    models.DecimalField(
                        decimal_places=4,
                        default=0,
                        help_text="Late usage above this amount waits for people.",
                        max_digits=20,
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
            ],
            options={
                "ordering": ["crm_product", "-valid_from"],
                "constraints": [
                    django.contrib.postgres.constraints.ExclusionConstraint(
                        condition=models.Q(("status", "approved")),
                        expressions=[
                            ("crm_product", "="),
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
                        name="usage_meters_do_not_overlap",
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
                        name="usage_meter_approved_by_another",
                        violation_error_message="Another person than the one who drafted it must approve it.",
                    ),
                    models.CheckConstraint(condition=models.Q(("scale__lte", 6)), name="usage_meter_scale_is_kept"),
                ],
            },
        ),
        migrations.CreateModel(
            name="UsagePlanRecord",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("reference", models.CharField(max_length=120, unique=True)),
                ("version", models.BigIntegerField()),
                ("correlation_id", models.CharField(db_index=True, max_length=80)),
                ("currency", models.CharField(max_length=3)),
                ("source_system", models.CharField(max_length=40)),
                ("source_event", models.CharField(max_length=40)),
                ("contract_reference", models.CharField(db_index=True, max_length=120)),
                ("customer_reference", models.CharField(max_length=120)),
                ("meter", models.CharField(max_length=40)),
                ("event_name", models.CharField(max_length=100)),
                ("billing_meter", models.CharField(max_length=80)),
                ("billing_price", models.CharField(max_length=80)),
                ("billing_product", models.CharField(max_length=120)),
                ("unit_price", models.DecimalField(decimal_places=12, max_digits=24)),
                ("scale", models.PositiveSmallIntegerField()),
                ("starts_on", models.DateField()),
                ("ends_on", models.DateField()),
                ("payment_terms_days", models.PositiveSmallIntegerField()),
                (
                    "late_policy",
                    models.CharField(
                        choices=[
                            ("true_up", "Bill it on the next invoice"),
                            ("credit_and_rebill", "Credit the invoice and bill it anew"),
                        ],
                        max_length=20,
                    ),
                ),
                ("late_limit", models.DecimalField(decimal_places=4, max_digits=20)),
                ("created_at", models.DateTimeField()),
                ("legal_entity", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="sync.legalentity")),
            ],
            options={
                "ordering": ["reference"],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("contract_reference", "meter"), name="one_plan_per_contract_and_meter"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="UsagePeriod",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("starts_at", models.DateTimeField()),
                ("ends_at", models.DateTimeField(help_text="First moment that is not in it.")),
                ("starts_on", models.DateField()),
                ("ends_on", models.DateField()),
                ("invoice_reference", models.CharField(max_length=120)),
                ("invoiced_on", models.DateField()),
                ("quantity", models.DecimalField(decimal_places=6, max_digits=21)),
                ("amount", models.DecimalField(decimal_places=4, max_digits=20)),
                ("cut_at", models.DateTimeField()),
                (
                    "touched_at",
                    models.DateTimeField(help_text="Since when something is to be counted against it.", null=True),
                ),
                (
                    "plan",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="periods", to="sync.usageplanrecord"
                    ),
                ),
            ],
            options={
                "ordering": ["plan", "ends_on"],
                "indexes": [
                    models.Index(
                        condition=models.Q(("touched_at__isnull", False)),
                        fields=["ends_on"],
                        name="usage_periods_touched",
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("plan", "ends_on"), name="a_usage_period_is_invoiced_once"),
                    models.CheckConstraint(
                        condition=models.Q(("ends_at__gt", models.F("starts_at"))), name="usage_period_has_a_length"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="UsageEvent",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("event_id", models.CharField(max_length=80)),
                ("quantity", models.DecimalField(decimal_places=6, max_digits=21)),
                ("occurred_at", models.DateTimeField()),
                ("hour", models.DateTimeField()),
                ("received_at", models.DateTimeField()),
                (
                    "plan",
                    models.ForeignKey(
                        db_index=False, on_delete=django.db.models.deletion.PROTECT, to="sync.usageplanrecord"
                    ),
                ),
                (
                    "source",
                    models.ForeignKey(
                        db_index=False, on_delete=django.db.models.deletion.PROTECT, to="sync.usagesource"
                    ),
                ),
            ],
            options={
                "ordering": ["pk"],
                "indexes": [models.Index(fields=["plan", "hour"], name="usage_of_an_hour")],
                "constraints": [models.UniqueConstraint(fields=("source", "event_id"), name="usage_event_once")],
            },
        ),
        migrations.CreateModel(
            name="UsageSummaryRecord",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("reference", models.CharField(max_length=120, unique=True)),
                ("version", models.BigIntegerField(default=0)),
                ("correlation_id", models.CharField(max_length=80)),
                ("currency", models.CharField(max_length=3)),
                ("source_system", models.CharField(max_length=40)),
                ("source_event", models.CharField(max_length=40)),
                ("plan_reference", models.CharField(max_length=120)),
                ("contract_reference", models.CharField(max_length=120)),
                ("customer_reference", models.CharField(max_length=120)),
                ("meter", models.CharField(max_length=40)),
                ("event_name", models.CharField(max_length=100)),
                ("hour", models.CharField(max_length=20)),
                ("quantity", models.DecimalField(decimal_places=6, max_digits=21)),
                ("scale", models.PositiveSmallIntegerField()),
                ("events", models.PositiveIntegerField(default=0)),
                ("starts_at", models.DateTimeField()),
                (
                    "touched_at",
                    models.DateTimeField(help_text="Since when there are events that are not summed yet.", null=True),
                ),
                ("legal_entity", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="sync.legalentity")),
                (
                    "plan",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="hours",
                        to="sync.usageplanrecord",
                    ),
                ),
            ],
            options={
                "ordering": ["plan", "starts_at"],
                "indexes": [
                    models.Index(
                        condition=models.Q(("touched_at__isnull", False)),
                        fields=["starts_at"],
                        name="usage_hours_touched",
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("plan", "starts_at"), name="one_summary_per_plan_and_hour")
                ],
            },
        ),
        migrations.CreateModel(
            name="UsageTrueUpRecord",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("reference", models.CharField(max_length=120, unique=True)),
                ("version", models.BigIntegerField()),
                ("correlation_id", models.CharField(max_length=80)),
                ("currency", models.CharField(max_length=3)),
                ("source_system", models.CharField(max_length=40)),
                ("source_event", models.CharField(max_length=40)),
                ("plan_reference", models.CharField(max_length=120)),
                ("contract_reference", models.CharField(db_index=True, max_length=120)),
                ("customer_reference", models.CharField(max_length=120)),
                ("meter", models.CharField(max_length=40)),
                ("billing_product", models.CharField(max_length=120)),
                ("invoice_reference", models.CharField(max_length=120)),
                ("number", models.PositiveIntegerField()),
                ("period_starts_on", models.DateField()),
                ("period_ends_on", models.DateField()),
                ("quantity", models.DecimalField(decimal_places=6, max_digits=21)),
                ("scale", models.PositiveSmallIntegerField()),
                ("unit_price", models.DecimalField(decimal_places=12, max_digits=24)),
                ("amount", models.DecimalField(decimal_places=4, max_digits=20)),
                ("created_at", models.DateTimeField()),
                ("legal_entity", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="sync.legalentity")),
                (
                    "period",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="true_ups", to="sync.usageperiod"
                    ),
                ),
            ],
            options={
                "ordering": ["period", "number"],
                "constraints": [models.UniqueConstraint(fields=("period", "number"), name="true_ups_are_counted")],
            },
        ),
        migrations.CreateModel(
            name="VoidRecord",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("reference", models.CharField(max_length=120, unique=True)),
                ("version", models.BigIntegerField()),
                ("correlation_id", models.CharField(db_index=True, max_length=80)),
                ("currency", models.CharField(max_length=3)),
                ("source_system", models.CharField(max_length=40)),
                ("source_event", models.CharField(max_length=40)),
                ("voids", models.CharField(max_length=120, unique=True)),
                (
                    "voided_kind",
                    models.CharField(choices=[("invoice", "Invoice"), ("credit_memo", "Credit memo")], max_length=12),
                ),
                ("number", models.CharField(max_length=60)),
                ("invoice_reference", models.CharField(db_index=True, max_length=120)),
                ("customer_reference", models.CharField(db_index=True, max_length=120)),
                ("contract_reference", models.CharField(blank=True, max_length=120)),
                ("voided_on", models.DateField()),
                ("posting_date", models.DateField()),
                ("net", models.DecimalField(decimal_places=4, max_digits=20)),
                ("tax", models.DecimalField(decimal_places=4, max_digits=20)),
                ("total", models.DecimalField(decimal_places=4, max_digits=20)),
                ("applied", models.DecimalField(decimal_places=4, max_digits=20)),
                ("objection", models.CharField(blank=True, max_length=40)),
                ("created_at", models.DateTimeField()),
                ("legal_entity", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="sync.legalentity")),
            ],
            options={
                "ordering": ["-voided_on", "-pk"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "total",
                                django.db.models.expressions.CombinedExpression(models.F("net"), "+", models.F("tax")),
                            )
                        ),
                        name="void_total_is_net_and_tax",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="WithholdingRecord",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("reference", models.CharField(max_length=120, unique=True)),
                ("version", models.BigIntegerField()),
                ("correlation_id", models.CharField(db_index=True, max_length=80)),
                ("currency", models.CharField(max_length=3)),
                ("source_system", models.CharField(max_length=40)),
                ("source_event", models.CharField(max_length=40)),
                ("created_at", models.DateTimeField()),
                ("invoice_reference", models.CharField(max_length=120, unique=True)),
                ("number", models.CharField(max_length=60)),
                ("customer_reference", models.CharField(db_index=True, max_length=120)),
                ("booked_on", models.DateField()),
                ("amount", models.DecimalField(decimal_places=4, max_digits=20)),
                ("certificate_number", models.CharField(blank=True, max_length=60)),
                ("certificate_date", models.DateField(blank=True, null=True)),
                ("legal_entity", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="sync.legalentity")),
            ],
            options={
                "ordering": ["-booked_on", "-pk"],
                "constraints": [
                    models.CheckConstraint(condition=models.Q(("amount__gt", 0)), name="withholding_is_above_zero"),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("certificate_date", None), ("certificate_number", "")),
                            models.Q(
                                models.Q(("certificate_number", ""), _negated=True), ("certificate_date__isnull", False)
                            ),
                            _connector="OR",
                        ),
                        name="certificate_has_number_and_date",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="WorkItem",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("flow", models.CharField(max_length=40)),
                ("reference", models.CharField(max_length=120)),
                (
                    "version",
                    models.BigIntegerField(
                        help_text="Modification number of an event-like object, revision of a state-like one."
                    ),
                ),
                (
                    "record_revision",
                    models.BigIntegerField(
                        default=0, help_text="Transport revision last read; an older one has no effect."
                    ),
                ),
                ("correlation_id", models.CharField(db_index=True, max_length=80)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("received", "Received"),
                            ("validated", "Validated"),
                            ("transformed", "Transformed"),
                            ("delivered", "Delivered"),
                            ("acknowledged", "Acknowledged"),
                            ("posted", "Posted"),
                            ("reconciled", "Reconciled"),
                        ],
                        default="received",
                        max_length=12,
                    ),
                ),
                (
                    "condition",
                    models.CharField(
                        choices=[
                            ("due", "Due"),
                            ("waiting", "Waiting for another object"),
                            ("held", "Held until a known time"),
                            ("claimed", "Under way"),
                            ("in_doubt", "In doubt, being looked up"),
                            ("blocked", "Blocked"),
                            ("settled", "Done"),
                            ("withdrawn", "Withdrawn"),
                            ("superseded", "Superseded by a newer version"),
                        ],
                        default="due",
                        max_length=12,
                    ),
                ),
                ("waits_for", models.CharField(blank=True, max_length=120)),
                ("gap_since", models.DateTimeField(blank=True, null=True)),
                ("subject", models.JSONField(help_text="The shape as read from the source.")),
                ("title", models.CharField(blank=True, max_length=200)),
                ("customer_reference", models.CharField(blank=True, max_length=120)),
                ("customer_name", models.CharField(blank=True, max_length=200)),
                ("effective_on", models.DateField(blank=True, null=True)),
                ("amount", models.DecimalField(blank=True, decimal_places=4, max_digits=20, null=True)),
                ("currency", models.CharField(blank=True, max_length=3)),
                ("due_at", models.DateTimeField()),
                ("lease_until", models.DateTimeField(blank=True, null=True)),
                ("fence", models.PositiveIntegerField(default=0)),
                (
                    "crashes",
                    models.PositiveSmallIntegerField(
                        default=0,
                        help_text="Times it was taken up without coming to an end; counted before it is worked.",
                    ),
                ),
                ("created_at", models.DateTimeField()),
                ("validated_at", models.DateTimeField(blank=True, null=True)),
                ("transformed_at", models.DateTimeField(blank=True, null=True)),
                (
                    "entity",
                    models.ForeignKey(
                        blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, to="sync.legalentity"
                    ),
                ),
                (
                    "event",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="work_items", to="sync.sourceevent"
                    ),
                ),
            ],
            options={
                "ordering": ["-created_at", "-pk"],
                "indexes": [
                    models.Index(
                        condition=models.Q(("condition__in", ["due", "claimed"])),
                        fields=["due_at", "id"],
                        name="work_item_due",
                    ),
                    models.Index(
                        condition=models.Q(("condition", "due"), ("crashes__gt", 0)),
                        fields=["crashes", "due_at", "id"],
                        name="work_item_suspect",
                    ),
                    models.Index(
                        condition=models.Q(("condition", "waiting")), fields=["waits_for"], name="work_item_waits_for"
                    ),
                    models.Index(fields=["reference"], name="work_item_reference"),
                    models.Index(
                        condition=models.Q(("gap_since__isnull", False)),
                        fields=["due_at"],
                        name="work_item_behind_a_gap",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("flow", "reference", "version"), name="one_work_item_per_version"),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("condition", "waiting"), _negated=True),
                            models.Q(("waits_for", ""), _negated=True),
                            _connector="OR",
                        ),
                        name="waiting_item_names_what_for",
                    ),
                ],
            },
        ),
        migrations.AddField(
            model_name="delivery",
            name="work_item",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="deliveries",
                to="sync.workitem",
            ),
        ),
        migrations.CreateModel(
            name="Block",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("reason", models.CharField(max_length=40)),
                ("field", models.CharField(blank=True, max_length=120)),
                ("value", models.CharField(blank=True, max_length=300)),
                ("evidence", models.JSONField(default=dict)),
                ("opened_at", models.DateTimeField()),
                ("cleared_at", models.DateTimeField(blank=True, null=True)),
                (
                    "connection",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="blocks",
                        to="sync.connection",
                    ),
                ),
                (
                    "delivery",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="blocks",
                        to="sync.delivery",
                    ),
                ),
                (
                    "event",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="blocks",
                        to="sync.sourceevent",
                    ),
                ),
                (
                    "work_item",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="blocks",
                        to="sync.workitem",
                    ),
                ),
            ],
            options={
                "ordering": ["-opened_at", "-pk"],
                "indexes": [
                    models.Index(
                        condition=models.Q(("cleared_at__isnull", True)), fields=["reason", "value"], name="open_blocks"
                    )
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("connection__isnull", True),
                                ("delivery__isnull", True),
                                ("event__isnull", True),
                                ("work_item__isnull", False),
                            ),
                            models.Q(
                                ("connection__isnull", True),
                                ("delivery__isnull", False),
                                ("event__isnull", True),
                                ("work_item__isnull", True),
                            ),
                            models.Q(
                                ("connection__isnull", False),
                                ("delivery__isnull", True),
                                ("event__isnull", True),
                                ("work_item__isnull", True),
                            ),
                            models.Q(
                                ("connection__isnull", True),
                                ("delivery__isnull", True),
                                ("event__isnull", False),
                                ("work_item__isnull", True),
                            ),
                            _connector="OR",
                        ),
                        name="block_stands_on_one_thing",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("cleared_at__isnull", True)),
                        fields=("work_item", "reason"),
                        name="one_open_block_per_work_item",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("cleared_at__isnull", True)),
                        fields=("delivery", "reason"),
                        name="one_open_block_per_delivery",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("cleared_at__isnull", True)),
                        fields=("connection", "reason"),
                        name="one_open_block_per_connection",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("cleared_at__isnull", True)),
                        fields=("event", "reason"),
                        name="one_open_block_per_event",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="WriteOffRecord",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("reference", models.CharField(max_length=120, unique=True)),
                ("version", models.BigIntegerField()),
                ("correlation_id", models.CharField(db_index=True, max_length=80)),
                ("currency", models.CharField(max_length=3)),
                ("source_system", models.CharField(max_length=40)),
                ("source_event", models.CharField(max_length=40)),
                ("invoice_reference", models.CharField(db_index=True, max_length=120)),
                ("number", models.CharField(max_length=60)),
                ("customer_reference", models.CharField(db_index=True, max_length=120)),
                ("contract_reference", models.CharField(blank=True, max_length=120)),
                ("written_off_on", models.DateField()),
                ("posting_date", models.DateField()),
                ("amount", models.DecimalField(decimal_places=4, max_digits=20)),
                (
                    "treatment",
                    models.CharField(
                        choices=[("bad_debt", "Bad debt"), ("small_difference", "Small difference")], max_length=20
                    ),
                ),
                ("objection", models.CharField(blank=True, max_length=80)),
                ("created_at", models.DateTimeField()),
                ("legal_entity", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="sync.legalentity")),
            ],
            options={
                "ordering": ["-written_off_on", "-pk"],
                "constraints": [
                    models.CheckConstraint(condition=models.Q(("amount__gt", 0)), name="write_off_is_above_zero")
                ],
            },
        ),
        migrations.CreateModel(
            name="BundleMapping",
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
                    "crm_product",
                    models.CharField(help_text="The bundle exactly as it stands on the deal.", max_length=120),
                ),
                (
                    "parts",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=120),
                        help_text="The products it is made of, as the CRM names them.",
                        size=None,
                    ),
                ),
                (
                    "shares",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.DecimalField(decimal_places=4, max_digits=7),
                        help_text="Percent of the price, one for each part; together 100.",
                        size=None,
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
            ],
            options={
                "ordering": ["crm_product", "-valid_from"],
                "constraints": [
                    django.contrib.postgres.constraints.ExclusionConstraint(
                        condition=models.Q(("status", "approved")),
                        expressions=[
                            ("crm_product", "="),
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
                        name="bundle_mappings_do_not_overlap",
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
                        name="bundle_mapping_approved_by_another",
                        violation_error_message="Another person than the one who drafted it must approve it.",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="ConnectionHealth",
            fields=[
                (
                    "connection",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="health",
                        serialize=False,
                        to="sync.connection",
                    ),
                ),
                ("paused_at", models.DateTimeField(blank=True, null=True)),
                ("paused_because", models.CharField(blank=True, max_length=40)),
                ("paused_text", models.TextField(blank=True)),
                ("breaker_open_until", models.DateTimeField(blank=True, null=True)),
                (
                    "probe_until",
                    models.DateTimeField(
                        blank=True,
                        help_text="After the breaker's rest one call tries; nobody else before this.",
                        null=True,
                    ),
                ),
                (
                    "rests_until",
                    models.DateTimeField(
                        blank=True, help_text="The system asked to be left alone until then.", null=True
                    ),
                ),
                ("failing_since", models.DateTimeField(blank=True, help_text="No call has worked since.", null=True)),
                (
                    "unreachable_since",
                    models.DateTimeField(blank=True, help_text="When people were told of it.", null=True),
                ),
                ("recent_failures", models.PositiveIntegerField(default=0)),
                ("first_failure_at", models.DateTimeField(blank=True, null=True)),
                ("tokens", models.FloatField(default=0)),
                ("refilled_at", models.DateTimeField(blank=True, null=True)),
                ("window_started_at", models.DateTimeField(blank=True, null=True)),
                ("window_calls", models.PositiveIntegerField(db_default=0, default=0)),
                ("window_retries", models.PositiveIntegerField(db_default=0, default=0)),
                ("last_calls", models.PositiveIntegerField(db_default=0, default=0)),
                ("last_retries", models.PositiveIntegerField(db_default=0, default=0)),
                (
                    "last_taken_at",
                    models.DateTimeField(blank=True, help_text="When it last took something up.", null=True),
                ),
                ("last_success_at", models.DateTimeField(blank=True, null=True)),
                ("last_failure_at", models.DateTimeField(blank=True, null=True)),
                ("last_failure_text", models.TextField(blank=True)),
                (
                    "refused_calls",
                    models.PositiveIntegerField(default=0, help_text="Inbound calls that did not prove who sent them."),
                ),
                (
                    "calls_us",
                    models.BooleanField(
                        default=False, help_text="It has called us at least once; others are only asked."
                    ),
                ),
                (
                    "missed_calls",
                    models.PositiveIntegerField(
                        default=0, help_text="Events of the last day that mattered and that it did not call about."
                    ),
                ),
                (
                    "missed_call_at",
                    models.DateTimeField(blank=True, help_text="When the latest of them came in.", null=True),
                ),
            ],
            options={
                "ordering": ["connection_id"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("paused_at__isnull", True),
                            models.Q(("paused_because", ""), _negated=True),
                            _connector="OR",
                        ),
                        name="pause_has_a_reason",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="ContractLineRecord",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("line_id", models.CharField(max_length=40)),
                ("crm_product", models.CharField(max_length=120)),
                ("description", models.CharField(max_length=200)),
                ("quantity", models.DecimalField(decimal_places=6, max_digits=18)),
                ("unit_price", models.DecimalField(decimal_places=4, max_digits=20)),
                ("amount", models.DecimalField(decimal_places=4, max_digits=20)),
                ("list_amount", models.DecimalField(decimal_places=4, max_digits=20)),
                (
                    "discount",
                    models.DecimalField(
                        decimal_places=4,
                        help_text="List price less agreed price; below zero it is an uplift.",
                        max_digits=20,
                    ),
                ),
                ("starts_on", models.DateField()),
                ("ends_on", models.DateField()),
                ("own_dates", models.BooleanField(db_default=False, default=False)),
                ("billing_product", models.CharField(max_length=120)),
                ("erp_item", models.CharField(max_length=120)),
                ("revenue_treatment", models.CharField(max_length=40)),
                ("tax_class", models.CharField(max_length=40)),
                ("destination", models.CharField(max_length=20)),
                ("ship_to_reference", models.CharField(blank=True, max_length=120)),
                ("tax_jurisdiction", models.CharField(blank=True, max_length=6)),
                ("tax_treatment", models.CharField(blank=True, max_length=16)),
                ("tax_code", models.CharField(blank=True, max_length=120)),
                ("tax_percent", models.DecimalField(decimal_places=4, default=0, max_digits=7)),
                ("arrangement", models.CharField(blank=True, max_length=120)),
                (
                    "contract",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="lines", to="sync.contractrecord"
                    ),
                ),
            ],
            options={
                "ordering": ["contract", "line_id"],
                "constraints": [
                    models.UniqueConstraint(fields=("contract", "line_id"), name="contract_line_once"),
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "discount",
                                django.db.models.expressions.CombinedExpression(
                                    models.F("list_amount"), "-", models.F("amount")
                                ),
                            )
                        ),
                        name="discount_is_list_less_agreed",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="CountryMapping",
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
                ("written", models.CharField(max_length=120)),
                ("country", models.CharField(max_length=2)),
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
            ],
            options={
                "ordering": ["written", "-valid_from"],
                "constraints": [
                    django.contrib.postgres.constraints.ExclusionConstraint(
                        condition=models.Q(("status", "approved")),
                        expressions=[
                            ("written", "="),
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
                        name="country_mappings_do_not_overlap",
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
                        name="country_mapping_approved_by_another",
                        violation_error_message="Another person than the one who drafted it must approve it.",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="CreditMemoLineRecord",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("line_id", models.CharField(max_length=80)),
                ("invoice_line_id", models.CharField(blank=True, max_length=80)),
                ("description", models.CharField(blank=True, max_length=400)),
                ("quantity", models.DecimalField(decimal_places=6, max_digits=18)),
                ("net", models.DecimalField(decimal_places=4, max_digits=20)),
                ("tax", models.DecimalField(decimal_places=4, max_digits=20)),
                ("tax_code", models.CharField(max_length=200)),
                ("service_starts_on", models.DateField()),
                ("service_ends_on", models.DateField()),
                ("contract_reference", models.CharField(blank=True, max_length=120)),
                ("billing_product", models.CharField(max_length=120)),
                ("erp_item", models.CharField(max_length=120)),
                ("revenue_treatment", models.CharField(max_length=40)),
                ("dimensions", models.JSONField(default=list)),
                (
                    "credit_memo",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="lines", to="sync.creditmemorecord"
                    ),
                ),
            ],
            options={
                "ordering": ["credit_memo", "line_id"],
                "constraints": [
                    models.UniqueConstraint(fields=("credit_memo", "line_id"), name="credit_memo_line_once")
                ],
            },
        ),
        migrations.CreateModel(
            name="CrmStatusRecord",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("reference", models.CharField(max_length=120, unique=True)),
                ("version", models.BigIntegerField(default=0, help_text="Rises with each change of the fields.")),
                ("sent_version", models.BigIntegerField(default=0, help_text="The newest version owed to the CRM.")),
                ("correlation_id", models.CharField(max_length=80)),
                ("crm_object", models.CharField(max_length=40)),
                ("crm_record_id", models.CharField(max_length=18)),
                ("fields", models.JSONField(default=dict)),
                ("changed_at", models.DateTimeField()),
                ("connection", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="sync.connection")),
            ],
            options={
                "ordering": ["-changed_at"],
                "indexes": [
                    models.Index(
                        condition=models.Q(("version__gt", models.F("sent_version"))),
                        fields=["changed_at"],
                        name="feedback_unsent",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="DeliveryNeed",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("reference", models.CharField(db_index=True, max_length=120)),
                (
                    "delivery",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="needs", to="sync.delivery"
                    ),
                ),
            ],
            options={
                "ordering": ["pk"],
                "constraints": [models.UniqueConstraint(fields=("delivery", "reference"), name="need_stated_once")],
            },
        ),
        migrations.CreateModel(
            name="ExchangeRate",
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
                    "rate_type",
                    models.CharField(
                        choices=[
                            ("spot", "Of the day"),
                            ("average", "Average of the month"),
                            ("closing", "At the month's end"),
                        ],
                        default="spot",
                        max_length=8,
                    ),
                ),
                ("from_currency", models.CharField(max_length=3)),
                ("to_currency", models.CharField(max_length=3)),
                (
                    "rate",
                    models.DecimalField(
                        decimal_places=10, help_text="Units of the second for one of the first.", max_digits=20
                    ),
                ),
                ("source", models.CharField(help_text="Who published it, such as ECB.", max_length=60)),
                ("as_of", models.DateField(help_text="The day it was published for.")),
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
            ],
            options={
                "ordering": ["from_currency", "to_currency", "rate_type", "-valid_from"],
                "constraints": [
                    django.contrib.postgres.constraints.ExclusionConstraint(
                        condition=models.Q(("status", "approved")),
                        expressions=[
                            ("rate_type", "="),
                            ("from_currency", "="),
                            ("to_currency", "="),
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
                        name="one_rate_a_day",
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
                        name="exchange_rate_approved_by_another",
                        violation_error_message="Another person than the one who drafted it must approve it.",
                    ),
                    models.CheckConstraint(condition=models.Q(("rate__gt", 0)), name="exchange_rate_is_above_zero"),
                    models.CheckConstraint(
                        condition=models.Q(("from_currency", models.F("to_currency")), _negated=True),
                        name="exchange_rate_is_of_two_currencies",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="ExternalIdentity",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("kind", models.CharField(max_length=20)),
                ("reference", models.CharField(max_length=120)),
                ("external_id", models.CharField(max_length=120)),
                (
                    "version",
                    models.BigIntegerField(default=0, help_text="The newest version the system is known to hold."),
                ),
                ("since", models.DateTimeField()),
                (
                    "connection",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="identities", to="sync.connection"
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "external identities",
                "ordering": ["reference"],
                "constraints": [
                    models.UniqueConstraint(fields=("connection", "reference"), name="one_external_id_per_object"),
                    models.UniqueConstraint(
                        fields=("connection", "kind", "external_id"), name="one_object_per_external_id"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="InvoiceLineRecord",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("line_id", models.CharField(max_length=80)),
                ("description", models.CharField(blank=True, max_length=400)),
                ("quantity", models.DecimalField(decimal_places=6, max_digits=18)),
                ("net", models.DecimalField(decimal_places=4, max_digits=20)),
                ("tax", models.DecimalField(decimal_places=4, max_digits=20)),
                ("tax_code", models.CharField(max_length=200)),
                ("service_starts_on", models.DateField()),
                ("service_ends_on", models.DateField()),
                ("contract_reference", models.CharField(blank=True, max_length=120)),
                ("billing_product", models.CharField(max_length=120)),
                ("erp_item", models.CharField(max_length=120)),
                ("revenue_treatment", models.CharField(max_length=40)),
                ("dimensions", models.JSONField(default=list)),
                ("arrangement_reference", models.CharField(blank=True, db_default="", default="", max_length=120)),
                ("obligation", models.CharField(blank=True, db_default="", default="", max_length=120)),
                ("standalone_price", models.DecimalField(db_default=0, decimal_places=4, default=0, max_digits=20)),
                (
                    "invoice",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="lines", to="sync.invoicerecord"
                    ),
                ),
            ],
            options={
                "ordering": ["invoice", "line_id"],
                "constraints": [models.UniqueConstraint(fields=("invoice", "line_id"), name="invoice_line_once")],
            },
        ),
        migrations.AddIndex(
            model_name="delivery",
            index=models.Index(
                condition=models.Q(("condition__in", ["due", "claimed", "in_doubt", "held"])),
                fields=["queue", "due_at", "id"],
                name="delivery_due",
            ),
        ),
        migrations.AddIndex(
            model_name="delivery",
            index=models.Index(
                condition=models.Q(("condition__in", ["due", "waiting", "held", "claimed", "in_doubt", "blocked"])),
                fields=["target", "serial_key", "id"],
                name="delivery_unfinished",
            ),
        ),
        migrations.AddIndex(
            model_name="delivery",
            index=models.Index(fields=["reference"], name="delivery_reference"),
        ),
        migrations.AddIndex(
            model_name="delivery",
            index=models.Index(
                condition=models.Q(("condition__in", ["due", "in_doubt"]), ("crashes__gt", 0)),
                fields=["target", "crashes", "due_at", "id"],
                name="delivery_suspect",
            ),
        ),
        migrations.AddConstraint(
            model_name="delivery",
            constraint=models.UniqueConstraint(fields=("target", "delivery_key"), name="delivery_owed_once"),
        ),
        migrations.AddConstraint(
            model_name="delivery",
            constraint=models.UniqueConstraint(
                condition=models.Q(
                    ("is_live", True), models.Q(("condition__in", ["withdrawn", "superseded"]), _negated=True)
                ),
                fields=("role", "delivery_key"),
                name="one_live_target_per_role",
            ),
        ),
        migrations.AddConstraint(
            model_name="delivery",
            constraint=models.UniqueConstraint(
                condition=models.Q(("condition", "claimed")),
                fields=("target", "serial_key"),
                name="one_under_way_per_serial_key",
            ),
        ),
        migrations.AddConstraint(
            model_name="delivery",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("condition", "blocked"), _negated=True),
                    models.Q(("blocked_reason", ""), _negated=True),
                    _connector="OR",
                ),
                name="blocked_delivery_has_a_reason",
            ),
        ),
        migrations.AddConstraint(
            model_name="delivery",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("condition", "held"), _negated=True), ("held_until__isnull", False), _connector="OR"
                ),
                name="held_delivery_has_a_release_time",
            ),
        ),
        migrations.AddConstraint(
            model_name="delivery",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("condition", "waiting"), _negated=True),
                    models.Q(("waits_for", ""), _negated=True),
                    _connector="OR",
                ),
                name="waiting_delivery_names_what_for",
            ),
        ),
    ]
