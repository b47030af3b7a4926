-- A row an institution with more admissions on some free day than its last four weeks let expect.
WITH stays AS (
    SELECT institution_id, encounter_id, person, day, fund, historical, is_emergency FROM ward_stays
    WHERE NOT is_newborn
), known AS (
    -- Since when the institution has sent anything: what was not sent yet is no quiet time.
    SELECT institution_id, min(day) AS since FROM screened GROUP BY institution_id
), free AS (
    SELECT k.institution_id, d.day, d.holiday FROM known k JOIN days d ON d.day >= $begin_day AND d.is_off
    WHERE k.since <= d.day - $known_days
), counted AS (
    SELECT f.institution_id, f.day, f.holiday, count(s.encounter_id) AS admissions,
           count(s.encounter_id) FILTER (WHERE NOT s.is_emergency) AS planned,
           sum(s.fund) AS fund, bool_and(s.historical) AS historical
    FROM free f JOIN stays s ON s.institution_id = f.institution_id AND s.day = f.day
    GROUP BY f.institution_id, f.day, f.holiday
    HAVING count(s.encounter_id) >= $admissions
), daily AS (
    SELECT c.institution_id, c.day, d.day AS before, count(s.encounter_id) AS admissions
    FROM counted c JOIN days d ON d.day >= c.day - $baseline_days AND d.day < c.day
    LEFT JOIN stays s ON s.institution_id = c.institution_id AND s.day = d.day
    GROUP BY c.institution_id, c.day, d.day
), usual AS (
    SELECT institution_id, day, avg(CAST(admissions AS double precision)) AS mean,
           stddev_pop(CAST(admissions AS double precision)) AS spread
    FROM daily GROUP BY institution_id, day
), judged AS (
    SELECT c.*, u.mean, u.mean + $deviations * u.spread AS bound
    FROM counted c JOIN usual u ON u.institution_id = c.institution_id AND u.day = c.day
), found AS (
    SELECT *, NOT (planned > bound AND planned >= $admissions) AS is_emergency,
           bool_and(NOT (planned > bound AND planned >= $admissions)) OVER (PARTITION BY institution_id) AS are_all_emergency
    FROM judged WHERE admissions > bound
)
SELECT institution_id, $month AS month, min(day) AS happened, min(day) AS happened_on_day, count(*) AS free_days,
       sum(admissions) AS admissions, max(admissions) AS most, max(mean) AS usual,
       CAST(floor(sum(CAST(fund AS double precision) * (admissions - mean) / admissions)) AS bigint) AS amount,
       bool_and(historical) AS historical,
       array_agg(day ORDER BY day) AS each_on_day, array_agg(holiday ORDER BY day) AS each_holiday,
       array_agg(admissions ORDER BY day) AS each_admissions, array_agg(planned ORDER BY day) AS each_not_emergency,
       array_agg(mean ORDER BY day) AS each_usual, array_agg(bound ORDER BY day) AS each_bound,
       bool_and(is_emergency) AS check_emergency
FROM found
WHERE are_all_emergency OR NOT is_emergency
GROUP BY institution_id
