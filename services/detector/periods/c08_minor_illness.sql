-- A row an institution: its stays of the month for which no reason to admit shows.
WITH stays AS (
    SELECT institution_id, encounter_id, person, month, day, last_day - day AS nights, cost, fund, historical,
           i.kind, i.level, age, is_emergency, main_diagnosis, surgery > 0 OR procedures <> '' AS is_operated,
           CASE WHEN diagnoses = '' THEN 0
                ELSE 1 + length(diagnoses) - length(replace(diagnoses, ' ', ''))
                     - CASE WHEN ' ' || diagnoses || ' ' LIKE '% ' || main_diagnosis || ' %' THEN 1 ELSE 0 END
           END AS other_diagnoses
    FROM ward_stays LEFT JOIN institutions i USING (institution_id)
    WHERE is_settled AND last_day IS NOT NULL AND cost > 0 AND billed > 0 AND NOT is_newborn
), medians AS (
    SELECT kind, level, percentile_cont(0.5) WITHIN GROUP (ORDER BY cost) AS median
    FROM stays GROUP BY kind, level
), minor AS (
    SELECT s.*, m.median FROM stays s JOIN medians m ON m.kind = s.kind AND m.level = s.level
    WHERE s.month = $month AND NOT s.is_operated AND s.main_diagnosis <> ''
      AND s.nights >= $nights_from AND s.nights <= $nights_to
      AND (EXISTS (SELECT 1 FROM unnest($diagnoses) AS d (code) WHERE starts_with(s.main_diagnosis, d.code))
           OR s.other_diagnoses = 0
              AND EXISTS (SELECT 1 FROM unnest($alone) AS d (code) WHERE starts_with(s.main_diagnosis, d.code)))
), marks AS (
    SELECT kind, level, institution_id, NULL AS encounter_id, NULL AS person, CAST(cost AS double precision) AS cost,
           1 AS is_stay FROM stays
    UNION ALL
    SELECT kind, level, institution_id, encounter_id, person, cost / $cost_share, 0 FROM minor
), dearer AS (
    -- How many stays of other institutions of the class cost more than so many times this one: in the class less
    -- at home. Of what costs the same the mark comes first, so that equals are not dearer.
    SELECT *, sum(is_stay) OVER (PARTITION BY kind, level ORDER BY cost DESC, is_stay)
              - sum(is_stay) OVER (PARTITION BY kind, level, institution_id ORDER BY cost DESC, is_stay) AS dearer,
           sum(is_stay) OVER (PARTITION BY kind, level)
              - sum(is_stay) OVER (PARTITION BY kind, level, institution_id) AS others
    FROM marks
), cheap AS (
    SELECT n.* FROM minor n JOIN dearer d
      ON d.institution_id = n.institution_id AND d.encounter_id = n.encounter_id AND d.person = n.person
    WHERE d.others >= $class_stays AND 2 * d.dearer > d.others
), treated AS (
    SELECT n.institution_id, n.encounter_id, n.person, count(*) FILTER (WHERE i.category = '05') AS treatments,
           bool_or(coalesce(p.injection, false)
                   OR EXISTS (SELECT 1 FROM unnest($infusions) AS d (code) WHERE starts_with(i.code, d.code))
           ) AS is_infused
    FROM cheap n JOIN screened s
      ON s.institution_id = n.institution_id AND s.encounter_id = n.encounter_id AND s.person = n.person
    JOIN items i ON i.visit = s.visit
    LEFT JOIN packs p ON p.code = i.code
    GROUP BY n.institution_id, n.encounter_id, n.person
), found AS (
    SELECT n.*, t.treatments, n.age >= $old_age OR n.age <= $young_age AS is_frail,
           n.other_diagnoses >= $complications AS is_complicated
    FROM cheap n JOIN treated t USING (institution_id, encounter_id, person)
    WHERE NOT t.is_infused AND t.treatments <= $treatments * (n.nights + 1)
), weighed AS (
    SELECT *, coalesce(is_frail, false) OR is_complicated OR is_emergency AS is_innocent,
           bool_and(coalesce(is_frail, false) OR is_complicated OR is_emergency)
               OVER (PARTITION BY institution_id) AS are_all_innocent
    FROM found
), admitted AS (
    SELECT institution_id, kind, level, count(*) AS admissions FROM stays WHERE month = $month
    GROUP BY institution_id, kind, level
), shares AS (
    SELECT a.institution_id, a.kind, a.level, a.admissions,
           CAST(count(w.person) FILTER (WHERE NOT w.is_innocent) AS double precision) / a.admissions AS share
    FROM admitted a LEFT JOIN weighed w ON w.institution_id = a.institution_id AND w.kind = a.kind AND w.level = a.level
    GROUP BY a.institution_id, a.kind, a.level, a.admissions
), upper AS (
    SELECT kind, level, count(*) AS institutions, percentile_cont($institutions_quantile) WITHIN GROUP (ORDER BY share)
           AS bound
    FROM shares GROUP BY kind, level
)
SELECT w.institution_id, $month AS month, min(w.day) AS happened, count(*) AS stays, sh.admissions, sh.share,
       max(w.median) AS median_fen, u.bound AS class_share, sum(w.fund) AS amount,
       bool_and(w.historical) AS historical,
       CASE WHEN count(*) >= $stays_grave AND u.institutions >= $institutions AND sh.share > u.bound THEN 2
            END AS severity,
       array_agg(w.encounter_id ORDER BY w.day, w.encounter_id, w.person) AS encounters,
       array_agg(w.person ORDER BY w.day, w.encounter_id, w.person) AS each_person,
       array_agg(w.encounter_id ORDER BY w.day, w.encounter_id, w.person) AS each_encounter,
       array_agg(w.day ORDER BY w.day, w.encounter_id, w.person) AS each_admitted_day,
       array_agg(w.nights ORDER BY w.day, w.encounter_id, w.person) AS each_nights,
       array_agg(w.main_diagnosis ORDER BY w.day, w.encounter_id, w.person) AS each_diagnosis,
       array_agg(w.treatments ORDER BY w.day, w.encounter_id, w.person) AS each_treatments,
       array_agg(w.cost ORDER BY w.day, w.encounter_id, w.person) AS each_cost_fen,
       bool_or(w.is_frail) AS check_frail, bool_or(w.is_complicated) AS check_complicated,
       bool_or(w.is_emergency) AS check_emergency
FROM weighed w
JOIN shares sh ON sh.institution_id = w.institution_id AND sh.kind = w.kind AND sh.level = w.level
JOIN upper u ON u.kind = w.kind AND u.level = w.level
WHERE w.are_all_innocent OR NOT w.is_innocent
GROUP BY w.institution_id, sh.admissions, sh.share, u.bound, u.institutions
HAVING count(*) >= $stays
