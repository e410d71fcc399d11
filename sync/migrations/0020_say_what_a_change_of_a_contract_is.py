import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("sync", "0019_arrangement_on_invoice_lines"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="contractrecord",
            name="credits_unused",
            field=models.BooleanField(db_default=True, default=True),
        ),
        migrations.AddField(
            model_name="contractrecord",
            name="effective_on",
            field=models.DateField(blank=True, help_text="First day this version holds.", null=True),
        ),
        migrations.AddField(
            model_name="contractrecord",
            name="continues_reference",
            field=models.CharField(blank=True, db_default="", default="", max_length=120),
        ),
        migrations.AddField(
            model_name="contractrecord",
            name="po_required",
            field=models.BooleanField(db_default=False, default=False),
        ),
        migrations.AddField(
            model_name="contractrecord",
            name="removes",
            field=models.JSONField(blank=True, default=list),
        ),
        migrations.AddField(
            model_name="contractrecord",
            name="term_months",
            field=models.SmallIntegerField(db_default=12, default=12, help_text="0: no end."),
        ),
        migrations.AddField(
            model_name="historicallegalentity",
            name="commitment",
            field=models.JSONField(
                blank=True,
                help_text="What makes a deal committed here: won, approval, signature, lines. Empty: as set for the house.",
                null=True,
            ),
        ),
        migrations.AddField(
            model_name="legalentity",
            name="commitment",
            field=models.JSONField(
                blank=True,
                help_text="What makes a deal committed here: won, approval, signature, lines. Empty: as set for the house.",
                null=True,
            ),
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
    ]
