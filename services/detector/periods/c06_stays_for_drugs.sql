-- A row an institution: its short stays of the month that are drugs and little else.
WITH stays AS (
    SELECT institution_id, encounter_id, person, month, day, last_day - day AS nights, fund, cost, historical,
           kind, level, CAST(drugs AS double precision) / billed AS drug_share,
           CASE WHEN main_diagnosis <> ''
                THEN substr(main_diagnosis, 1, 1) = 'C' OR main_diagnosis LIKE 'Z51%'
                     OR ' ' || diagnoses LIKE '% C%' OR ' ' || diagnoses LIKE '% Z51%' END AS is_oncology,
           CASE WHEN department <> '' THEN department LIKE '%家庭病床%' END AS is_home_bed
    FROM ward_stays
    WHERE is_settled AND last_day IS NOT NULL AND billed > 0 AND NOT is_newborn
), ranked AS (
    -- How many stays of other institutions of the class lie beyond: ranks in the class less ranks at home.
    SELECT *, count(*) OVER class - count(*) OVER home AS others,
           rank() OVER (class ORDER BY drug_share DESC) - rank() OVER (home ORDER BY drug_share DESC) AS more_drugs,
           rank() OVER (class ORDER BY nights) - rank() OVER (home ORDER BY nights) AS shorter
    FROM stays
    WINDOW class AS (PARTITION BY kind, level), home AS (PARTITION BY kind, level, institution_id)
), found AS (
    SELECT *, coalesce(is_oncology, false) OR coalesce(is_home_bed, false) AS is_innocent,
           bool_and(coalesce(is_oncology, false) OR coalesce(is_home_bed, false))
               OVER (PARTITION BY institution_id) AS are_all_innocent
    FROM ranked
    WHERE month = $month AND drug_share >= $drug_share
      AND CASE WHEN others >= $class_stays
               THEN more_drugs <= (1 - $drug_quantile) * others AND shorter <= $nights_quantile * others
               ELSE nights <= $nights END
)
SELECT institution_id, $month AS month, min(day) AS happened, count(*) AS stays,
       percentile_cont(0.5) WITHIN GROUP (ORDER BY drug_share) AS drug_share, sum(fund) AS amount,
       bool_and(historical) AS historical,
       array_agg(encounter_id ORDER BY day, encounter_id, person) AS encounters,
       array_agg(person ORDER BY day, encounter_id, person) AS each_person,
       array_agg(encounter_id ORDER BY day, encounter_id, person) AS each_encounter,
       array_agg(day ORDER BY day, encounter_id, person) AS each_admitted_day,
       array_agg(nights ORDER BY day, encounter_id, person) AS each_nights,
       array_agg(drug_share ORDER BY day, encounter_id, person) AS each_drug_share,
       array_agg(cost ORDER BY day, encounter_id, person) AS each_cost_fen,
       bool_or(is_oncology) AS check_oncology, bool_or(is_home_bed) AS check_home_bed
FROM found
WHERE are_all_innocent OR NOT is_innocent
GROUP BY institution_id
HAVING count(*) >= $stays
