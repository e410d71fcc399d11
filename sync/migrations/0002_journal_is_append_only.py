from django.db import migrations

FORBID = """
CREATE FUNCTION sync_journal_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'The audit journal is append-only: % is refused.', TG_OP USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER journal_refuses_change BEFORE UPDATE OR DELETE ON sync_journalentry
    FOR EACH ROW EXECUTE FUNCTION sync_journal_is_append_only();
CREATE TRIGGER journal_refuses_truncate BEFORE TRUNCATE ON sync_journalentry
    FOR EACH STATEMENT EXECUTE FUNCTION sync_journal_is_append_only();
"""
ALLOW = """
DROP TRIGGER journal_refuses_truncate ON sync_journalentry;
DROP TRIGGER journal_refuses_change ON sync_journalentry;
DROP FUNCTION sync_journal_is_append_only();
"""


class Migration(migrations.Migration):
    dependencies = [("sync", "0001_tables")]
    operations = [migrations.RunSQL(FORBID, ALLOW)]
