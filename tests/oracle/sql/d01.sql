-- D01 more days billed than stayed. Key: encounter, code.
-- Readings: judged once the stay is closed; per code over the whole encounter, so several settlements in
-- mid-stay are one; by day are beds (01), consultations (02) and nursing (07) whose unit is a day or not
-- told, and whatever else has the day for its unit; days are dis - adm + 1, nights one less; a companion's
-- item (陪 in its name) and beds of births and newborns are not judged.

INSERT INTO found BY NAME
WITH counted AS (
    SELECT s.institution_id, s.encounter_id, s.person_id, l.code, sum(l.quantity) AS billed, sum(l.covered) AS base,
           any_value(s.nights) + CASE WHEN bool_or(l.category = '01') THEN getvariable('d01_bed_tolerance') ELSE 1 END AS allowed
    FROM lines AS l JOIN stays AS s USING (institution_id, encounter_id)
    WHERE s.closed AND coalesce(l.name, '') NOT LIKE '%陪%'
      AND (coalesce(l.unit, '日') IN ('日', '天', '床日', 'day', 'd') AND l.category IN ('01', '02', '07')
           OR l.unit IN ('日', '天', '床日', 'day', 'd'))
      AND NOT (l.category = '01' AND (s.med_type LIKE '52%' OR is_newborn(s.med_type)
                                      OR coalesce(s.main_disease, '') LIKE 'O8%'))
    GROUP BY s.institution_id, s.encounter_id, s.person_id, l.code)
SELECT 'D01' AS rule, person_id AS subject, [institution_id] AS institutions, [encounter_id] AS encounters,
       [code] AS codes, 1 AS severity, base * (billed - allowed) / billed AS amount
FROM counted WHERE billed > allowed;
