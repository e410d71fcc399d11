import django.db.models.deletion
import django.db.models.functions.text
import simple_history.models
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("reconciliation", "0007_language"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="ViewMatch",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("found_at", models.DateTimeField()),
                (
                    "is_news",
                    models.BooleanField(help_text="The view did not show it yet when the person began to follow it."),
                ),
            ],
            options={
                "ordering": ["found_at", "pk"],
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="ViewSubscription",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("since", models.DateTimeField()),
            ],
            options={
                "ordering": ["pk"],
                "default_permissions": (),
            },
        ),
        migrations.AddField(
            model_name="profile",
            name="keys",
            field=models.JSONField(blank=True, db_default={}, default=dict, help_text="The portal's key: their own."),
        ),
        migrations.AddField(
            model_name="profile",
            name="times",
            field=models.CharField(
                choices=[("moment", "As a day and time"), ("ago", "As how long ago")],
                db_default="moment",
                default="moment",
                max_length=6,
            ),
        ),
        migrations.AlterField(
            model_name="notice",
            name="person",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="notices",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.CreateModel(
            name="CaseWatch",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("since", models.DateTimeField()),
                (
                    "case",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="watches",
                        to="reconciliation.exceptioncase",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={
                "ordering": ["-since", "-pk"],
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="HistoricalNoticeRoom",
            fields=[
                ("id", models.BigIntegerField(auto_created=True, blank=True, db_index=True, verbose_name="ID")),
                ("name", models.CharField(help_text="As people call it, such as #billing-ops.", max_length=60)),
                (
                    "kind",
                    models.CharField(
                        choices=[("slack", "Slack"), ("teams", "Microsoft Teams"), ("webhook", "Signed webhook")],
                        max_length=8,
                    ),
                ),
                (
                    "team",
                    models.CharField(
                        choices=[
                            ("sales_ops", "Sales operations"),
                            ("billing_ops", "Billing operations"),
                            ("finance", "Finance"),
                            ("integration", "Integration support"),
                        ],
                        help_text="Whose cases, controls and decisions it hears of.",
                        max_length=12,
                    ),
                ),
                ("events", models.JSONField(default=list)),
                (
                    "names_customers",
                    models.BooleanField(
                        default=False,
                        help_text="Messages may name customers and carry people’s own words; others may read along.",
                    ),
                ),
                (
                    "zone",
                    models.CharField(
                        default="UTC", help_text="Whose morning the daily message comes in.", max_length=64
                    ),
                ),
                ("is_on", models.BooleanField(default=True)),
                ("host", models.CharField(editable=False, max_length=253)),
                ("history_id", models.AutoField(primary_key=True, serialize=False)),
                ("history_date", models.DateTimeField(db_index=True)),
                ("history_change_reason", models.CharField(max_length=100, null=True)),
                (
                    "history_type",
                    models.CharField(choices=[("+", "Created"), ("~", "Changed"), ("-", "Deleted")], max_length=1),
                ),
                (
                    "history_user",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "historical room",
                "verbose_name_plural": "historical rooms",
                "ordering": ("-history_date", "-history_id"),
                "get_latest_by": ("history_date", "history_id"),
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name="NoticeRoom",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(help_text="As people call it, such as #billing-ops.", max_length=60)),
                (
                    "kind",
                    models.CharField(
                        choices=[("slack", "Slack"), ("teams", "Microsoft Teams"), ("webhook", "Signed webhook")],
                        max_length=8,
                    ),
                ),
                (
                    "team",
                    models.CharField(
                        choices=[
                            ("sales_ops", "Sales operations"),
                            ("billing_ops", "Billing operations"),
                            ("finance", "Finance"),
                            ("integration", "Integration support"),
                        ],
                        help_text="Whose cases, controls and decisions it hears of.",
                        max_length=12,
                    ),
                ),
                ("events", models.JSONField(default=list)),
                (
                    "names_customers",
                    models.BooleanField(
                        default=False,
                        help_text="Messages may name customers and carry people’s own words; others may read along.",
                    ),
                ),
                (
                    "zone",
                    models.CharField(
                        default="UTC", help_text="Whose morning the daily message comes in.", max_length=64
                    ),
                ),
                ("is_on", models.BooleanField(default=True)),
                ("host", models.CharField(editable=False, max_length=253)),
                ("sealed_secrets", models.TextField(editable=False)),
                (
                    "trouble",
                    models.CharField(
                        blank=True, editable=False, help_text="Why it took the last one not.", max_length=300
                    ),
                ),
                ("trouble_since", models.DateTimeField(blank=True, editable=False, null=True)),
            ],
            options={
                "verbose_name": "room",
                "ordering": ["name", "pk"],
                "default_permissions": ("view",),
                "constraints": [
                    models.UniqueConstraint(
                        django.db.models.functions.text.Lower("name"),
                        name="one_room_per_name",
                        violation_error_message="There is a room of this name already.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("host", ""), _negated=True), models.Q(("sealed_secrets", ""), _negated=True)
                        ),
                        name="a_room_has_an_address",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("trouble", ""), ("trouble_since__isnull", True)),
                            models.Q(models.Q(("trouble", ""), _negated=True), ("trouble_since__isnull", False)),
                            _connector="OR",
                        ),
                        name="trouble_of_a_room_has_its_time",
                    ),
                ],
            },
        ),
        migrations.AddField(
            model_name="notice",
            name="room",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="notices",
                to="reconciliation.noticeroom",
            ),
        ),
        migrations.AddConstraint(
            model_name="notice",
            constraint=models.UniqueConstraint(fields=("room", "event", "key"), name="told_once_in_a_room"),
        ),
        migrations.AddConstraint(
            model_name="notice",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("person__isnull", False), ("room__isnull", True)),
                    models.Q(("person__isnull", True), ("room__isnull", False)),
                    _connector="OR",
                ),
                name="told_to_a_person_or_in_a_room",
            ),
        ),
        migrations.AddField(
            model_name="viewmatch",
            name="case",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="+", to="reconciliation.exceptioncase"
            ),
        ),
        migrations.AddField(
            model_name="viewsubscription",
            name="user",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="viewsubscription",
            name="view",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="subscriptions", to="reconciliation.savedview"
            ),
        ),
        migrations.AddField(
            model_name="viewmatch",
            name="subscription",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="matches",
                to="reconciliation.viewsubscription",
            ),
        ),
        migrations.AddConstraint(
            model_name="casewatch",
            constraint=models.UniqueConstraint(fields=("user", "case"), name="watched_once"),
        ),
        migrations.AddConstraint(
            model_name="viewsubscription",
            constraint=models.UniqueConstraint(fields=("user", "view"), name="subscribed_once_to_a_view"),
        ),
        migrations.AddIndex(
            model_name="viewmatch",
            index=models.Index(fields=["subscription", "-found_at"], name="news_of_a_view"),
        ),
        migrations.AddConstraint(
            model_name="viewmatch",
            constraint=models.UniqueConstraint(fields=("subscription", "case"), name="found_once_in_a_view"),
        ),
    ]
