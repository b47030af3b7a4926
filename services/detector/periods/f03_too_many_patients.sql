-- A row a practitioner and day. In-patients that nothing has ended lie up to the last day that is known.
WITH seen AS (
    SELECT max(greatest(day, occurred_day, coalesce(discharge_day, day))) AS last_day FROM screened
), visits AS (
    SELECT practitioner, day, institution_id, encounter_id, person, max(level) AS level, max(minute) AS minute,
           max(department) AS department, bool_or(med_type LIKE '14%') AS is_chronic,
           sum(greatest(fund, 0)) AS fund, bool_and(historical) AS historical
    FROM screened
    WHERE care = 'visit' AND practitioner <> '' AND settlement_id <> '' AND day >= $begin_day
    GROUP BY practitioner, day, institution_id, encounter_id, person
), minutes AS (
    SELECT practitioner, day, minute, count(*) AS visits FROM visits
    WHERE minute IS NOT NULL GROUP BY practitioner, day, minute
), hours AS (
    SELECT practitioner, day, minute - minute % 60 AS hour, sum(visits) AS visits
    FROM minutes GROUP BY practitioner, day, minute - minute % 60
), busiest AS (
    SELECT practitioner, day, max(visits) AS busiest_hour, sum(greatest(visits - $visits_hour, 0)) AS hour_excess
    FROM hours GROUP BY practitioner, day
), batches AS (
    SELECT practitioner, day, coalesce(sum(visits) FILTER (WHERE visits > 1), 0) AS in_batches,
           max(minute) - min(minute) AS span
    FROM minutes GROUP BY practitioner, day
), spans AS (
    SELECT practitioner, count(*) AS span_days, min(day) AS first_day, max(span) AS longest
    FROM batches WHERE span >= $span_minutes GROUP BY practitioner HAVING count(*) >= $span_days
), stays AS (
    SELECT practitioner, institution_id, encounter_id, person, min(day) AS first_day,
           max(coalesce(last_day, (SELECT last_day + 1 FROM seen))) AS last_day,
           bool_and(historical) AS historical
    FROM screened
    WHERE care = 'inpatient' AND practitioner <> ''
    GROUP BY practitioner, institution_id, encounter_id, person
), marks AS (
    SELECT practitioner, day, institution_id, encounter_id, level, department, is_chronic, fund, historical,
           true AS is_visit
    FROM visits
    UNION ALL
    SELECT s.practitioner, d.day, s.institution_id, s.encounter_id, NULL, '', false, 0, s.historical, false
    FROM stays s JOIN days d ON d.day >= s.first_day AND d.day < s.last_day
    WHERE d.day >= $begin_day
), loads AS (
    SELECT practitioner, day, array_agg(DISTINCT institution_id) AS institution_ids,
           count(*) FILTER (WHERE is_visit) AS visits, count(*) FILTER (WHERE NOT is_visit) AS inpatients,
           max(level) AS level, count(DISTINCT department) FILTER (WHERE department <> '') AS departments,
           count(*) FILTER (WHERE is_chronic) AS chronic, sum(fund) AS fund, bool_and(historical) AS historical,
           CASE WHEN max(level) >= 2 THEN $visits WHEN max(level) IS NOT NULL THEN $visits_below END AS allowed
    FROM marks GROUP BY practitioner, day
), judged AS (
    SELECT l.*, b.busiest_hour, x.in_batches, s.span_days, s.longest,
           coalesce(l.visits > l.allowed, false) OR coalesce(b.busiest_hour > $visits_hour, false) AS too_many,
           greatest(coalesce(l.visits - l.allowed, 0), coalesce(b.hour_excess, 0), 0) AS excess
    FROM loads l
    LEFT JOIN busiest b ON b.practitioner = l.practitioner AND b.day = l.day
    LEFT JOIN batches x ON x.practitioner = l.practitioner AND x.day = l.day
    LEFT JOIN spans s ON s.practitioner = l.practitioner AND s.first_day = l.day
)
SELECT practitioner, institution_ids, day AS happened, day AS happened_on_day, visits, inpatients, level,
       departments, coalesce(busiest_hour, 0) AS busiest_hour, coalesce(span_days, 0) AS span_days,
       CAST(coalesce(longest, 0) AS double precision) / 60 AS longest_hours, historical,
       CASE WHEN too_many THEN NULL WHEN inpatients > $inpatients THEN 'inpatients' ELSE 'span' END AS variant,
       CASE WHEN visits > $grave * allowed OR busiest_hour > $grave * $visits_hour
              OR inpatients > $grave * $inpatients THEN 2 END AS severity,
       CASE WHEN visits > 0
            THEN CAST(floor(CAST(fund AS double precision) * excess / visits) AS bigint) ELSE 0 END AS amount,
       CASE WHEN departments > 0 THEN departments >= $departments END AS check_shared_code,
       CASE WHEN visits > 0 THEN chronic >= $chronic_share * visits END AS check_repeat_counter,
       CASE WHEN visits > 0 AND in_batches IS NOT NULL
            THEN in_batches >= $batch_share * visits END AS check_batch_renewal
FROM judged
WHERE too_many OR inpatients > $inpatients OR span_days IS NOT NULL
