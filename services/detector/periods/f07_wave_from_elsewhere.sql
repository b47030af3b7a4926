-- A row an institution and day.
WITH stays AS (
    SELECT institution_id, encounter_id, min(day) AS day, max(insured_region) AS insured_region,
           bool_or(region <> '' AND insured_region <> '' AND region <> insured_region) AS is_far,
           sum(greatest(fund, 0)) AS fund, bool_and(historical) AS historical,
           array_agg(DISTINCT settlement_id) FILTER (WHERE settlement_id <> '') AS settlements
    FROM screened WHERE care = 'inpatient' GROUP BY institution_id, encounter_id
), first_days AS (
    SELECT institution_id, min(day) AS day FROM screened GROUP BY institution_id
), waves AS (
    SELECT institution_id, day, count(*) AS admissions, sum(fund) AS fund, bool_and(historical) AS historical,
           array_agg(encounter_id ORDER BY encounter_id) AS encounters
    FROM stays WHERE is_far AND day >= $begin_day GROUP BY institution_id, day
), regions AS (
    SELECT institution_id, day, insured_region, count(*) AS admissions,
           row_number() OVER (PARTITION BY institution_id, day ORDER BY count(*) DESC, insured_region) AS place
    FROM stays WHERE is_far AND day >= $begin_day GROUP BY institution_id, day, insured_region
), daily AS (
    SELECT institution_id, day, count(*) FILTER (WHERE is_far) AS far, count(*) AS admissions
    FROM stays GROUP BY institution_id, day
), usual AS (
    SELECT w.institution_id, w.day, least($baseline_days, w.day - min(f.day)) AS days_known,
           coalesce(sum(d.far), 0) AS far, coalesce(sum(d.far * d.far), 0) AS squares,
           coalesce(sum(d.admissions), 0) AS admissions
    FROM waves w JOIN first_days f ON f.institution_id = w.institution_id AND f.day <= w.day - $least_days
    LEFT JOIN daily d
      ON d.institution_id = w.institution_id AND d.day < w.day AND d.day >= w.day - $baseline_days
    GROUP BY w.institution_id, w.day
), spread AS (
    SELECT *, CAST(far AS double precision) / days_known AS mean,
           sqrt(CAST(days_known * squares - far * far AS double precision) / (days_known * greatest(days_known - 1, 1)))
               AS deviation
    FROM usual
)
SELECT w.institution_id, w.day AS happened, w.day AS happened_on_day, w.admissions, r.admissions AS one_region,
       r.insured_region AS from_region, s.mean, s.deviation, s.days_known AS baseline_days, w.historical,
       w.encounters,
       CAST(floor(w.fund * (w.admissions - s.mean) / w.admissions + 0.5) AS bigint) AS amount,
       CASE WHEN w.admissions >= $grave * greatest($admissions, s.mean + $deviations * s.deviation)
            THEN 2 END AS severity,
       CASE WHEN EXISTS (SELECT 1 FROM days WHERE holiday <> '') THEN d.holiday <> '' END AS check_holiday,
       CASE WHEN s.admissions > 0 THEN s.far >= $usual_share * s.admissions END AS check_specialised
FROM waves w
JOIN regions r ON r.institution_id = w.institution_id AND r.day = w.day AND r.place = 1
JOIN spread s ON s.institution_id = w.institution_id AND s.day = w.day
JOIN days d ON d.day = w.day
WHERE w.admissions > $admissions AND w.admissions > s.mean + $deviations * s.deviation
  AND r.admissions >= $one_region
