from django.db import migrations

# a revenue journal exists only where the portal is the entity's engine on its posting date, and is final once sealed
FORBID = """
CREATE FUNCTION sync_revenue_engine_is_the_portal() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (
        SELECT 1 FROM sync_revenueengine e
        WHERE e.entity_id = NEW.legal_entity_id AND e.status = 'approved' AND e.engine = 'portal'
          AND e.valid_from <= NEW.posting_date AND (e.valid_to IS NULL OR NEW.posting_date < e.valid_to)) THEN
        RAISE EXCEPTION 'REVENUE_ENGINE_CONFLICT: the portal is not the revenue engine of this entity on %.',
            NEW.posting_date USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER journal_batch_needs_its_engine BEFORE INSERT ON sync_journalbatchrecord
    FOR EACH ROW EXECUTE FUNCTION sync_revenue_engine_is_the_portal();

CREATE FUNCTION sync_sealed_revenue_is_final() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'What was sealed in a revenue journal is never changed.' USING ERRCODE = 'check_violation';
END $$;
CREATE TRIGGER journal_batch_is_final BEFORE UPDATE OR DELETE ON sync_journalbatchrecord
    FOR EACH ROW EXECUTE FUNCTION sync_sealed_revenue_is_final();
CREATE TRIGGER sealed_event_is_final BEFORE UPDATE ON sync_revenueeventrecord
    FOR EACH ROW WHEN (OLD.batch_id IS NOT NULL) EXECUTE FUNCTION sync_sealed_revenue_is_final();
CREATE TRIGGER sealed_event_stays BEFORE DELETE ON sync_revenueeventrecord
    FOR EACH ROW WHEN (OLD.batch_id IS NOT NULL) EXECUTE FUNCTION sync_sealed_revenue_is_final();
"""
ALLOW = """
DROP TRIGGER sealed_event_stays ON sync_revenueeventrecord;
DROP TRIGGER sealed_event_is_final ON sync_revenueeventrecord;
DROP TRIGGER journal_batch_is_final ON sync_journalbatchrecord;
DROP FUNCTION sync_sealed_revenue_is_final();
DROP TRIGGER journal_batch_needs_its_engine ON sync_journalbatchrecord;
DROP FUNCTION sync_revenue_engine_is_the_portal();
"""


class Migration(migrations.Migration):
    dependencies = [("sync", "0008_lifecycle_moves_forward_only")]
    operations = [migrations.RunSQL(FORBID, ALLOW)]
