import django.db.models.deletion
from django.db import migrations, models

# what was made before: nothing was given back of it, and what it will earn leaves at its document's rate
FILL = """
UPDATE sync_revenueschedulerecord SET invoiced_amount = amount;
UPDATE sync_revenueeventrecord e SET exchange_rate = i.exchange_rate
FROM sync_revenueschedulerecord s, sync_invoicerecord i
WHERE e.batch_id IS NULL AND s.reference = e.schedule_reference AND i.reference = s.invoice_reference;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("sync", "0031_learned_answers"),
    ]

    operations = [
        migrations.AddField(
            model_name="journalbatchrecord",
            name="exchange_rate",
            field=models.DecimalField(decimal_places=10, default=0, max_digits=20),
        ),
        migrations.AddField(
            model_name="revenueeventrecord",
            name="exchange_rate",
            field=models.DecimalField(decimal_places=10, default=0, max_digits=20),
        ),
        migrations.AddField(
            model_name="revenueschedulerecord",
            name="invoiced_amount",
            field=models.DecimalField(decimal_places=4, default=0, max_digits=20),
        ),
        migrations.CreateModel(
            name="RevenueChange",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "cause",
                    models.CharField(
                        help_text="The document, or the change of the contract, as contract@number.", max_length=120
                    ),
                ),
                ("line_id", models.CharField(blank=True, max_length=80)),
                (
                    "effect",
                    models.CharField(
                        choices=[
                            ("credit", "Given back"),
                            ("end", "Service ends"),
                            ("shorter", "Service ends earlier"),
                            ("rest", "Service rests"),
                            ("resume", "Service goes on"),
                            ("ahead", "Earned from the day both agreed"),
                            ("catch_up", "What is given back catches up with what was earned"),
                            ("look_ahead", "What is given back looks ahead"),
                            ("waits", "Nothing is earned until its accounting is decided"),
                        ],
                        max_length=10,
                    ),
                ),
                ("dated", models.DateField()),
                ("effective_on", models.DateField()),
                ("ends_on", models.DateField(null=True)),
                ("net", models.DecimalField(decimal_places=4, default=0, max_digits=20)),
                ("amount", models.DecimalField(decimal_places=4, default=0, max_digits=20)),
                ("catches_up", models.BooleanField(default=False)),
                ("created_at", models.DateTimeField()),
                (
                    "schedule",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="changes",
                        to="sync.revenueschedulerecord",
                    ),
                ),
            ],
            options={
                "ordering": ["schedule", "dated", "cause", "line_id"],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("schedule", "cause", "line_id"), name="a_cause_changes_a_schedule_once"
                    )
                ],
            },
        ),
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
    ]
