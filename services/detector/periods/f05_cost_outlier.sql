-- A row an institution that stands out of its class in the month.
WITH stays AS (
    SELECT institution_id, encounter_id, person, sum(total) AS cost, sum(fund) AS fund,
           bool_and(historical) AS historical,
           bool_or(main_diagnosis LIKE 'Z49%' OR main_diagnosis LIKE 'N18%') AS is_dialysis
    FROM screened
    WHERE care = 'inpatient' AND settlement_id <> '' AND month = $month
    GROUP BY institution_id, encounter_id, person
    HAVING bool_or(NOT mid_stay) AND sum(total) > 0
), means AS (
    SELECT s.institution_id, coalesce(i.kind, '') AS kind, coalesce(i.level, -1) AS level,
           coalesce(i.region, '') AS region, count(*) AS admissions, sum(s.cost) AS cost,
           sum(s.fund) AS fund, CAST(sum(s.cost) AS double precision) / count(*) AS mean,
           bool_and(s.historical) AS historical,
           CAST(count(*) FILTER (WHERE s.is_dialysis) AS double precision) / count(*) AS dialysis
    FROM stays s LEFT JOIN institutions i ON i.institution_id = s.institution_id
    GROUP BY s.institution_id, i.kind, i.level, i.region
), sized AS (
    SELECT *, count(*) OVER (PARTITION BY kind, level, region) AS near FROM means
), pairs AS (
    SELECT m.institution_id, p.institution_id AS peer, p.mean, p.admissions,
           CASE WHEN m.near >= $peers THEN m.region ELSE '' END AS class_region
    FROM sized m JOIN sized p ON p.kind = m.kind AND p.level = m.level
    WHERE m.near < $peers OR p.region = m.region
), centres AS (
    SELECT institution_id, class_region, count(*) AS peers,
           percentile_cont(0.5) WITHIN GROUP (ORDER BY mean) AS median,
           percentile_cont(0.5) WITHIN GROUP (ORDER BY ln(mean)) AS ln_median
    FROM pairs GROUP BY institution_id, class_region
), spreads AS (
    SELECT p.institution_id,
           percentile_cont(0.5) WITHIN GROUP (ORDER BY abs(ln(p.mean) - c.ln_median)) AS mad
    FROM pairs p JOIN centres c ON c.institution_id = p.institution_id GROUP BY p.institution_id
), compared AS (
    SELECT m.*, c.peers, c.median, c.class_region, m.mean / c.median AS ratio,
           CASE WHEN c.peers >= $peers AND s.mad > 0
                THEN 0.6745 * (ln(m.mean) - c.ln_median) / s.mad END AS robust_z
    FROM sized m JOIN centres c ON c.institution_id = m.institution_id
    JOIN spreads s ON s.institution_id = m.institution_id
), standing_out AS (
    SELECT * FROM compared
    WHERE admissions >= $admissions
      AND CASE WHEN robust_z IS NOT NULL THEN robust_z > $robust_z AND ratio >= $ratio
               ELSE kind <> '' AND ratio >= $ratio_alone END
)
SELECT o.institution_id, $month AS month, $begin_day AS happened, o.kind, o.level,
       o.class_region AS region, o.admissions, o.peers, o.mean AS mean_fen, o.median AS median_fen, o.ratio,
       o.robust_z, o.dialysis AS dialysis_share, o.historical,
       CASE WHEN o.robust_z IS NULL THEN 'ratio' ELSE 'robust_z' END AS test,
       CASE WHEN o.admissions < $few THEN 'few' END AS variant,
       CASE WHEN o.kind = '' THEN 3 END AS severity,
       CAST(floor(CAST(greatest(o.fund, 0) AS double precision) * (1 - o.median / o.mean)) AS bigint) AS amount,
       array_agg(p.peer ORDER BY p.peer) AS each_institution,
       array_agg(p.admissions ORDER BY p.peer) AS each_admissions,
       array_agg(p.mean ORDER BY p.peer) AS each_mean_fen,
       o.dialysis >= $dialysis_share AS check_dialysis
FROM standing_out o JOIN pairs p ON p.institution_id = o.institution_id
GROUP BY o.institution_id, o.kind, o.level, o.class_region, o.admissions, o.peers, o.mean, o.median, o.ratio,
         o.robust_z, o.dialysis, o.historical, o.fund
