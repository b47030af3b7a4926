-- A row an institution: old persons who live in its wards, by the year up to the month's end.
WITH stays AS (
    SELECT institution_id, encounter_id, person, month, day, last_day - day AS nights, cost, fund, age,
           historical, kind, level, billed, tests, drugs, main_diagnosis,
           substr(main_diagnosis, 1, 3) IN ('Z49', 'N18', 'Z51') AS is_course,
           med_type LIKE '2105%' OR med_type LIKE '2114%' OR substr(main_diagnosis, 1, 1) = 'F' AS is_by_day
    FROM ward_stays
    WHERE is_settled AND last_day IS NOT NULL AND cost > 0 AND day >= $end_day - $days
), old AS (
    SELECT institution_id, person, max(kind) AS kind, max(level) AS level, count(*) AS admissions,
           max(age) AS age, CAST(sum(cost) AS double precision) / sum(greatest(nights, 1)) AS daily_cost,
           bool_or(month = $month) AS is_now,
           CASE WHEN bool_and(main_diagnosis <> '')
                THEN count(*) FILTER (WHERE is_course) >= $explained * count(*) END AS is_course,
           CASE WHEN bool_and(main_diagnosis <> '')
                THEN count(*) FILTER (WHERE is_by_day) >= $explained * count(*) END AS is_by_day
    FROM stays WHERE age >= $age GROUP BY institution_id, person
), often AS (
    -- How many old persons of other institutions lie beyond, in the class and anywhere: ranks less ranks at home.
    SELECT *, count(*) OVER class - count(*) OVER home AS others,
           rank() OVER (class ORDER BY admissions DESC) - rank() OVER (home ORDER BY admissions DESC) AS more_often,
           rank() OVER (class ORDER BY daily_cost) - rank() OVER (home ORDER BY daily_cost) AS cheaper,
           count(*) OVER () - count(*) OVER home AS anywhere,
           rank() OVER (ORDER BY admissions DESC) - rank() OVER (home ORDER BY admissions DESC) AS more_often_anywhere,
           rank() OVER (ORDER BY daily_cost) - rank() OVER (home ORDER BY daily_cost) AS cheaper_anywhere
    FROM old
    WINDOW class AS (PARTITION BY kind, level), home AS (PARTITION BY kind, level, institution_id)
), long AS (
    SELECT *, count(*) OVER class - count(*) OVER home AS others,
           rank() OVER (class ORDER BY nights DESC) - rank() OVER (home ORDER BY nights DESC) AS longer
    FROM stays
    WINDOW class AS (PARTITION BY kind, level), home AS (PARTITION BY kind, level, institution_id)
), residents AS (
    SELECT DISTINCT institution_id, person FROM long
    WHERE age >= $age AND month = $month AND nights >= $nights AND billed > 0
      AND (others < $class_stays OR longer <= (1 - $nights_quantile) * others)
      AND (tests >= $test_share * billed OR drugs >= $drug_share * billed)
), found AS (
    SELECT o.*, r.person IS NOT NULL AS is_resident
    FROM often o LEFT JOIN residents r ON r.institution_id = o.institution_id AND r.person = o.person
    WHERE o.is_now
      AND (r.person IS NOT NULL
           OR o.admissions >= $admissions AND o.daily_cost <= $daily_cost * 100
              AND CASE WHEN o.others >= $class_persons
                       THEN o.more_often <= (1 - $often_quantile) * o.others
                            AND o.cheaper <= $daily_quantile * o.others
                       WHEN o.anywhere >= $class_persons
                       THEN o.more_often_anywhere <= (1 - $often_quantile) * o.anywhere
                            AND o.cheaper_anywhere <= $daily_quantile * o.anywhere
                       ELSE false END)
), speaking AS (
    SELECT *, bool_and(coalesce(is_course, false) OR coalesce(is_by_day, false))
                  OVER (PARTITION BY institution_id) AS are_all_innocent
    FROM found
), persons AS (
    SELECT f.institution_id, f.person, f.admissions, f.age, f.daily_cost, f.is_resident, f.is_course, f.is_by_day,
           min(s.day) AS day, sum(s.fund) AS fund, sum(s.nights) AS nights, bool_and(s.historical) AS historical
    FROM speaking f JOIN stays s ON s.institution_id = f.institution_id AND s.person = f.person
    WHERE s.month = $month
      AND (f.are_all_innocent OR NOT (coalesce(f.is_course, false) OR coalesce(f.is_by_day, false)))
    GROUP BY f.institution_id, f.person, f.admissions, f.age, f.daily_cost, f.is_resident, f.is_course, f.is_by_day
), encounters AS (
    SELECT p.institution_id, array_agg(DISTINCT s.encounter_id) AS encounters
    FROM persons p JOIN stays s ON s.institution_id = p.institution_id AND s.person = p.person
    WHERE s.month = $month GROUP BY p.institution_id
)
SELECT p.institution_id, $month AS month, min(p.day) AS happened, count(*) AS persons,
       max(p.admissions) AS most_admissions, max(p.nights) AS most_nights, sum(p.fund) AS amount,
       bool_and(p.historical) AS historical, e.encounters,
       array_agg(p.person ORDER BY p.person) AS each_person, array_agg(p.age ORDER BY p.person) AS each_age,
       array_agg(p.admissions ORDER BY p.person) AS each_admissions_a_year,
       array_agg(p.daily_cost ORDER BY p.person) AS each_daily_cost_fen,
       array_agg(p.nights ORDER BY p.person) AS each_nights_this_month,
       bool_or(p.is_course) AS check_course, bool_or(p.is_by_day) AS check_by_day
FROM persons p JOIN encounters e ON e.institution_id = p.institution_id
GROUP BY p.institution_id, e.encounters
