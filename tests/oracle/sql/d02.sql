-- D02 more than 24 hours a day. Key: person, code, day.
-- Readings: hours are lines whose unit is the hour, or without a unit where limits say that the code's is; a
-- line of more than 24 that its stay's days could hold (an open stay holds any) was entered for several
-- days; only where the rest of the day stays within 24 does that make severity 3, whose amount is not
-- defined.

INSERT INTO found BY NAME
WITH hours AS (
    SELECT l.person_id, l.code, l.day, l.quantity, l.covered,
           coalesce(l.quantity > getvariable('d02_hours')
                    AND (NOT s.closed OR l.quantity <= getvariable('d02_hours') * (s.nights + 1)), false) AS for_days
    FROM lines AS l
    ASOF LEFT JOIN limits AS m ON m.code = l.code AND l.day >= m.since
    LEFT JOIN stays AS s ON s.institution_id = l.institution_id AND s.encounter_id = l.encounter_id
    WHERE l.day IS NOT NULL AND (l.unit IN ('小时', '时', 'h', 'hour') OR l.unit IS NULL AND yes(m.hourly))),
days AS (
    SELECT person_id, code, day, sum(quantity) AS total, sum(covered) AS base, bool_or(for_days) AS has_for_days,
           coalesce(sum(quantity) FILTER (NOT for_days), 0) AS rest
    FROM hours GROUP BY ALL)
SELECT 'D02' AS rule, person_id AS subject, day, [code] AS codes,
       CASE WHEN has_for_days AND rest <= getvariable('d02_hours') THEN 3 ELSE 1 END AS severity,
       CASE WHEN NOT has_for_days THEN base * (total - getvariable('d02_hours')) / total END AS amount
FROM days WHERE total > getvariable('d02_hours');
