import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("reconciliation", "0002_index_open_cases_by_due_time"),
        ("sync", "0017_revenue_journals_are_final"),
    ]

    operations = [
        migrations.AlterField(
            model_name="controlstage",
            name="connection",
            field=models.ForeignKey(
                help_text="Empty where our own records were read.",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                to="sync.connection",
            ),
        ),
    ]
