from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("reconciliation", "0006_told_by_mail")]

    operations = [
        migrations.AddField(
            model_name="profile",
            name="language",
            field=models.CharField(
                db_default="en", default="en", help_text="Pages are in it; ISO 639-1.", max_length=8
            ),
        ),
    ]
