"""The SQL of the passes after the reference: each takes what no earlier pass has taken, out of the table `different`.

`met` has one line per document brought together: number of its group, the pass, its rule, and whether the group is
matched (`alone`) or only suggested to people. All amounts are compared in major units, within one currency.
"""

from reconciliation.matching_sql import CUSTOMER, EITHERS_CUSTOMER

MET = """
CREATE TEMP TABLE met (
    reference text PRIMARY KEY, number int NOT NULL, by text NOT NULL, rule_id bigint, match_id bigint,
    alone boolean NOT NULL
) ON COMMIT DROP
"""

#: what a rule speaks of: not yet taken, dated while it holds, in its currency where it names one
_SPOKEN_OF = """
    reference NOT IN (SELECT reference FROM met) AND document_date >= %(valid_from)s
    AND document_date < coalesce(%(valid_to)s, 'infinity'::date)
    AND (%(currency)s = '' OR coalesce(left_currency, right_currency) = %(currency)s)
"""
_NEXT = "coalesce((SELECT max(number) FROM met), 0)"

# One document stands in a match of people as long as it is as it was then; a match holds while all of its documents do.
KEPT = f"""
WITH member AS (
    SELECT m.*, count(*) OVER (PARTITION BY m.match_id) AS wanted
    FROM reconciliation_matchmember m JOIN reconciliation_match k ON k.id = m.match_id
    WHERE m.control = %(control)s AND m.entity_id = %(entity)s AND m.is_taken AND k.by = 'people'
), there AS (
    SELECT d.reference, member.match_id, member.wanted, count(*) OVER (PARTITION BY member.match_id) AS present
    FROM different d JOIN member ON member.reference = d.reference AND CASE member.side
        WHEN 'left' THEN d.left_currency = member.currency AND d.left_gross = member.gross
        ELSE d.right_currency = member.currency AND d.right_gross = member.gross END
)
INSERT INTO met (reference, number, by, match_id, alone)
SELECT DISTINCT ON (there.reference) there.reference, dense_rank() OVER (ORDER BY there.match_id) + {_NEXT},
    'people', there.match_id, k.status = 'in_force'
FROM there JOIN reconciliation_match k ON k.id = there.match_id
WHERE there.present = there.wanted
"""

_PAIRED = """
INSERT INTO met (reference, number, by, rule_id, alone)
SELECT side.reference, pairs.number + {next}, %(by)s, %(rule)s, pairs.alone
FROM (SELECT *, row_number() OVER (ORDER BY l, r) AS number FROM pairs) pairs
CROSS JOIN LATERAL (VALUES (pairs.l), (pairs.r)) side (reference)
"""

# A document number as both systems write it: letters and digits only, no leading zeros.
_NUMBER = "ltrim(regexp_replace(upper({label}), '[^A-Z0-9]', '', 'g'), '0')"
OTHER_KEY = (
    """
WITH l AS (
    SELECT reference, {left_number} AS key, left_currency AS currency, left_net, left_tax, left_gross
    FROM different WHERE right_currency IS NULL AND {spoken_of}
), r AS (
    SELECT reference, {right_number} AS key, right_currency AS currency, right_net, right_tax, right_gross
    FROM different WHERE left_currency IS NULL AND {spoken_of}
), fits AS (
    SELECT l.reference AS l, r.reference AS r, count(*) OVER (PARTITION BY l.reference) AS of_left,
        count(*) OVER (PARTITION BY r.reference) AS of_right,
        (NOT %(net)s OR left_net = right_net) AND (NOT %(tax)s OR left_tax = right_tax)
            AND (NOT %(gross)s OR left_gross = right_gross) AS agrees
    FROM l JOIN r USING (key, currency) WHERE key <> ''
), pairs AS (
    -- what has one number and differs is put before people, with the difference
    SELECT l, r, agrees AND %(alone)s AS alone FROM fits WHERE of_left = 1 AND of_right = 1
)
""".format(
        left_number=_NUMBER.format(label="left_label"),
        right_number=_NUMBER.format(label="right_label"),
        spoken_of=_SPOKEN_OF,
    )
    + _PAIRED.format(next=_NEXT)
)

