from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("reconciliation", "0013_yes_to_a_part"),
    ]

    operations = [
        migrations.AlterField(
            model_name="profile",
            name="language",
            field=models.CharField(
                blank=True,
                db_default="",
                default="",
                help_text="Pages are in it; ISO 639-1. Without one they are in the browser's.",
                max_length=8,
            ),
        ),
    ]
