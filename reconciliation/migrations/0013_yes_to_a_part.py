import django.contrib.postgres.fields
from django.conf import settings
from django.db import migrations, models

# what one approver left out is not worked on, and a run of money works on nothing that was not shown
KEEP_OUT = """
CREATE FUNCTION reconciliation_items_were_approved() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE kept_out text;
BEGIN
    SELECT 'EXC-' || added.case_id INTO kept_out FROM added
        JOIN reconciliation_fixrun run ON run.id = added.run_id
        JOIN reconciliation_approvalyes yes ON yes.request_id = run.request_id
        WHERE added.case_id = ANY (yes.left_out) LIMIT 1;
    IF kept_out IS NOT NULL THEN
        RAISE EXCEPTION 'items_were_approved: an approver left % out.', kept_out USING ERRCODE = 'check_violation';
    END IF;
    SELECT run_id || ' ' || number INTO kept_out FROM (
        SELECT added.run_id, 'EXC-' || added.case_id AS number FROM added
            JOIN reconciliation_fixrun run ON run.id = added.run_id
            JOIN reconciliation_approvalrequest asked ON asked.id = run.request_id AND asked.kind = 'money'
            WHERE added.case_id IS NOT NULL
        EXCEPT
        SELECT run.id, member ->> 'case' FROM reconciliation_fixrun run
            JOIN reconciliation_approvalrequest asked ON asked.id = run.request_id,
            jsonb_array_elements(asked.preview -> 'members') member
            WHERE run.id IN (SELECT run_id FROM added)
    ) AS not_shown LIMIT 1;
    IF kept_out IS NOT NULL THEN
        RAISE EXCEPTION 'items_were_approved: % was not in the list that was approved.', kept_out
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER items_were_approved AFTER INSERT ON reconciliation_fixitem
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION reconciliation_items_were_approved();

CREATE FUNCTION reconciliation_item_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'item_stays: an item stays with its run and its case.' USING ERRCODE = 'check_violation';
END $$;
CREATE TRIGGER item_stays BEFORE UPDATE OF run_id, case_id ON reconciliation_fixitem
    FOR EACH ROW WHEN ((NEW.run_id, NEW.case_id) IS DISTINCT FROM (OLD.run_id, OLD.case_id))
    EXECUTE FUNCTION reconciliation_item_stays();
"""
LET_IN = """
DROP TRIGGER item_stays ON reconciliation_fixitem;
DROP FUNCTION reconciliation_item_stays();
DROP TRIGGER items_were_approved ON reconciliation_fixitem;
DROP FUNCTION reconciliation_items_were_approved();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("reconciliation", "0012_classify_answers"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="approvalrequest",
            name="approved_totals",
            field=models.JSONField(
                blank=True, help_text="The same of what was approved, where an approver left some out.", null=True
            ),
        ),
        migrations.AddField(
            model_name="approvalyes",
            name="left_out",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.BigIntegerField(),
                blank=True,
                default=list,
                help_text="Keys of the cases this yes does not cover.",
                size=None,
            ),
        ),
        migrations.AddConstraint(
            model_name="approvalyes",
            constraint=models.CheckConstraint(
                condition=models.Q(("left_out", []), models.Q(("because", ""), _negated=True), _connector="OR"),
                name="left_out_for_a_reason",
                violation_error_message="Say why you leave some out; the asker reads it.",
            ),
        ),
        migrations.RunSQL(KEEP_OUT, LET_IN),
    ]
