from django.db import migrations

FORBID = """
CREATE FUNCTION sync_lifecycle_moves_forward() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    ladder CONSTANT text[] := ARRAY[
        'received', 'validated', 'transformed', 'delivered', 'acknowledged', 'posted', 'reconciled'];
BEGIN
    IF array_position(ladder, NEW.state::text) >= array_position(ladder, OLD.state::text) THEN
        RETURN NEW;
    END IF;
    IF TG_TABLE_NAME = 'sync_delivery' AND NEW.state = 'transformed' THEN
        IF NEW.round > OLD.round THEN
            RETURN NEW;
        END IF;
    END IF;
    RAISE EXCEPTION 'The lifecycle moves forward only: % to % is refused.', OLD.state, NEW.state
        USING ERRCODE = 'check_violation';
END $$;
CREATE TRIGGER delivery_moves_forward BEFORE UPDATE ON sync_delivery
    FOR EACH ROW WHEN (OLD.state IS DISTINCT FROM NEW.state) EXECUTE FUNCTION sync_lifecycle_moves_forward();
CREATE TRIGGER work_item_moves_forward BEFORE UPDATE ON sync_workitem
    FOR EACH ROW WHEN (OLD.state IS DISTINCT FROM NEW.state) EXECUTE FUNCTION sync_lifecycle_moves_forward();
"""
ALLOW = """
DROP TRIGGER work_item_moves_forward ON sync_workitem;
DROP TRIGGER delivery_moves_forward ON sync_delivery;
DROP FUNCTION sync_lifecycle_moves_forward();
"""


class Migration(migrations.Migration):
    dependencies = [("sync", "0002_journal_is_append_only")]
    operations = [
        migrations.RunSQL(FORBID, ALLOW),
    ]
