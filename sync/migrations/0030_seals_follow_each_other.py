from django.db import migrations

FORBID = """
CREATE FUNCTION sync_seals_are_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'What seals and checks the journal stays as it was written: % of % is refused.', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation';
END $$;
CREATE FUNCTION sync_seal_follows_the_one_before() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.number > 1 AND NOT EXISTS (
        SELECT 1 FROM sync_journalseal WHERE number = NEW.number - 1 AND sha256 = NEW.previous_sha256
    ) THEN
        RAISE EXCEPTION 'Seal % does not link to the seal before it.', NEW.number USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE FUNCTION sync_journal_entries_wait() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO sync_journalwaiting (entry_id) SELECT id FROM fresh;
    RETURN NULL;
END $$;
CREATE FUNCTION sync_entry_waits_until_sealed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM sync_journalseal WHERE entry_id = OLD.entry_id) THEN
        RAISE EXCEPTION 'Entry % waits until it is sealed.', OLD.entry_id USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN OLD;
END $$;
CREATE TRIGGER seal_refuses_change BEFORE UPDATE OR DELETE ON sync_journalseal
    FOR EACH ROW EXECUTE FUNCTION sync_seals_are_append_only();
CREATE TRIGGER seal_refuses_truncate BEFORE TRUNCATE ON sync_journalseal
    FOR EACH STATEMENT EXECUTE FUNCTION sync_seals_are_append_only();
CREATE TRIGGER seal_follows BEFORE INSERT ON sync_journalseal
    FOR EACH ROW EXECUTE FUNCTION sync_seal_follows_the_one_before();
CREATE TRIGGER check_refuses_change BEFORE UPDATE OR DELETE ON sync_journalcheck
    FOR EACH ROW EXECUTE FUNCTION sync_seals_are_append_only();
CREATE TRIGGER check_refuses_truncate BEFORE TRUNCATE ON sync_journalcheck
    FOR EACH STATEMENT EXECUTE FUNCTION sync_seals_are_append_only();
CREATE TRIGGER waiting_refuses_change BEFORE UPDATE ON sync_journalwaiting
    FOR EACH ROW EXECUTE FUNCTION sync_seals_are_append_only();
CREATE TRIGGER waiting_refuses_truncate BEFORE TRUNCATE ON sync_journalwaiting
    FOR EACH STATEMENT EXECUTE FUNCTION sync_seals_are_append_only();
CREATE TRIGGER waiting_until_sealed BEFORE DELETE ON sync_journalwaiting
    FOR EACH ROW EXECUTE FUNCTION sync_entry_waits_until_sealed();
CREATE TRIGGER journal_entries_wait AFTER INSERT ON sync_journalentry
    REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION sync_journal_entries_wait();
"""
ALLOW = """
DROP TRIGGER journal_entries_wait ON sync_journalentry;
DROP TRIGGER waiting_until_sealed ON sync_journalwaiting;
DROP TRIGGER waiting_refuses_truncate ON sync_journalwaiting;
DROP TRIGGER waiting_refuses_change ON sync_journalwaiting;
DROP TRIGGER check_refuses_truncate ON sync_journalcheck;
DROP TRIGGER check_refuses_change ON sync_journalcheck;
DROP TRIGGER seal_follows ON sync_journalseal;
DROP TRIGGER seal_refuses_truncate ON sync_journalseal;
DROP TRIGGER seal_refuses_change ON sync_journalseal;
DROP FUNCTION sync_entry_waits_until_sealed();
DROP FUNCTION sync_journal_entries_wait();
DROP FUNCTION sync_seal_follows_the_one_before();
DROP FUNCTION sync_seals_are_append_only();
"""


class Migration(migrations.Migration):
    dependencies = [("sync", "0022_bundle_shares_are_whole")]
    operations = [migrations.RunSQL(FORBID, ALLOW)]
