import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("sync", "0023_count_crashes_and_misses_of_deliveries"),
    ]

    operations = [
        migrations.AddField(
            model_name="disputelossrecord",
            name="treatment",
            field=models.CharField(
                choices=[("bad_debt", "Bad debt"), ("credit_memo", "Credit memo")],
                db_default="bad_debt",
                default="bad_debt",
                max_length=12,
            ),
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
    ]
