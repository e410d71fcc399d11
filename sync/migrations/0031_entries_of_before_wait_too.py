from django.db import migrations

WAIT = """
INSERT INTO sync_journalwaiting (entry_id)
SELECT e.id FROM sync_journalentry e WHERE NOT EXISTS (SELECT 1 FROM sync_journalwaiting w WHERE w.entry_id = e.id)
"""


class Migration(migrations.Migration):
    dependencies = [("sync", "0030_seals_follow_each_other")]
    operations = [migrations.RunSQL(WAIT, migrations.RunSQL.noop)]
