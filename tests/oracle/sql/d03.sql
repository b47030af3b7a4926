-- D03 more than an item's maximum. Keys: person, code and day; encounter and code.
-- Readings: a day counts across encounters and institutions; a nature that is not told is clinical; an
-- encounter's limits are those of its first line's day, else of the stay's first.

INSERT INTO found BY NAME
SELECT 'D03' AS rule, 'day' AS form, l.person_id AS subject, l.day, [l.code] AS codes,
       CASE WHEN m.nature = 'anatomical' THEN 1 ELSE 2 END AS severity,
       l.base * (l.billed - m.day_max) / l.billed AS amount
FROM (
    SELECT person_id, code, day, sum(quantity) AS billed, sum(covered) AS base
    FROM lines WHERE day IS NOT NULL GROUP BY ALL) AS l
ASOF JOIN limits AS m ON m.code = l.code AND l.day >= m.since
WHERE l.billed > m.day_max;

INSERT INTO found BY NAME
SELECT 'D03' AS rule, 'encounter' AS form, l.person_id AS subject, [l.institution_id] AS institutions,
       [l.encounter_id] AS encounters, [l.code] AS codes,
       CASE WHEN m.nature = 'anatomical' THEN 1 ELSE 2 END AS severity,
       l.base * (l.billed - m.encounter_max) / l.billed AS amount
FROM (
    SELECT l.institution_id, l.encounter_id, l.person_id, code, sum(quantity) AS billed, sum(covered) AS base,
           coalesce(min(day), min(first_day)) AS day
    FROM lines AS l LEFT JOIN stays AS s USING (institution_id, encounter_id)
    GROUP BY l.institution_id, l.encounter_id, l.person_id, code) AS l
ASOF JOIN limits AS m ON m.code = l.code AND l.day >= m.since
WHERE l.billed > m.encounter_max;
