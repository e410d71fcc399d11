import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("reconciliation", "0003_own_records_as_a_side"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="controlstage",
            name="read_count",
            field=models.PositiveIntegerField(
                default=0,
                help_text="Records read from the source; a record may be several lines, or another company's.",
            ),
        ),
        migrations.CreateModel(
            name="RowChange",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("table", models.CharField(max_length=30)),
                ("source", models.CharField(help_text="The file it came from, or the form.", max_length=120)),
                ("count", models.PositiveIntegerField()),
                ("rows", models.JSONField()),
                ("ends", models.JSONField(default=dict)),
                ("sha256", models.CharField(max_length=64)),
                ("impact", models.JSONField(default=dict)),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("pending", "Waiting for a second person"),
                            ("approved", "In force"),
                            ("refused", "Refused"),
                            ("withdrawn", "Withdrawn by the drafter"),
                        ],
                        default="pending",
                        max_length=10,
                    ),
                ),
                ("asked_at", models.DateTimeField()),
                ("asked_because", models.CharField(blank=True, max_length=400)),
                ("decided_at", models.DateTimeField(blank=True, null=True)),
                ("decided_because", models.CharField(blank=True, max_length=400)),
                (
                    "asked_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "decided_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ["-asked_at", "-pk"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("decided_by__isnull", True),
                            ("status", "withdrawn"),
                            models.Q(("decided_by", models.F("asked_by")), _negated=True),
                            _connector="OR",
                        ),
                        name="drafter_never_decides",
                        violation_error_message="You drafted this; another approver must decide.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("status__in", ["approved", "refused"]), _negated=True),
                            models.Q(("decided_at__isnull", False), ("decided_by__isnull", False)),
                            _connector="OR",
                        ),
                        name="row_change_decision_has_a_name",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("status", "pending")),
                        fields=("table", "sha256"),
                        name="one_pending_change_of_the_same_rows",
                    ),
                ],
            },
        ),
    ]
