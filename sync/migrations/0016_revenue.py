import django.contrib.postgres.constraints
import django.contrib.postgres.fields.ranges
import django.db.models.deletion
import simple_history.models
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("sync", "0015_usage"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
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
                "verbose_name": "historical revenue engine",
                "verbose_name_plural": "historical revenue engines",
                "ordering": ("-history_date", "-history_id"),
                "get_latest_by": ("history_date", "history_id"),
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
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
            },
        ),
        migrations.AddConstraint(
            model_name="journalbatchrecord",
            constraint=models.UniqueConstraint(
                fields=("legal_entity", "currency", "posting_date", "movement", "sequence"),
                name="journal_sequence_never_repeats",
            ),
        ),
        migrations.AddConstraint(
            model_name="revenueengine",
            constraint=django.contrib.postgres.constraints.ExclusionConstraint(
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
        ),
        migrations.AddConstraint(
            model_name="revenueengine",
            constraint=models.CheckConstraint(
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
        ),
        migrations.AddConstraint(
            model_name="revenueengine",
            constraint=models.CheckConstraint(
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
        ),
        migrations.AddIndex(
            model_name="revenueeventrecord",
            index=models.Index(
                condition=models.Q(("batch__isnull", True), ("withdrawn_at__isnull", True)),
                fields=["legal_entity", "dated"],
                name="revenue_events_to_post",
            ),
        ),
        migrations.AddConstraint(
            model_name="revenueeventrecord",
            constraint=models.CheckConstraint(
                condition=models.Q(("batch__isnull", True), ("withdrawn_at__isnull", True), _connector="OR"),
                name="sealed_event_is_never_withdrawn",
            ),
        ),
        migrations.AddConstraint(
            model_name="revenueschedulerecord",
            constraint=models.UniqueConstraint(
                fields=("invoice_reference", "line_id"), name="one_schedule_per_invoice_line"
            ),
        ),
        migrations.AddConstraint(
            model_name="revenueschedulerecord",
            constraint=models.CheckConstraint(
                condition=models.Q(("ends_on__gte", models.F("starts_on"))), name="schedule_ends_after_it_starts"
            ),
        ),
    ]
