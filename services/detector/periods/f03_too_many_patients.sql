-- A row a practitioner and day.
WITH visits AS (
    SELECT practitioner, day, institution_id, encounter_id, person, max(level) AS level,
           max(department) AS department, bool_or(med_type LIKE '14%') AS is_chronic,
           CASE WHEN bool_and(minute IS NOT NULL) THEN min(begun) END AS begun, min(minute) AS minute,
           sum(greatest(fund, 0)) AS fund, bool_and(historical) AS historical
    FROM screened
    WHERE care = 'visit' AND practitioner <> '' AND settlement_id <> '' AND day >= $begin_day
    GROUP BY practitioner, day, institution_id, encounter_id, person
), windows AS (
    SELECT practitioner, day,
           count(*) OVER (PARTITION BY practitioner ORDER BY begun
                          RANGE BETWEEN 3599999999 PRECEDING AND CURRENT ROW) AS within_an_hour,
           count(*) OVER (PARTITION BY practitioner, begun - begun % 60000000) AS within_a_minute
    FROM visits WHERE begun IS NOT NULL
), rushes AS (
    SELECT practitioner, day, max(within_an_hour) AS busiest_hour,
           count(*) FILTER (WHERE within_a_minute > 1) AS in_batches
    FROM windows GROUP BY practitioner, day
), ordered AS (
    SELECT practitioner, day, visit, min(minute) AS first_minute, max(minute) AS last_minute
    FROM items WHERE practitioner <> '' AND day >= $begin_day AND day < $end_day
    GROUP BY practitioner, day, visit
), orders AS (
    SELECT o.practitioner, o.day, o.first_minute, o.last_minute, s.institution_id, s.person, s.care, s.historical
    FROM ordered o JOIN screened s ON s.visit = o.visit
    WHERE s.care <> 'pharmacy'
), wards AS (
    SELECT practitioner, day, count(DISTINCT person) AS inpatients
    FROM orders WHERE care = 'inpatient' GROUP BY practitioner, day
), moments AS (
    SELECT practitioner, day, first_minute, last_minute FROM orders WHERE first_minute IS NOT NULL
    UNION ALL
    SELECT practitioner, day, minute, minute FROM visits WHERE minute IS NOT NULL
), long_days AS (
    SELECT practitioner, day, max(last_minute) - min(first_minute) AS span FROM moments
    GROUP BY practitioner, day HAVING max(last_minute) - min(first_minute) >= $span_minutes
), spans AS (
    SELECT practitioner, count(*) AS span_days, min(day) AS day, max(span) AS longest
    FROM long_days GROUP BY practitioner HAVING count(*) >= $span_days
), marks AS (
    SELECT practitioner, day, institution_id, level, department, is_chronic, fund, historical, true AS is_visit
    FROM visits
    UNION ALL
    SELECT practitioner, day, institution_id, NULL, '', false, 0, bool_and(historical), false
    FROM orders GROUP BY practitioner, day, institution_id
), loads AS (
    SELECT practitioner, day, array_agg(DISTINCT institution_id) AS institution_ids,
           count(*) FILTER (WHERE is_visit) AS visits, max(level) AS level,
           count(DISTINCT department) FILTER (WHERE department <> '') AS departments,
           count(*) FILTER (WHERE is_chronic) AS chronic, sum(fund) AS fund, bool_and(historical) AS historical,
           CASE WHEN max(level) >= 2 THEN $visits WHEN max(level) IS NOT NULL THEN $visits_below END AS allowed
    FROM marks GROUP BY practitioner, day
), judged AS (
    SELECT l.*, r.busiest_hour, r.in_batches, coalesce(w.inpatients, 0) AS inpatients, s.span_days, s.longest,
           coalesce(l.visits > l.allowed, false) OR coalesce(r.busiest_hour > $visits_hour, false) AS too_many,
           greatest(coalesce(l.visits - l.allowed, 0), coalesce(r.busiest_hour - $visits_hour, 0), 0) AS excess,
           EXISTS (SELECT 1 FROM practitioners)
           AND NOT EXISTS (SELECT 1 FROM practitioners p WHERE p.practitioner_id = l.practitioner) AS is_unknown
    FROM loads l
    LEFT JOIN rushes r ON r.practitioner = l.practitioner AND r.day = l.day
    LEFT JOIN wards w ON w.practitioner = l.practitioner AND w.day = l.day
    LEFT JOIN spans s ON s.practitioner = l.practitioner AND s.day = l.day
)
SELECT practitioner, institution_ids, day AS happened, day AS happened_on_day, visits, inpatients, level,
       departments, coalesce(busiest_hour, 0) AS busiest_hour, coalesce(span_days, 0) AS span_days,
       CAST(coalesce(longest, 0) AS double precision) / 60 AS longest_hours, historical,
       CASE WHEN too_many THEN NULL WHEN inpatients > $inpatients THEN 'inpatients' ELSE 'span' END AS variant,
       CASE WHEN visits > $grave * allowed OR busiest_hour > $grave * $visits_hour
              OR inpatients > $grave * $inpatients THEN 2 END AS severity,
       CASE WHEN visits > 0
            THEN CAST(floor(CAST(fund AS double precision) * excess / visits) AS bigint) ELSE 0 END AS amount,
       is_unknown OR departments >= $departments AS check_shared_code,
       CASE WHEN visits > 0 THEN chronic >= $chronic_share * visits END AS check_repeat_counter,
       CASE WHEN visits > 0 AND in_batches IS NOT NULL
            THEN in_batches >= $batch_share * visits END AS check_batch_renewal
FROM judged
WHERE too_many OR inpatients > $inpatients OR span_days IS NOT NULL
