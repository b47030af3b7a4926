-- A row an institution whose beds did not suffice, and a row a pair of stays in one bed.
WITH seen AS (
    SELECT max(greatest(day, occurred_day, coalesce(discharge_day, day))) AS last_day FROM screened
), stays AS (
    SELECT institution_id, encounter_id, person, min(day) AS first_day, min(begun) AS begun,
           CASE WHEN count(last_day) = count(*) THEN max(last_day) END AS last_day,
           CASE WHEN count(ends) = count(*) THEN max(ends) END AS ends,
           bool_or(at_is_date) AS by_dates,
           max(bed) AS bed, max(department) AS department, sum(greatest(fund, 0)) AS fund,
           bool_and(historical) AS historical
    FROM screened
    WHERE care = 'inpatient' AND med_type NOT LIKE '28%' AND NOT is_newborn
    GROUP BY institution_id, encounter_id, person
), lying AS (
    SELECT s.institution_id, d.day, count(*) AS persons, bool_and(s.historical) AS historical,
           sum(CAST(s.fund AS double precision)
               / greatest(coalesce(s.last_day, (SELECT last_day + 1 FROM seen)) - s.first_day, 1)) AS fund_a_day
    FROM stays s JOIN days d
      ON d.day >= s.first_day AND d.day < coalesce(s.last_day, (SELECT last_day + 1 FROM seen))
    WHERE d.day >= $begin_day
    GROUP BY s.institution_id, d.day
), over AS (
    SELECT l.institution_id, l.day, l.persons, h.beds, l.historical,
           l.fund_a_day * (l.persons - h.beds) / l.persons AS fund_over
    FROM lying l JOIN held h
      ON h.institution_id = l.institution_id AND l.day >= h.from_day AND l.day <= h.to_day
    WHERE h.beds > 0 AND l.persons > $occupancy * h.beds
), overfull AS (
    SELECT institution_id, min(day) AS happened, count(*) AS over_days, max(persons) AS most, min(beds) AS beds,
           bool_and(historical) AS historical, CAST(floor(sum(fund_over)) AS bigint) AS amount,
           array_agg(day ORDER BY day) AS each_day, array_agg(persons ORDER BY day) AS each_persons
    FROM over GROUP BY institution_id HAVING count(*) >= $days
), pairs AS (
    -- An encounter has one person; where institutions sent it for several, one pair speaks for all.
    SELECT DISTINCT ON (a.institution_id, a.bed, a.encounter_id, b.encounter_id)
           a.institution_id, a.bed, a.department, a.encounter_id AS one, b.encounter_id AS other,
           greatest(a.first_day, b.first_day) AS happened,
           least(a.fund, b.fund) AS amount, a.historical AND b.historical AS historical,
           a.ends IS NULL OR b.ends IS NULL AS is_open,
           a.by_dates OR b.by_dates AS by_dates,
           least(coalesce(a.last_day, (SELECT last_day + 1 FROM seen)),
                 coalesce(b.last_day, (SELECT last_day + 1 FROM seen)))
               - greatest(a.first_day, b.first_day) AS nights,
           CAST(least(a.ends, b.ends) - greatest(a.begun, b.begun) AS double precision) / 3600000000 AS hours
    FROM stays a JOIN stays b
      ON b.institution_id = a.institution_id AND b.bed = a.bed
    WHERE a.bed <> '' AND a.person <> b.person AND a.encounter_id < b.encounter_id
      AND (b.department = a.department OR a.department = '' OR b.department = '')
    ORDER BY a.institution_id, a.bed, a.encounter_id, b.encounter_id, a.person, b.person
)
SELECT institution_id, CAST(happened AS text) AS about, happened, happened AS happened_on_day, beds, over_days, most, amount,
       historical, NULL AS bed, NULL AS department, NULL AS overlap_hours, NULL AS variant, NULL AS severity,
       NULL AS encounters, each_day AS each_on_day, each_persons
FROM overfull
UNION ALL
SELECT institution_id, bed || ' ' || one || ' ' || other, happened, happened, NULL, NULL, NULL, amount,
       historical, bed, department,
       CASE WHEN by_dates OR hours IS NULL THEN CAST(nights * 24 AS double precision) ELSE hours END,
       'bed', CASE WHEN is_open THEN 3 END, array[one, other], NULL, NULL
FROM pairs
WHERE happened >= $begin_day AND happened < $end_day
  AND CASE WHEN by_dates OR hours IS NULL THEN nights >= 1 ELSE hours > $overlap_hours END
