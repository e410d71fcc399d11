import django.contrib.postgres.indexes
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("sync", "0028_parts_of_deals_and_who_closed"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="JournalCheck",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("started_at", models.DateTimeField()),
                ("finished_at", models.DateTimeField()),
                ("by", models.CharField(help_text="Who asked: a person, or the timetable.", max_length=80)),
                ("entries", models.PositiveBigIntegerField(help_text="Sealed entries that were recomputed.")),
                ("waiting", models.PositiveBigIntegerField(help_text="Entries without a seal at that moment.")),
                ("anchors", models.PositiveBigIntegerField(help_text="Anchors the chain was held against.")),
                ("last_number", models.PositiveBigIntegerField()),
                ("last_sha256", models.CharField(max_length=64)),
                ("is_good", models.BooleanField()),
                ("wrong_at", models.PositiveBigIntegerField(blank=True, null=True)),
                ("words", models.CharField(max_length=400)),
            ],
            options={
                "ordering": ["-finished_at", "-pk"],
                "default_permissions": ("view",),
            },
        ),
        migrations.CreateModel(
            name="JournalSeal",
            fields=[
                ("number", models.PositiveBigIntegerField(primary_key=True, serialize=False)),
                ("previous_sha256", models.CharField(max_length=64)),
                ("sha256", models.CharField(max_length=64)),
                ("sealed_at", models.DateTimeField()),
            ],
            options={
                "ordering": ["number"],
                "default_permissions": ("view",),
            },
        ),
        migrations.CreateModel(
            name="JournalWaiting",
            fields=[
                (
                    "entry",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="waiting",
                        serialize=False,
                        to="sync.journalentry",
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "journal entries waiting for their seal",
                "ordering": ["entry_id"],
                "default_permissions": (),
            },
        ),
        migrations.AddIndex(
            model_name="journalentry",
            index=models.Index(fields=["action"], name="journal_action"),
        ),
        migrations.AddIndex(
            model_name="journalentry",
            index=django.contrib.postgres.indexes.BrinIndex(fields=["at"], name="journal_time"),
        ),
        migrations.AddField(
            model_name="journalseal",
            name="entry",
            field=models.OneToOneField(
                on_delete=django.db.models.deletion.PROTECT, related_name="seal", to="sync.journalentry"
            ),
        ),
        migrations.AddConstraint(
            model_name="journalseal",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("number", 1),
                        ("previous_sha256", "0000000000000000000000000000000000000000000000000000000000000000"),
                    ),
                    ("number__gt", 1),
                    _connector="OR",
                ),
                name="first_seal_follows_nothing",
            ),
        ),
    ]