# What fits one way only is a match where the rule says so; where several are alike, neighbours in time are suggested.
CUSTOMER_AMOUNT = (
    """
WITH l AS (
    SELECT reference, {left_customer} AS customer, left_currency AS currency, left_gross AS gross,
        document_date AS day, row_number() OVER (
            PARTITION BY {left_customer}, left_currency, left_gross ORDER BY document_date, reference) AS place
    FROM different WHERE right_currency IS NULL AND {left_customer} <> '' AND left_gross <> 0 AND {spoken_of}
), r AS (
    SELECT reference, {right_customer} AS customer, right_currency AS currency, right_gross AS gross,
        document_date AS day, row_number() OVER (
            PARTITION BY {right_customer}, right_currency, right_gross ORDER BY document_date, reference) AS place
    FROM different WHERE left_currency IS NULL AND {right_customer} <> '' AND right_gross <> 0 AND {spoken_of}
), fits AS (
    SELECT l.reference AS l, r.reference AS r, l.place = r.place AS neighbours,
        count(*) OVER (PARTITION BY l.reference) AS of_left, count(*) OVER (PARTITION BY r.reference) AS of_right
    FROM l JOIN r USING (customer, currency, gross) WHERE abs(l.day - r.day) <= %(days)s
), pairs AS (
    SELECT l, r, of_left = 1 AND of_right = 1 AND %(alone)s AS alone FROM fits
    WHERE (of_left = 1 AND of_right = 1) OR (neighbours AND (of_left > 1 OR of_right > 1))
)
""".format(
        left_customer=CUSTOMER.format(side="left"),
        right_customer=CUSTOMER.format(side="right"),
        spoken_of=_SPOKEN_OF,
    )
    + _PAIRED.format(next=_NEXT)
)

# Small differences of documents that met, the earliest first, until they come to the rule's cap.
TOLERANCE = f"""
WITH near AS (
    SELECT reference, sum(abs(left_gross - right_gross)) OVER (ORDER BY document_date, reference) AS so_far
    FROM different WHERE kind = 'AMOUNT_MISMATCH' AND {_SPOKEN_OF}
        AND greatest(abs(left_gross - right_gross), abs(left_net - right_net), abs(left_tax - right_tax)) <= %(most)s
        AND abs(left_gross - right_gross) * 100 <= %(percent)s * abs(left_gross)
)
INSERT INTO met (reference, number, by, rule_id, alone)
SELECT reference, row_number() OVER (ORDER BY so_far, reference) + {_NEXT}, %(by)s, %(rule)s, %(alone)s
FROM near WHERE so_far <= %(cap)s
"""

# What the ERP shows in its own money, at the very rate it says it posted with.
POSTED_RATE = f"""
WITH posted AS (
    SELECT line.reference, split_part(line.status, ' ', 1) AS abroad, split_part(line.status, ' ', 2)::numeric AS rate
    FROM reconciliation_controlline line JOIN reconciliation_controlstage stage ON stage.id = line.stage_id
        AND stage.business_date = line.business_date
    WHERE stage.control = %(rates)s AND stage.entity_id = %(entity)s AND stage.side = 'right' AND stage.is_current
        AND line.status ~ '^[A-Z]{{3}} [0-9.]+$'
)
INSERT INTO met (reference, number, by, rule_id, alone)
SELECT d.reference, row_number() OVER (ORDER BY d.reference) + {_NEXT}, %(by)s, %(rule)s, %(alone)s
FROM (SELECT * FROM different WHERE kind = 'CURRENCY_MISMATCH' AND {_SPOKEN_OF}) d JOIN posted USING (reference)
WHERE d.left_currency = posted.abroad
    -- the ERP rounds every line for itself, to the smallest unit of its money
    AND abs(d.left_gross * posted.rate - d.right_gross) <= %(rounded)s * (
        SELECT unit FROM unnest(%(codes)s::text[], %(units)s::numeric[]) AS smallest (code, unit)
        WHERE code = d.right_currency)
"""

#: currencies of the right side whose smallest units a comparison at the posted rate must know
CODES = "SELECT DISTINCT right_currency FROM different WHERE kind = 'CURRENCY_MISMATCH'"

#: what is left of customers that have something left on both sides
LEFT_OVER = f"""
WITH rest AS (
    SELECT reference, {EITHERS_CUSTOMER} AS customer,
        coalesce(left_currency, right_currency) AS currency, left_currency IS NOT NULL AS is_left,
        coalesce(left_gross, right_gross) AS gross, document_date AS day
    FROM different WHERE (left_currency IS NULL OR right_currency IS NULL)
        AND {EITHERS_CUSTOMER} <> '' AND {_SPOKEN_OF}
), both_sides AS (
    SELECT customer, currency FROM rest GROUP BY 1, 2 HAVING bool_or(is_left) AND bool_or(NOT is_left)
)
SELECT customer, currency, reference, is_left, gross, day FROM rest JOIN both_sides USING (customer, currency)
ORDER BY customer, currency, day, reference
"""

#: documents that belong together count together, in the month of the earliest on the left
TOGETHER = """
UPDATE different SET met = met.number, document_date = coalesce(days.first_left, days.first)
FROM met JOIN (
    SELECT met.number, min(d.document_date) FILTER (WHERE d.left_currency IS NOT NULL) AS first_left,
        min(d.document_date) AS first
    FROM met JOIN different d USING (reference) GROUP BY 1
) days USING (number)
WHERE different.reference = met.reference AND met.alone
"""

GROUPS = """
SELECT met.number, met.by, met.rule_id, met.match_id, met.alone, d.reference, d.document_date,
    d.left_currency, d.left_gross, d.left_id, d.left_label, d.left_counterparty,
    d.right_currency, d.right_gross, d.right_id, d.right_label, d.right_counterparty
FROM met JOIN different d USING (reference) ORDER BY met.number, d.reference
"""
