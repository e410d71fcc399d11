"""The SQL of matching: both sides' lines, joined by reference; what differs is kept pair by pair.

Temporary tables, for one transaction: `joined` (sums of what agrees by day, and the keys of pairs that do not agree)
and `different` (those pairs with both lines).
"""

#: lines of the readings that are compared; their first and last day tell which months' tables to look into
DAYS = "business_date BETWEEN %(first_day)s AND %(last_day)s"
LEFT_LINES = f"reconciliation_controlline WHERE stage_id = ANY(%(left_stages)s) AND {DAYS}"
RIGHT_LINES = f"reconciliation_controlline WHERE stage_id = ANY(%(right_stages)s) AND {DAYS}"

# One join over narrow columns. What agrees is only summed, by day; what does not is kept pair by pair, as the two
# lines' keys. Whether a pair differs is asked once; a column in which all pairs must agree is summed on one side only.
# OFFSET 0 keeps the planner from taking every pair for a group of its own, and from asking twice.
JOINED = f"""
CREATE TEMP TABLE joined ON COMMIT DROP AS
SELECT currency, document_date, pair[1] AS left_line, pair[2] AS right_line, left_count, right_count,
    left_net, right_net, left_tax, right_tax, left_gross, right_gross
FROM (
    SELECT currency, document_date, pair, count(left_id) AS left_count, count(right_id) AS right_count,
        sum(left_net) AS left_net, sum({{right_net}}) AS right_net, sum(left_tax) AS left_tax,
        sum({{right_tax}}) AS right_tax, sum(left_gross) AS left_gross, sum({{right_gross}}) AS right_gross
    FROM (
        SELECT coalesce(l.currency, r.currency) AS currency,
            coalesce(l.document_date, r.document_date) AS document_date,
            CASE WHEN {{differs}} THEN ARRAY[l.id, r.id] END AS pair, l.id AS left_id, r.id AS right_id,
            l.net AS left_net, r.net AS right_net, l.tax AS left_tax, r.tax AS right_tax, l.gross AS left_gross,
            r.gross AS right_gross
        FROM (
            SELECT id, reference, currency, document_date, net, tax, gross, customer
            FROM {LEFT_LINES} {{once}}
        ) l
        FULL OUTER JOIN (
            SELECT id, reference, currency, document_date, net, tax, gross, customer, other_account
            FROM {RIGHT_LINES} {{once}}
        ) r USING (reference)
        OFFSET 0
    ) pairs
    GROUP BY currency, document_date, pair
) sums
"""
_OTHER_MONEY = "(%(net)s AND l.net <> r.net) OR (%(tax)s AND l.tax <> r.tax) OR (%(gross)s AND l.gross <> r.gross)"
# whom neither side names, or who is not known to us, is not held against anybody
_OTHER_CUSTOMER = "(%(customer)s AND l.customer <> r.customer AND l.customer <> '' AND r.customer <> '')"
_OTHER_ACCOUNT = "(%(account)s AND r.other_account <> '')"
_OTHER_PERIOD = (
    "(%(period)s AND l.document_date <> r.document_date AND"
    " width_bucket(l.document_date, %(periods)s::date[]) <> width_bucket(r.document_date, %(periods)s::date[]))"
)
DIFFERS = (
    # a control that compares no amounts compares no currencies: a customer may have one here and another there
    "(l.id IS NULL OR r.id IS NULL OR (%(money)s AND l.currency <> r.currency)"
    f" OR {_OTHER_MONEY} OR {_OTHER_CUSTOMER} OR {_OTHER_ACCOUNT} OR {_OTHER_PERIOD})"
)

# A reference that stands twice on a side would be joined with everything of the other side, and its other half counted
# twice. The join itself tells, for next to nothing: it counts more lines than were read, or a pair twice.
TOLD_APART = """
SELECT (SELECT coalesce(sum(left_count), 0) FROM joined)
        = coalesce(sum(line_count) FILTER (WHERE id = ANY(%(left_stages)s)), 0)
    AND (SELECT coalesce(sum(right_count), 0) FROM joined)
        = coalesce(sum(line_count) FILTER (WHERE id = ANY(%(right_stages)s)), 0)
    AND NOT EXISTS (SELECT 1 FROM different GROUP BY reference HAVING count(*) > 1)
FROM reconciliation_controlstage WHERE id = ANY(%(left_stages)s::bigint[] || %(right_stages)s::bigint[])
"""

