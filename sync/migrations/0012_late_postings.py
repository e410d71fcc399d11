import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("sync", "0011_dunning"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="historicallegalentity",
            name="late_limit",
            field=models.DecimalField(
                db_default=10000,
                decimal_places=4,
                default=10000,
                help_text="Late documents of one month and currency that together pass this need a signed cut-off assessment.",
                max_digits=20,
            ),
        ),
        migrations.AddField(
            model_name="legalentity",
            name="late_limit",
            field=models.DecimalField(
                db_default=10000,
                decimal_places=4,
                default=10000,
                help_text="Late documents of one month and currency that together pass this need a signed cut-off assessment.",
                max_digits=20,
            ),
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
    ]
