-- A row a stay whose signs of an empty bed, those by comparison among them, weigh enough.
WITH stays AS (
    SELECT w.institution_id, encounter_id, person, month, day, last_day, begun, ends, by_dates, bed, department,
           CAST(cost AS double precision) / greatest(last_day - day, 1) AS daily_cost, fund, billed, tests,
           replace(main_diagnosis, '.', '') AS diagnosis, settlements, historical, w.kind, w.level,
           med_type LIKE '2105%' OR med_type LIKE '2114%' OR main_diagnosis LIKE 'F%'
               OR main_diagnosis LIKE 'Z50%' OR department LIKE '%康复%' AS is_long_care
    FROM ward_stays w
    WHERE NOT is_newborn AND med_type NOT LIKE '28%' AND last_day IS NOT NULL
), medians AS (
    SELECT kind, level, percentile_cont(0.5) WITHIN GROUP (ORDER BY daily_cost) AS usual
    FROM stays WHERE billed > 0 AND kind IS NOT NULL GROUP BY kind, level HAVING count(*) >= $class_stays
), sharing AS (
    SELECT a.institution_id, a.encounter_id, a.person, min(b.encounter_id) AS other
    FROM stays a JOIN stays b ON b.institution_id = a.institution_id AND b.bed = a.bed
    WHERE a.month = $month AND a.bed <> '' AND a.person <> b.person AND a.encounter_id <> b.encounter_id
      AND (b.department = a.department OR a.department = '' OR b.department = '')
      AND CASE WHEN a.by_dates OR b.by_dates THEN least(a.last_day, b.last_day) - greatest(a.day, b.day) >= 1
               ELSE least(a.ends, b.ends) - greatest(a.begun, b.begun) > $overlap_hours * 3600000000 END
    GROUP BY a.institution_id, a.encounter_id, a.person
), told AS (
    SELECT s.institution_id, s.encounter_id, s.person, s.visit, s.on_leave,
           s.alerts LIKE '% A03-%' OR s.alerts LIKE '% A04-%' AS is_elsewhere, s.alerts LIKE '% C01-%' AS is_found
    FROM screened s WHERE s.care = 'inpatient' AND s.month = $month
), marked AS (
    SELECT institution_id, encounter_id, person, bool_or(on_leave) AS on_leave,
           bool_or(is_elsewhere) AS is_elsewhere, bool_or(is_found) AS is_found
    FROM told GROUP BY institution_id, encounter_id, person
), lines AS (
    SELECT t.institution_id, t.encounter_id, t.person, i.day, sum(i.amount) AS cost,
           bool_or(i.category NOT IN ('01', '02', '07', '12', '13', '14')) AS is_treated,
           bool_and(i.day > 0 AND i.category <> '') AS is_told,
           coalesce(sum(i.quantity) FILTER (WHERE i.category = '01'), 0) AS beds,
           coalesce(sum(i.quantity) FILTER (WHERE i.category = '07'), 0) AS nursing
    FROM told t JOIN items i ON i.visit = t.visit
    GROUP BY t.institution_id, t.encounter_id, t.person, i.day
), treated AS (
    -- Each day with a treatment beside the one before, both ends of the stay among them.
    SELECT institution_id, encounter_id, person,
           day - lag(day) OVER (PARTITION BY institution_id, encounter_id, person ORDER BY day) - 1 AS gap
    FROM (SELECT institution_id, encounter_id, person, day FROM lines WHERE is_treated
          UNION SELECT institution_id, encounter_id, person, day FROM stays WHERE month = $month
          UNION SELECT institution_id, encounter_id, person, last_day FROM stays WHERE month = $month) AS d
), gaps AS (
    SELECT institution_id, encounter_id, person, coalesce(max(gap), 0) AS gap
    FROM treated GROUP BY institution_id, encounter_id, person
), bills AS (
    SELECT s.institution_id, s.encounter_id, s.person, m.usual, s.last_day - s.day - 1 AS full_days,
           bool_and(l.is_told) AND NOT s.is_long_care AND s.last_day - s.day > 1 AS is_told,
           s.last_day - s.day - 1
               - count(*) FILTER (WHERE l.day > s.day AND l.day < s.last_day AND l.cost >= $cost_share * m.usual)
               AS cheap_days,
           sum(l.beds) AS beds, sum(l.nursing) AS nursing
    FROM stays s JOIN lines l USING (institution_id, encounter_id, person)
    LEFT JOIN medians m ON m.kind = s.kind AND m.level = s.level
    WHERE s.month = $month
    GROUP BY s.institution_id, s.encounter_id, s.person, m.usual, s.day, s.last_day, s.is_long_care
), signs AS (
    SELECT s.*, b.usual, b.full_days, b.cheap_days, h.other, k.on_leave, k.is_found,
           h.other IS NOT NULL AS is_shared,
           coalesce(b.is_told AND b.usual IS NOT NULL AND b.cheap_days >= $cheap_share * b.full_days, false) AS is_cheap,
           CASE WHEN b.is_told AND NOT k.on_leave AND g.gap >= $untreated_days THEN $untreated_weight ELSE 0 END
           + CASE WHEN b.is_told AND NOT k.on_leave AND (b.beds < b.full_days OR b.nursing < b.full_days)
                  THEN $uncared_weight ELSE 0 END
           + CASE WHEN b.is_told AND s.tests = 0 THEN $untested_weight ELSE 0 END
           + CASE WHEN k.is_elsewhere THEN $visit_weight ELSE 0 END
           + CASE WHEN EXISTS (SELECT 1 FROM unnest($screening) AS d (code) WHERE starts_with(s.diagnosis, d.code))
                  THEN $screening_weight ELSE 0 END AS alone
    FROM stays s JOIN marked k USING (institution_id, encounter_id, person)
    LEFT JOIN bills b USING (institution_id, encounter_id, person)
    LEFT JOIN gaps g USING (institution_id, encounter_id, person)
    LEFT JOIN sharing h USING (institution_id, encounter_id, person)
    WHERE s.month = $month
), scored AS (
    SELECT *, alone + CASE WHEN is_cheap THEN $cheap_weight ELSE 0 END
                    + CASE WHEN is_shared THEN $shared_weight ELSE 0 END AS score
    FROM signs WHERE is_cheap OR is_shared
), placed AS (
    -- An encounter has one person; where institutions sent it for several, the gravest speaks.
    SELECT *, row_number() OVER (PARTITION BY institution_id, encounter_id ORDER BY score DESC, person) AS place
    FROM scored
    WHERE score >= $alert_score AND (NOT is_found OR alone < $grave_score AND score >= $grave_score)
)
SELECT institution_id, encounter_id AS encounter, day AS happened, day AS admitted_on_day, score, alone AS score_alone,
       CASE WHEN is_cheap THEN full_days END AS full_days, CASE WHEN is_cheap THEN cheap_days END AS cheap_days,
       CASE WHEN is_cheap THEN usual END AS usual_fen,
       CASE WHEN is_cheap THEN 100 * $cost_share END AS cost_percent, CASE WHEN is_shared THEN bed END AS bed, other,
       CASE WHEN score >= $grave_score THEN 2 END AS severity, fund AS amount, historical,
       CASE WHEN is_cheap AND is_shared THEN 'both' WHEN is_shared THEN 'bed' END AS variant,
       array[encounter_id] AS encounters, settlements,
       CASE WHEN on_leave THEN NULL ELSE false END AS check_on_leave
FROM placed WHERE place = 1
