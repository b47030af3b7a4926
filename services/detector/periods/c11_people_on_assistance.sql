-- A row an institution whose share of admissions of people on assistance stands out of its class in the month.
WITH places AS (
    SELECT s.institution_id, i.kind, i.level, count(*) AS admissions,
           count(*) FILTER (WHERE s.assistance) AS assisted,
           sum(s.fund) FILTER (WHERE s.assistance) AS fund, bool_and(s.historical) AS historical
    FROM ward_stays s LEFT JOIN institutions i ON i.institution_id = s.institution_id
    WHERE s.month = $month AND NOT s.is_newborn
    GROUP BY s.institution_id, i.kind, i.level
), compared AS (
    SELECT *,
           sum(admissions) OVER (PARTITION BY kind, level) - admissions AS near,
           sum(assisted) OVER (PARTITION BY kind, level) - assisted AS near_assisted,
           sum(admissions) OVER () - admissions AS anywhere, sum(assisted) OVER () - assisted AS anywhere_assisted
    FROM places
), chosen AS (
    SELECT institution_id, kind, level, admissions, assisted, fund, historical, anywhere_assisted,
           CASE WHEN near >= $class_admissions THEN near ELSE anywhere END AS others,
           CASE WHEN near >= $class_admissions THEN near_assisted ELSE anywhere_assisted END AS others_assisted
    FROM compared
    WHERE admissions >= $admissions AND assisted >= $assisted
), measured AS (
    SELECT *, CAST(assisted AS double precision) / admissions AS share,
           CAST(others_assisted AS double precision) / others AS class_share,
           CAST(assisted + others_assisted AS double precision) / (admissions + others) AS pooled
    FROM chosen WHERE others >= $class_admissions AND anywhere_assisted > 0
), judged AS (
    SELECT *, (share - class_share)
              / sqrt(pooled * (1 - pooled) * (1 / CAST(admissions AS double precision)
                                              + 1 / CAST(others AS double precision))) AS z
    FROM measured WHERE pooled < 1
)
SELECT institution_id, $month AS month, $begin_day AS happened, kind, level, admissions, assisted, share,
       class_share, others AS class_admissions, z, historical,
       CAST(floor(CAST(fund AS double precision) * (1 - class_share / share)) AS bigint) AS amount
FROM judged
WHERE z > $z AND share >= $ratio * class_share
