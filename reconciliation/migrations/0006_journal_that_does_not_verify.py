import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("reconciliation", "0005_sign_offs"),
        ("sync", "0031_entries_of_before_wait_too"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="exceptioncase",
            name="case_is_about_one_thing",
        ),
        migrations.AddField(
            model_name="exceptioncase",
            name="journal_check",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="cases",
                to="sync.journalcheck",
            ),
        ),
        migrations.AddConstraint(
            model_name="exceptioncase",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("break_row__isnull", True),
                        ("connection__isnull", True),
                        ("control_run__isnull", True),
                        ("delivery__isnull", True),
                        ("event__isnull", True),
                        ("journal_check__isnull", True),
                        ("work_item__isnull", False),
                    ),
                    models.Q(
                        ("break_row__isnull", True),
                        ("connection__isnull", True),
                        ("control_run__isnull", True),
                        ("delivery__isnull", False),
                        ("event__isnull", True),
                        ("journal_check__isnull", True),
                        ("work_item__isnull", True),
                    ),
                    models.Q(
                        ("break_row__isnull", False),
                        ("connection__isnull", True),
                        ("control_run__isnull", True),
                        ("delivery__isnull", True),
                        ("event__isnull", True),
                        ("journal_check__isnull", True),
                        ("work_item__isnull", True),
                    ),
                    models.Q(
                        ("break_row__isnull", True),
                        ("connection__isnull", False),
                        ("control_run__isnull", True),
                        ("delivery__isnull", True),
                        ("event__isnull", True),
                        ("journal_check__isnull", True),
                        ("work_item__isnull", True),
                    ),
                    models.Q(
                        ("break_row__isnull", True),
                        ("connection__isnull", True),
                        ("control_run__isnull", False),
                        ("delivery__isnull", True),
                        ("event__isnull", True),
                        ("journal_check__isnull", True),
                        ("work_item__isnull", True),
                    ),
                    models.Q(
                        ("break_row__isnull", True),
                        ("connection__isnull", True),
                        ("control_run__isnull", True),
                        ("delivery__isnull", True),
                        ("event__isnull", False),
                        ("journal_check__isnull", True),
                        ("work_item__isnull", True),
                    ),
                    models.Q(
                        ("break_row__isnull", True),
                        ("connection__isnull", True),
                        ("control_run__isnull", True),
                        ("delivery__isnull", True),
                        ("event__isnull", True),
                        ("journal_check__isnull", False),
                        ("work_item__isnull", True),
                    ),
                    _connector="OR",
                ),
                name="case_is_about_one_thing",
            ),
        ),
        migrations.AddConstraint(
            model_name="exceptioncase",
            constraint=models.UniqueConstraint(
                condition=models.Q(("status", "open")),
                fields=("journal_check", "reason"),
                name="one_open_case_per_journal_check",
            ),
        ),
    ]
