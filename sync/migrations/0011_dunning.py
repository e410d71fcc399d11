import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("sync", "0010_longer_tax_codes"),
    ]

    operations = [
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
    ]
