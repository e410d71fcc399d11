from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("sync", "0008_lifecycle_moves_forward_only"),
    ]

    operations = [
        migrations.AddField(
            model_name="sourceevent",
            name="called_sha256",
            field=models.CharField(blank=True, default="", max_length=64),
        ),
        migrations.RunSQL(
            "UPDATE sync_sourceevent SET called_sha256 = body_sha256 WHERE via = 'callback'",
            migrations.RunSQL.noop,
        ),
    ]
