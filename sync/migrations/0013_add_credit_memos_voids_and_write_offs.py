import django.db.models.deletion
import django.db.models.expressions
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("sync", "0012_late_postings"),
    ]

    operations = [
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
            },
        ),
        migrations.AddConstraint(
            model_name="creditmemorecord",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("total", django.db.models.expressions.CombinedExpression(models.F("net"), "+", models.F("tax")))
                ),
                name="credit_memo_total_is_net_and_tax",
            ),
        ),
        migrations.AddConstraint(
            model_name="creditmemorecord",
            constraint=models.CheckConstraint(condition=models.Q(("total__gt", 0)), name="credit_memo_gives_something"),
        ),
        migrations.AddConstraint(
            model_name="creditmemorecord",
            constraint=models.CheckConstraint(
                condition=models.Q(("applied__gte", 0), ("applied__lte", models.F("total"))),
                name="credit_memo_applies_at_most_its_total",
            ),
        ),
        migrations.AddConstraint(
            model_name="creditmemorecord",
            constraint=models.CheckConstraint(
                condition=models.Q(models.Q(("refers_to", ""), _negated=True), ("applied", 0), _connector="OR"),
                name="credit_memo_on_account_is_not_applied",
            ),
        ),
        migrations.AddConstraint(
            model_name="creditmemorecord",
            constraint=models.CheckConstraint(
                condition=models.Q(("reason_code", ""), _negated=True), name="credit_memo_says_why"
            ),
        ),
        migrations.AddConstraint(
            model_name="creditmemolinerecord",
            constraint=models.UniqueConstraint(fields=("credit_memo", "line_id"), name="credit_memo_line_once"),
        ),
        migrations.AddConstraint(
            model_name="voidrecord",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("total", django.db.models.expressions.CombinedExpression(models.F("net"), "+", models.F("tax")))
                ),
                name="void_total_is_net_and_tax",
            ),
        ),
        migrations.AddConstraint(
            model_name="writeoffrecord",
            constraint=models.CheckConstraint(condition=models.Q(("amount__gt", 0)), name="write_off_is_above_zero"),
        ),
    ]
