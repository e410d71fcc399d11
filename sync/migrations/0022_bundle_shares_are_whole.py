"""A share for each part of a bundle, each above zero, together exactly 100 percent: held by the database."""

from django.db import migrations

# a check may not hold a subquery; a function that only computes may be asked
FUNCTION = """
CREATE FUNCTION q2c_shares_are_whole(parts varchar[], shares numeric[]) RETURNS boolean IMMUTABLE LANGUAGE sql AS $$
    SELECT cardinality(parts) = cardinality(shares) AND cardinality(shares) > 0
       AND (SELECT sum(share) = 100 AND min(share) > 0 FROM unnest(shares) AS share)
$$
"""
CHECK = """
ALTER TABLE sync_bundlemapping
ADD CONSTRAINT bundle_shares_are_whole CHECK (q2c_shares_are_whole(parts, shares))
"""


class Migration(migrations.Migration):
    dependencies = [("sync", "0017_revenue_journals_are_final")]

    operations = [
        migrations.RunSQL(FUNCTION, "DROP FUNCTION q2c_shares_are_whole(varchar[], numeric[])"),
        migrations.RunSQL(CHECK, "ALTER TABLE sync_bundlemapping DROP CONSTRAINT bundle_shares_are_whole"),
    ]
