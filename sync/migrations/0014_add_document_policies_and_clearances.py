from decimal import Decimal

import django.contrib.postgres.constraints
import django.contrib.postgres.fields.ranges
import django.db.models.deletion
import simple_history.models
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("sync", "0013_add_credit_memos_voids_and_write_offs"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="invoicerecord",
            name="e_invoice_status",
            field=models.CharField(
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
        migrations.AddField(
            model_name="invoicerecord",
            name="preceding_reference",
            field=models.CharField(
                blank=True,
                db_default="",
                default="",
                help_text="A debit memo names the document it charges more for.",
                max_length=120,
            ),
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
                "verbose_name": "historical document policy",
                "verbose_name_plural": "historical document policies",
                "ordering": ("-history_date", "-history_id"),
                "get_latest_by": ("history_date", "history_id"),
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
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
    ]
