-- F10 visits far too often. Key: person, month.
-- Readings: any of the three forms; visits are out-patient encounters of a calendar month; dialysis,
-- chemotherapy, radiotherapy, rabies and courses of physiotherapy are told by diagnosis (Z49, Z50, Z51, Z20.3,
-- Z24.2), by 140201, by items with a course in limits, or by an item's name, and are not counted; regular are
-- four visits or more of one amount at gaps whose variance is next to nothing.

CREATE TABLE course_visits AS
SELECT institution_id, encounter_id FROM settled
WHERE med_type LIKE '140201%'
   OR len(list_filter(coalesce(diseases, []), lambda d: regexp_matches(d, '^(Z49|Z50|Z51|Z20\.?3|Z24\.?2)'))) > 0
UNION
SELECT l.institution_id, l.encounter_id
FROM lines AS l ASOF LEFT JOIN limits AS m ON m.code = l.code AND l.day >= m.since
WHERE m.course_days > 0 OR regexp_matches(coalesce(l.name, ''), '透析|化疗|放疗|狂犬|理疗|推拿|针刺|针灸|牵引|康复');

INSERT INTO found BY NAME
WITH visits AS (
    SELECT person_id, institution_id, encounter_id, min(day) AS day, sum(total) AS total
    FROM settled ANTI JOIN course_visits USING (institution_id, encounter_id)
    WHERE outpatient GROUP BY ALL),
spaced AS (
    SELECT *, strftime(day, '%Y-%m') AS month,
           day - lag(day) OVER (PARTITION BY person_id, strftime(day, '%Y-%m') ORDER BY day) AS gap
    FROM visits)
SELECT 'F10' AS rule, person_id AS subject, month, 3 AS severity FROM spaced
GROUP BY person_id, month
HAVING count(*) >= getvariable('f10_visits')
    OR count(DISTINCT institution_id) >= getvariable('f10_institutions')
    OR count(*) >= getvariable('f10_regular_visits') AND count(DISTINCT total) = 1 AND min(gap) > 0
       AND var_pop(gap) <= getvariable('f10_variance');
