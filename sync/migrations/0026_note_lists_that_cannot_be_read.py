from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("sync", "0025_prices_over_time_and_changes_dated_back"),
    ]

    operations = [
        migrations.AddField(
            model_name="pollcursor",
            name="compare_failed_at",
            field=models.DateTimeField(
                blank=True, help_text="The same of the list that is compared with the inbox.", null=True
            ),
        ),
        migrations.AddField(
            model_name="pollcursor",
            name="poll_failed_at",
            field=models.DateTimeField(
                blank=True,
                help_text="When we last failed at what was answered; empty once it could be read again.",
                null=True,
            ),
        ),
    ]
