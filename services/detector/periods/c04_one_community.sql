-- A row an institution and community: the largest wave of admissions that ends in the month and is alike.
WITH stays AS (
    SELECT institution_id, encounter_id, person, community_id, day, begun, month, level, age, cost, fund,
           historical, settlements, last_day - day AS nights, substr(main_diagnosis, 1, 3) AS disease,
           CASE WHEN is_settled AND last_day IS NOT NULL AND billed > 0
                THEN surgery = 0 AND procedures = '' AND last_day - day <= $nights
                     AND tests >= $test_share * billed ELSE false END AS is_plain,
           CASE WHEN billed > 0 THEN CAST(tests AS double precision) / billed END AS test_share
    FROM ward_stays
    WHERE community_id <> '' AND NOT is_newborn
), waves AS (
    SELECT a.institution_id, a.community_id, a.encounter_id AS first_encounter, a.person AS first_person,
           a.day AS first_day, m.encounter_id, m.person, m.month, m.level, m.age, m.cost, m.fund, m.historical,
           m.settlements, m.nights, m.disease, m.is_plain, m.test_share,
           CAST(floor(CAST(m.age AS double precision) / 10) AS bigint) AS decade
    FROM stays a JOIN stays m ON m.institution_id = a.institution_id AND m.community_id = a.community_id
     AND m.begun >= a.begun AND m.begun <= a.begun + $hours * 3600000000
), decades AS (
    SELECT institution_id, first_encounter, first_person, max(held) AS same_decade FROM (
        SELECT institution_id, first_encounter, first_person, decade, count(*) AS held FROM waves
        WHERE decade IS NOT NULL GROUP BY institution_id, first_encounter, first_person, decade) AS d
    GROUP BY institution_id, first_encounter, first_person
), infections AS (
    SELECT institution_id, first_encounter, first_person, max(held) AS same_infection FROM (
        SELECT institution_id, first_encounter, first_person, disease, count(*) AS held FROM waves
        WHERE substr(disease, 1, 1) IN ('A', 'B', 'J') GROUP BY institution_id, first_encounter, first_person, disease
    ) AS i GROUP BY institution_id, first_encounter, first_person
), counted AS (
    SELECT institution_id, community_id, first_encounter, first_person, first_day, max(level) AS level,
           max(month) AS last_month, count(*) AS admissions, count(DISTINCT person) AS persons,
           count(*) FILTER (WHERE age >= $old_age) AS old,
           count(*) FILTER (WHERE is_plain) AS plain,
           count(*) FILTER (WHERE disease <> '') AS diagnosed,
           count(*) FILTER (WHERE substr(disease, 1, 1) IN ('S', 'T')) AS injured,
           count(*) FILTER (WHERE disease IN ('N18', 'Z49')) AS dialysed,
           avg(CAST(cost AS double precision)) FILTER (WHERE is_plain) AS mean_cost,
           stddev_pop(CAST(cost AS double precision)) FILTER (WHERE is_plain) AS cost_spread,
           percentile_cont(0.5) WITHIN GROUP (ORDER BY test_share) AS test_share,
           sum(fund) FILTER (WHERE is_plain) AS amount, bool_and(historical) AS historical,
           array_agg(encounter_id ORDER BY encounter_id, person) AS encounters
    FROM waves GROUP BY institution_id, community_id, first_encounter, first_person, first_day
), usual AS (
    SELECT c.institution_id, c.first_encounter, c.first_person,
           CAST(count(o.encounter_id) AS double precision) * $hours / (24 * $baseline_days) AS baseline
    FROM counted c LEFT JOIN stays o ON o.institution_id = c.institution_id AND o.community_id = c.community_id
     AND o.day < c.first_day AND o.day >= c.first_day - $baseline_days
    GROUP BY c.institution_id, c.first_encounter, c.first_person
), judged AS (
    SELECT c.*, u.baseline,
           CASE WHEN diagnosed >= $alike * admissions
                THEN coalesce(i.same_infection, 0) >= $alike * admissions END AS is_outbreak,
           CASE WHEN diagnosed >= $alike * admissions THEN injured >= $alike * admissions END AS is_accident,
           CASE WHEN diagnosed >= $alike * admissions THEN dialysed >= $alike * admissions END AS is_dialysis
    FROM counted c JOIN usual u USING (institution_id, first_encounter, first_person)
    LEFT JOIN decades d USING (institution_id, first_encounter, first_person)
    LEFT JOIN infections i USING (institution_id, first_encounter, first_person)
    WHERE c.last_month = $month
      AND c.persons >= CASE WHEN c.level = 3 THEN $persons_level_3 ELSE $persons END
      AND c.admissions >= $baseline_ratio * u.baseline
      AND c.plain >= $alike * c.admissions
      AND greatest(c.old, coalesce(d.same_decade, 0)) >= $alike * c.admissions
      AND c.cost_spread < $cost_variation * c.mean_cost
), ranked AS (
    SELECT *, row_number() OVER (
        PARTITION BY institution_id, community_id
        ORDER BY coalesce(is_outbreak, false) OR coalesce(is_accident, false) OR coalesce(is_dialysis, false),
                 admissions DESC, first_day, first_encounter, first_person) AS place
    FROM judged
)
SELECT r.institution_id, r.community_id AS community, $month AS month, r.first_day AS happened,
       r.first_day AS happened_on_day, r.persons, r.admissions, r.old, r.test_share, r.baseline,
       r.cost_spread / r.mean_cost AS cost_variation, r.amount, r.historical, r.encounters,
       array_agg(w.person ORDER BY w.encounter_id, w.person) AS each_person,
       array_agg(w.encounter_id ORDER BY w.encounter_id, w.person) AS each_encounter,
       array_agg(w.age ORDER BY w.encounter_id, w.person) AS each_age,
       array_agg(w.disease ORDER BY w.encounter_id, w.person) AS each_disease,
       array_agg(w.nights ORDER BY w.encounter_id, w.person) AS each_nights,
       array_agg(w.cost ORDER BY w.encounter_id, w.person) AS each_cost_fen,
       r.is_outbreak AS check_outbreak, r.is_accident AS check_accident, r.is_dialysis AS check_dialysis
FROM ranked r JOIN waves w USING (institution_id, first_encounter, first_person)
WHERE r.place = 1
GROUP BY r.institution_id, r.community_id, r.first_day, r.persons, r.admissions, r.old, r.test_share, r.baseline,
         r.cost_spread, r.mean_cost, r.amount, r.historical, r.encounters, r.is_outbreak, r.is_accident,
         r.is_dialysis
