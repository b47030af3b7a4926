-- B03 one amount again and again. Key: institution, day.
-- Readings: swipes are pharmacy settlements (41); the amount is the total, above nothing; a cluster whose
-- swipes all carry one and the same code is a fixed price; the form of emptied accounts needs a balance,
-- which no event tells, and is not judged.

INSERT INTO found BY NAME
WITH swipes AS (SELECT institution_id, settlement_id, day, total FROM settled WHERE pharmacy),
bought AS (SELECT institution_id, settlement_id, min(code) AS one, max(code) AS other FROM sold GROUP BY ALL),
clusters AS (
    SELECT institution_id, day, total, count(*) AS swiped, count(one) = count(*) AND min(one) = max(other) AS fixed_price
    FROM swipes LEFT JOIN bought USING (institution_id, settlement_id)
    WHERE total > 0 GROUP BY ALL)
SELECT DISTINCT 'B03' AS rule, [institution_id] AS institutions, day, 2 AS severity
FROM clusters JOIN (SELECT institution_id, day, count(*) AS all_swiped FROM swipes GROUP BY ALL)
     USING (institution_id, day)
WHERE swiped >= getvariable('b03_swipes') AND swiped >= getvariable('b03_share') * all_swiped
  AND NOT coalesce(fixed_price, false);
