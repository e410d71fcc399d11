from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("sync", "0005_index_events_by_arrival"),
    ]

    operations = [
        migrations.CreateModel(
            name="StrayCalls",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("door", models.CharField(max_length=40)),
                ("day", models.DateField(help_text="In UTC.")),
                ("count", models.PositiveIntegerField(default=0)),
                ("last_at", models.DateTimeField()),
            ],
            options={
                "verbose_name_plural": "stray calls",
                "ordering": ["-day", "door"],
            },
        ),
        migrations.AlterModelOptions(
            name="sourceevent",
            options={
                "ordering": ["-received_at", "-pk"],
                "permissions": [("replay_sourceevent", "Can have source events read again")],
            },
        ),
        migrations.AddField(
            model_name="connectionhealth",
            name="calls_us",
            field=models.BooleanField(
                default=False, help_text="It has called us at least once; others are only asked."
            ),
        ),
        migrations.AddField(
            model_name="connectionhealth",
            name="missed_call_at",
            field=models.DateTimeField(blank=True, help_text="When the latest of them came in.", null=True),
        ),
        migrations.AddField(
            model_name="connectionhealth",
            name="missed_calls",
            field=models.PositiveIntegerField(
                default=0, help_text="Events of the last day that mattered and that it did not call about."
            ),
        ),
        migrations.AddField(
            model_name="pollcursor",
            name="compared_at",
            field=models.DateTimeField(
                blank=True, help_text="When the source's own list was last compared with the inbox.", null=True
            ),
        ),
        migrations.AddField(
            model_name="pollcursor",
            name="lost_at",
            field=models.DateTimeField(
                blank=True,
                help_text="When the source no longer kept our place and was read anew from its oldest.",
                null=True,
            ),
        ),
        migrations.AddField(
            model_name="pollcursor",
            name="missing",
            field=models.PositiveIntegerField(
                default=0, help_text="Events that comparison found and that neither a call nor a poll had brought."
            ),
        ),
        migrations.AddField(
            model_name="sourceevent",
            name="called_at",
            field=models.DateTimeField(
                blank=True,
                help_text="When the source called about it; empty when only our own asking brought it.",
                null=True,
            ),
        ),
        migrations.AddField(
            model_name="workitem",
            name="gap_since",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AlterField(
            model_name="sourceevent",
            name="crashes",
            field=models.PositiveSmallIntegerField(
                default=0, help_text="Times it was taken up without coming to an end; counted before it is read."
            ),
        ),
        migrations.AlterField(
            model_name="workitem",
            name="crashes",
            field=models.PositiveSmallIntegerField(
                default=0, help_text="Times it was taken up without coming to an end; counted before it is worked."
            ),
        ),
        migrations.AddIndex(
            model_name="sourceevent",
            index=models.Index(
                condition=models.Q(("condition", "due"), ("crashes__gt", 0)),
                fields=["crashes", "due_at", "id"],
                name="event_suspect",
            ),
        ),
        migrations.AddIndex(
            model_name="sourceevent",
            index=models.Index(
                condition=models.Q(("called_at__isnull", True)),
                fields=["connection", "received_at"],
                name="event_never_called",
            ),
        ),
        migrations.AddIndex(
            model_name="workitem",
            index=models.Index(
                condition=models.Q(("condition", "due"), ("crashes__gt", 0)),
                fields=["crashes", "due_at", "id"],
                name="work_item_suspect",
            ),
        ),
        migrations.AddIndex(
            model_name="workitem",
            index=models.Index(
                condition=models.Q(("gap_since__isnull", False)), fields=["due_at"], name="work_item_behind_a_gap"
            ),
        ),
        migrations.AddConstraint(
            model_name="straycalls",
            constraint=models.UniqueConstraint(fields=("door", "day"), name="stray_calls_counted_once_a_day"),
        ),
    ]
