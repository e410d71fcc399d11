import django.db.models.deletion
import django.db.models.expressions
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("sync", "0017_revenue_journals_are_final"),
    ]

    operations = [
        migrations.AddField(
            model_name="historicallegalentity",
            name="withholding_rates",
            field=models.JSONField(
                blank=True,
                default=dict,
                help_text='Country of the customer -> shares of a payment customers there may withhold: {"BR": ["0.15"]}.',
            ),
        ),
        migrations.AddField(
            model_name="legalentity",
            name="withholding_rates",
            field=models.JSONField(
                blank=True,
                default=dict,
                help_text='Country of the customer -> shares of a payment customers there may withhold: {"BR": ["0.15"]}.',
            ),
        ),
        migrations.AlterField(
            model_name="connection",
            name="role",
            field=models.CharField(
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
        migrations.AlterField(
            model_name="delivery",
            name="role",
            field=models.CharField(
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
        migrations.AlterField(
            model_name="entityroute",
            name="role",
            field=models.CharField(
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
        migrations.AlterField(
            model_name="historicalconnection",
            name="role",
            field=models.CharField(
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
        migrations.AlterField(
            model_name="historicalentityroute",
            name="role",
            field=models.CharField(
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
                ("legal_entity", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="sync.legalentity")),
            ],
            options={
                "ordering": ["-decided_on", "-pk"],
                "constraints": [
                    models.CheckConstraint(condition=models.Q(("amount__gt", 0)), name="dispute_loss_is_above_zero")
                ],
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
        migrations.AddConstraint(
            model_name="payoutrecord",
            constraint=models.CheckConstraint(
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
            ),
        ),
        migrations.AddConstraint(
            model_name="payoutlinerecord",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("net", django.db.models.expressions.CombinedExpression(models.F("gross"), "-", models.F("fee")))
                ),
                name="payout_line_net_is_gross_less_fee",
            ),
        ),
        migrations.AddConstraint(
            model_name="refundfailurerecord",
            constraint=models.CheckConstraint(
                condition=models.Q(("amount__gt", 0)), name="refund_failure_is_above_zero"
            ),
        ),
        migrations.AddConstraint(
            model_name="refundrecord",
            constraint=models.CheckConstraint(condition=models.Q(("amount__gt", 0)), name="refund_is_above_zero"),
        ),
        migrations.AddConstraint(
            model_name="refundrecord",
            constraint=models.CheckConstraint(
                condition=models.Q(("causes", []), _negated=True), name="refund_says_what_it_gives_back"
            ),
        ),
    ]
