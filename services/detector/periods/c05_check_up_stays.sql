-- A row an institution with many such stays in the month, and a row a person with several.
WITH stays AS (
    SELECT institution_id, encounter_id, person, month, day, last_day - day AS nights, fund, cost, historical,
           settlements, kind, level, surgery > 0 OR procedures <> '' AS is_operated,
           CAST(tests AS double precision) / billed AS test_share,
           CAST(drugs AS double precision) / billed AS drug_share
    FROM ward_stays
    WHERE is_settled AND last_day IS NOT NULL AND billed > 0 AND NOT is_newborn
), ranked AS (
    -- How many stays of other institutions of the class lie beyond: ranks in the class less ranks at home.
    SELECT *, count(*) OVER class - count(*) OVER home AS others,
           rank() OVER (class ORDER BY test_share DESC) - rank() OVER (home ORDER BY test_share DESC) AS more_tests,
           rank() OVER (class ORDER BY drug_share) - rank() OVER (home ORDER BY drug_share) AS fewer_drugs,
           rank() OVER (class ORDER BY nights) - rank() OVER (home ORDER BY nights) AS shorter
    FROM stays
    WINDOW class AS (PARTITION BY kind, level), home AS (PARTITION BY kind, level, institution_id)
), check_ups AS (
    SELECT * FROM ranked
    WHERE NOT is_operated AND test_share >= $test_share
      AND CASE WHEN others >= $class_stays
               THEN more_tests <= (1 - $test_quantile) * others AND fewer_drugs <= $drug_quantile * others
                    AND shorter <= $nights_quantile * others
               ELSE drug_share <= $drug_share AND nights <= $nights END
), alone AS (
    SELECT c.* FROM check_ups c
    WHERE c.month = $month AND NOT EXISTS (
        SELECT 1 FROM ward_stays o
        WHERE o.person = c.person AND o.day >= c.day - $apart_days
          AND (o.institution_id <> c.institution_id OR o.encounter_id <> c.encounter_id))
), places AS (
    SELECT institution_id, $month AS about, NULL AS variant, NULL AS person, array_agg(DISTINCT institution_id)
           AS institution_ids, min(day) AS happened, count(*) AS stays,
           sum(fund) AS amount, bool_and(historical) AS historical,
           percentile_cont(0.5) WITHIN GROUP (ORDER BY test_share) AS test_share,
           array_agg(encounter_id ORDER BY day, encounter_id, person) AS encounters,
           array_agg(person ORDER BY day, encounter_id, person) AS each_person,
           array_agg(day ORDER BY day, encounter_id, person) AS each_on_day,
           array_agg(nights ORDER BY day, encounter_id, person) AS each_nights,
           array_agg(cost ORDER BY day, encounter_id, person) AS each_cost_fen
    FROM alone GROUP BY institution_id HAVING count(*) >= $stays
), persons AS (
    SELECT min(institution_id), $month || ' ' || person, 'person', person, array_agg(DISTINCT institution_id),
           max(day), count(*), sum(fund), bool_and(historical),
           percentile_cont(0.5) WITHIN GROUP (ORDER BY test_share),
           array_agg(encounter_id ORDER BY day, encounter_id, institution_id),
           array_agg(person ORDER BY day, encounter_id, institution_id),
           array_agg(day ORDER BY day, encounter_id, institution_id),
           array_agg(nights ORDER BY day, encounter_id, institution_id),
           array_agg(cost ORDER BY day, encounter_id, institution_id)
    FROM check_ups c WHERE day >= $end_day - $apart_days
    GROUP BY person HAVING count(*) >= $stays_person AND max(month) = $month
)
SELECT *, happened AS happened_on_day, $month AS month FROM places
UNION ALL
SELECT *, NULL, $month FROM persons