# Such references apart: line by line, first those that agree wholly, then what is left in the order of the amounts.
TWICE = f"""
CREATE TEMP TABLE twice ON COMMIT DROP AS
SELECT DISTINCT reference FROM (
    SELECT reference FROM {LEFT_LINES}
    GROUP BY reference HAVING count(*) > 1
    UNION ALL
    SELECT reference FROM {RIGHT_LINES}
    GROUP BY reference HAVING count(*) > 1
) of_a_side
"""
NOT_TWICE = "AND reference NOT IN (SELECT reference FROM twice)"
PAIRED = f"""
WITH l AS (
    SELECT *, row_number() OVER (PARTITION BY reference, currency, net, tax, gross ORDER BY id) AS place
    FROM {LEFT_LINES} AND reference IN (SELECT reference FROM twice)
), r AS (
    SELECT *, row_number() OVER (PARTITION BY reference, currency, net, tax, gross ORDER BY id) AS place
    FROM {RIGHT_LINES} AND reference IN (SELECT reference FROM twice)
), alike AS (
    SELECT l.id AS left_id, r.id AS right_id FROM l JOIN r USING (reference, currency, net, tax, gross, place)
), left_over AS (
    SELECT id, reference, row_number() OVER (PARTITION BY reference ORDER BY gross, id) AS place
    FROM l WHERE id NOT IN (SELECT left_id FROM alike)
), right_over AS (
    SELECT id, reference, row_number() OVER (PARTITION BY reference ORDER BY gross, id) AS place
    FROM r WHERE id NOT IN (SELECT right_id FROM alike)
), pairs AS (
    SELECT left_id, right_id FROM alike
    UNION ALL SELECT a.id, b.id FROM left_over a FULL OUTER JOIN right_over b USING (reference, place)
)
INSERT INTO joined
SELECT coalesce(l.currency, r.currency), coalesce(l.document_date, r.document_date),
    CASE WHEN {{differs}} THEN l.id END, CASE WHEN {{differs}} THEN r.id END,
    (l.id IS NOT NULL)::int, (r.id IS NOT NULL)::int, l.net, r.net, l.tax, r.tax, l.gross, r.gross
FROM pairs
LEFT JOIN reconciliation_controlline l ON l.id = pairs.left_id AND l.{DAYS}
LEFT JOIN reconciliation_controlline r ON r.id = pairs.right_id AND r.{DAYS}
"""
# The second and every further line of a reference is a difference of its own, under a name of its own.
NUMBERED = f"""
UPDATE different SET reference = left(numbered.reference, 112) || '#' || numbered.number,
    kind = CASE WHEN left_id IS NULL OR right_id IS NULL THEN 'LISTED_TWICE' ELSE kind END
FROM (
    SELECT d.ctid AS row, d.reference, row_number() OVER (
        PARTITION BY d.reference ORDER BY (d.left_id IS NULL OR d.right_id IS NULL), d.left_gross, d.right_gross, d.ctid
    ) + (
        SELECT count(*) FROM reconciliation_controlline line
        WHERE line.reference = d.reference AND line.{DAYS}
          AND line.stage_id = ANY(%(left_stages)s::bigint[] || %(right_stages)s::bigint[])
          AND line.id NOT IN (
              SELECT coalesce(left_line, 0) FROM joined UNION ALL SELECT coalesce(right_line, 0) FROM joined)
    ) / 2 AS number
    FROM different d WHERE d.reference IN (SELECT reference FROM twice)
) numbered
WHERE different.ctid = numbered.row AND numbered.number > 1
"""

# who it is: our reference where we know whom the side means, else as it writes them
CUSTOMER = "coalesce(nullif({side}_customer, ''), upper(btrim({side}_counterparty)))"
#: of a document that both sides have, or one
EITHERS_CUSTOMER = (
    "coalesce(nullif(left_customer, ''), nullif(right_customer, ''),"
    " upper(btrim(coalesce(left_counterparty, right_counterparty))))"
)

DIFFERENT = f"""
CREATE TEMP TABLE different ON COMMIT DROP AS
SELECT coalesce(l.reference, r.reference) AS reference, j.currency, j.document_date,
    l.currency AS left_currency, l.net AS left_net, l.tax AS left_tax, l.gross AS left_gross,
    l.external_id AS left_id,
    l.label AS left_label, l.status AS left_status, l.counterparty AS left_counterparty, l.customer AS left_customer,
    l.document_date AS left_date,
    r.currency AS right_currency, r.net AS right_net, r.tax AS right_tax, r.gross AS right_gross,
    r.external_id AS right_id,
    r.label AS right_label, r.status AS right_status, r.counterparty AS right_counterparty,
    r.customer AS right_customer, r.document_date AS right_date, r.other_account,
    CASE
        WHEN %(break_kind)s <> '' AND (l.currency = r.currency) IS NOT FALSE THEN %(break_kind)s
        WHEN r.id IS NULL THEN 'MISSING_IN_TARGET'
        WHEN l.id IS NULL THEN 'MISSING_IN_SOURCE'
        WHEN l.currency <> r.currency THEN 'CURRENCY_MISMATCH'
        WHEN %(tax)s AND l.gross = r.gross AND l.tax <> r.tax THEN 'TAX_MISMATCH'
        WHEN {_OTHER_CUSTOMER} AND NOT ({_OTHER_MONEY}) THEN 'CUSTOMER_MISMATCH'
        WHEN {_OTHER_ACCOUNT} AND NOT ({_OTHER_MONEY}) THEN 'ACCOUNT_MISMATCH'
        WHEN {_OTHER_PERIOD} AND NOT ({_OTHER_MONEY}) THEN 'PERIOD_MISMATCH'
        ELSE 'AMOUNT_MISMATCH' END AS kind,
    ''::text AS standing, NULL::bigint AS case_id, NULL::numeric AS covers, NULL::int AS met, ''::text AS cause,
    ''::text AS cause_with
FROM joined j
LEFT JOIN reconciliation_controlline l ON l.id = j.left_line AND l.{DAYS}
LEFT JOIN reconciliation_controlline r ON r.id = j.right_line AND r.{DAYS}
WHERE j.left_line IS NOT NULL OR j.right_line IS NOT NULL
"""
