-- A row an institution.
WITH stays AS (
    SELECT institution_id, encounter_id, min(day) AS day, sum(total) AS total, sum(greatest(fund, 0)) AS fund,
           bool_or(med_type LIKE '26%' OR med_type LIKE '28%') AS is_fixed,
           bool_and(historical) AS historical
    FROM screened
    WHERE care = 'inpatient' AND settlement_id <> '' AND month = $month
    GROUP BY institution_id, encounter_id HAVING bool_or(NOT mid_stay)
), placed AS (
    SELECT s.*, CASE i.level WHEN 2 THEN $level_two WHEN 3 THEN $level_three END AS threshold
    FROM stays s JOIN institutions i ON i.institution_id = s.institution_id
), banded AS (
    SELECT *, total >= $near * threshold AND total < threshold AS is_near,
           total >= $below * threshold AND total < $near * threshold AS is_below,
           count(*) OVER (PARTITION BY institution_id, total) AS alike
    FROM placed WHERE threshold IS NOT NULL
), counted AS (
    SELECT institution_id, threshold, count(*) FILTER (WHERE is_near) AS near,
           count(*) FILTER (WHERE is_below) AS below, sum(fund) FILTER (WHERE is_near) AS fund,
           count(*) FILTER (WHERE is_near AND is_fixed) AS fixed, max(alike) FILTER (WHERE is_near) AS alike,
           min(day) FILTER (WHERE is_near) AS happened,
           bool_and(historical) FILTER (WHERE is_near) AS historical,
           array_agg(encounter_id ORDER BY encounter_id) FILTER (WHERE is_near) AS encounters,
           array_agg(total ORDER BY encounter_id) FILTER (WHERE is_near) AS totals
    FROM banded GROUP BY institution_id, threshold
)
SELECT institution_id, $month AS month, happened, near, below, threshold AS threshold_fen, historical, encounters,
       encounters AS each_encounter, totals AS each_total_fen,
       CAST(floor(fund * (near - $times * below) / near + 0.5) AS bigint) AS amount,
       fixed >= $fixed_share * near OR alike >= $fixed_share * near AS check_fixed_price
FROM counted
WHERE near >= $stays AND near > $times * below
