-- B03 one amount again and again. Key: institution, day.
-- Readings: swipes are pharmacy settlements (41); the amount is the total, above nothing; a cluster whose
-- swipes all carry one and the same code is a fixed price, of either form; an account is emptied by a swipe
-- that it paid a part of and that left a balance below 1.

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

INSERT INTO found BY NAME
WITH swipes AS (
    SELECT institution_id, settlement_id, day FROM settled
    WHERE pharmacy AND amounts.account > 0 AND amounts.balance < 1),
bought AS (SELECT institution_id, settlement_id, min(code) AS one, max(code) AS other FROM sold GROUP BY ALL)
SELECT 'B03' AS rule, 'emptied' AS form, [institution_id] AS institutions, day, 2 AS severity
FROM swipes LEFT JOIN bought USING (institution_id, settlement_id)
GROUP BY institution_id, day
HAVING count(*) >= 5 AND NOT coalesce(count(one) = count(*) AND min(one) = max(other), false);
