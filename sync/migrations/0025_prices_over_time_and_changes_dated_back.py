from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("sync", "0024_withheld_returned_and_converted"),
    ]

    operations = [
        migrations.AddField(
            model_name="contractlinerecord",
            name="own_dates",
            field=models.BooleanField(db_default=False, default=False),
        ),
        migrations.AddField(
            model_name="contractrecord",
            name="backdating",
            field=models.CharField(
                blank=True,
                db_default="",
                default="",
                help_text="What is done where it holds from before the period billed then.",
                max_length=20,
            ),
        ),
        migrations.AddField(
            model_name="contractrecord",
            name="free_months",
            field=models.SmallIntegerField(db_default=0, default=0, help_text="First months that cost nothing."),
        ),
        migrations.AddField(
            model_name="documentpolicy",
            name="backdated_changes",
            field=models.CharField(
                choices=[
                    ("stop", "Stop and ask"),
                    ("from_today", "Billed from the day they are carried"),
                    ("credit_and_rebill", "Earlier periods are credited and billed again"),
                ],
                db_default="stop",
                default="stop",
                help_text="Changes of contracts that hold from before the period that is billed now.",
                max_length=20,
            ),
        ),
        migrations.AddField(
            model_name="historicaldocumentpolicy",
            name="backdated_changes",
            field=models.CharField(
                choices=[
                    ("stop", "Stop and ask"),
                    ("from_today", "Billed from the day they are carried"),
                    ("credit_and_rebill", "Earlier periods are credited and billed again"),
                ],
                db_default="stop",
                default="stop",
                help_text="Changes of contracts that hold from before the period that is billed now.",
                max_length=20,
            ),
        ),
        migrations.AddConstraint(
            model_name="contractrecord",
            constraint=models.CheckConstraint(
                condition=models.Q(("free_months__gte", 0)), name="free_months_are_counted"
            ),
        ),
        migrations.AddConstraint(
            model_name="contractrecord",
            constraint=models.CheckConstraint(
                condition=models.Q(("backdating__in", ("", "from_today", "credit_and_rebill"))),
                name="changes_dated_back_by_policy",
            ),
        ),
    ]
