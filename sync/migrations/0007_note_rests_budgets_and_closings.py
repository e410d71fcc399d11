from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("sync", "0006_note_gaps_and_calls"),
    ]

    operations = [
        migrations.AddField(
            model_name="accountingperiod",
            name="erp_state",
            field=models.CharField(
                choices=[("open", "Open"), ("closing", "Closing"), ("closed", "Closed")],
                db_default="open",
                default="open",
                help_text="The ERP's own last word.",
                max_length=8,
            ),
        ),
        migrations.AddField(
            model_name="accountingperiod",
            name="own_state",
            field=models.CharField(
                choices=[("open", "Open"), ("closing", "Closing"), ("closed", "Closed")],
                db_default="open",
                default="open",
                help_text="What was closed from here; it holds although the ERP may still say open.",
                max_length=8,
            ),
        ),
        migrations.AddField(
            model_name="connectionhealth",
            name="failing_since",
            field=models.DateTimeField(blank=True, help_text="No call has worked since.", null=True),
        ),
        migrations.AddField(
            model_name="connectionhealth",
            name="last_calls",
            field=models.PositiveIntegerField(db_default=0, default=0),
        ),
        migrations.AddField(
            model_name="connectionhealth",
            name="last_retries",
            field=models.PositiveIntegerField(db_default=0, default=0),
        ),
        migrations.AddField(
            model_name="connectionhealth",
            name="probe_until",
            field=models.DateTimeField(
                blank=True, help_text="After the breaker's rest one call tries; nobody else before this.", null=True
            ),
        ),
        migrations.AddField(
            model_name="connectionhealth",
            name="rests_until",
            field=models.DateTimeField(
                blank=True, help_text="The system asked to be left alone until then.", null=True
            ),
        ),
        migrations.AddField(
            model_name="connectionhealth",
            name="unreachable_since",
            field=models.DateTimeField(blank=True, help_text="When people were told of it.", null=True),
        ),
        migrations.AddField(
            model_name="connectionhealth",
            name="window_calls",
            field=models.PositiveIntegerField(db_default=0, default=0),
        ),
        migrations.AddField(
            model_name="connectionhealth",
            name="window_retries",
            field=models.PositiveIntegerField(db_default=0, default=0),
        ),
        migrations.AddField(
            model_name="connectionhealth",
            name="window_started_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="delivery",
            name="awaits_posting_since",
            field=models.DateTimeField(
                blank=True,
                help_text="The target has it and has not posted it yet: looked up, but not in doubt.",
                null=True,
            ),
        ),
        migrations.AddField(
            model_name="delivery",
            name="failed_at",
            field=models.DateTimeField(
                blank=True, help_text="When the target was last not available to it.", null=True
            ),
        ),
        migrations.AddField(
            model_name="delivery",
            name="held_because",
            field=models.CharField(
                blank=True, db_default="", default="", help_text="Why it is held, in a word.", max_length=40
            ),
        ),
        migrations.AddField(
            model_name="delivery",
            name="key_sent_at",
            field=models.DateTimeField(
                blank=True, help_text="When the present request key was first sent; vendors forget keys.", null=True
            ),
        ),
        migrations.AddField(
            model_name="delivery",
            name="look_ups",
            field=models.PositiveSmallIntegerField(db_default=0, default=0),
        ),
        migrations.AddField(
            model_name="delivery",
            name="tries",
            field=models.PositiveSmallIntegerField(db_default=0, default=0),
        ),
        migrations.AlterField(
            model_name="accountingperiod",
            name="state",
            field=models.CharField(
                choices=[("open", "Open"), ("closing", "Closing"), ("closed", "Closed")],
                help_text="The stricter of the ERP's word and our own.",
                max_length=8,
            ),
        ),
        migrations.AlterField(
            model_name="attempt",
            name="outcome",
            field=models.CharField(
                choices=[
                    ("sent", "Sent, no outcome yet"),
                    ("receipt", "Receipt"),
                    ("adopted", "Found at the target and adopted"),
                    ("not_found", "Looked up, not there"),
                    ("unavailable", "Not reachable, nothing written"),
                    ("unknown", "No answer"),
                    ("rejected", "Refused"),
                    ("misconfigured", "Sign-in or set-up is wrong"),
                    ("crashed", "Our own failure"),
                    ("late", "Came after its lease; acted on nothing"),
                    ("not_sent", "Not sent: called off before the call"),
                ],
                default="sent",
                max_length=14,
            ),
        ),
        migrations.AddConstraint(
            model_name="postingwindow",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("mode", "batch"), _negated=True),
                    models.Q(
                        ("closes_at__isnull", False),
                        ("opens_at__isnull", False),
                        models.Q(("opens_at", models.F("closes_at")), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="daily_window_has_its_hours",
                violation_error_message="A daily window needs the time it opens and another one at which it closes.",
            ),
        ),
    ]
