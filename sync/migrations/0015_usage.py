import django.contrib.postgres.constraints
import django.contrib.postgres.fields.ranges
import django.db.models.deletion
import simple_history.models
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("sync", "0014_add_document_policies_and_clearances"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
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
        migrations.AddConstraint(
            model_name="usageplanrecord",
            constraint=models.UniqueConstraint(
                fields=("contract_reference", "meter"), name="one_plan_per_contract_and_meter"
            ),
        ),
        migrations.AddIndex(
            model_name="usageperiod",
            index=models.Index(
                condition=models.Q(("touched_at__isnull", False)), fields=["ends_on"], name="usage_periods_touched"
            ),
        ),
        migrations.AddConstraint(
            model_name="usageperiod",
            constraint=models.UniqueConstraint(fields=("plan", "ends_on"), name="a_usage_period_is_invoiced_once"),
        ),
        migrations.AddConstraint(
            model_name="usageperiod",
            constraint=models.CheckConstraint(
                condition=models.Q(("ends_at__gt", models.F("starts_at"))), name="usage_period_has_a_length"
            ),
        ),
        migrations.AddIndex(
            model_name="usageevent",
            index=models.Index(fields=["plan", "hour"], name="usage_of_an_hour"),
        ),
        migrations.AddConstraint(
            model_name="usageevent",
            constraint=models.UniqueConstraint(fields=("source", "event_id"), name="usage_event_once"),
        ),
        migrations.AddIndex(
            model_name="usagesummaryrecord",
            index=models.Index(
                condition=models.Q(("touched_at__isnull", False)), fields=["starts_at"], name="usage_hours_touched"
            ),
        ),
        migrations.AddConstraint(
            model_name="usagesummaryrecord",
            constraint=models.UniqueConstraint(fields=("plan", "starts_at"), name="one_summary_per_plan_and_hour"),
        ),
        migrations.AddConstraint(
            model_name="usagetrueuprecord",
            constraint=models.UniqueConstraint(fields=("period", "number"), name="true_ups_are_counted"),
        ),
    ]
