-- A row an institution, a repeated examination, or a department.
WITH sums AS (
    SELECT visit, sum(amount) AS bill,
           sum(CASE WHEN category = '03' THEN amount ELSE 0 END) AS examined,
           sum(CASE WHEN category = '03' THEN covered ELSE 0 END) AS covered
    FROM categories WHERE amount > 0 GROUP BY visit
), shares AS (
    SELECT s.institution_id, s.care, count(*) AS bills, sum(b.bill) AS bill, sum(b.examined) AS examined,
           sum(CASE WHEN b.covered > 0 THEN b.covered ELSE b.examined END) AS covered,
           bool_and(s.historical) AS historical,
           CAST(sum(b.examined) AS double precision) / sum(b.bill) AS share
    FROM sums b
    JOIN screened s ON s.visit = b.visit
    WHERE s.care IN ('visit', 'inpatient') AND s.settlement_id <> '' AND s.month = $month
    GROUP BY s.institution_id, s.care HAVING count(*) >= $bills
), classes AS (
    SELECT i.kind, coalesce(i.level, -1) AS level, h.care,
           percentile_cont($percentile) WITHIN GROUP (ORDER BY h.share) AS top
    FROM shares h JOIN institutions i ON i.institution_id = h.institution_id
    WHERE i.kind IS NOT NULL
    GROUP BY i.kind, coalesce(i.level, -1), h.care HAVING count(*) >= $peers
), high AS (
    SELECT h.* FROM shares h
    LEFT JOIN institutions i ON i.institution_id = h.institution_id
    LEFT JOIN classes c ON c.kind = i.kind AND c.level = coalesce(i.level, -1) AND c.care = h.care
    WHERE h.share >= $share AND (c.top IS NULL OR h.share > c.top)
), scans AS (
    SELECT s.institution_id, s.encounter_id, s.person, i.code,
           CASE WHEN i.day > 0 THEN min(i.day) ELSE min(s.day) END AS day,
           sum(coalesce(i.covered, i.amount)) AS covered, bool_and(s.historical) AS historical,
           bool_or(s.is_emergency) AS is_emergency, bool_or(s.procedures <> '') AS is_operated,
           min(s.settlement_id) AS settlement_id
    FROM items i
    JOIN screened s ON s.visit = i.visit
    WHERE i.category = '03' AND i.quantity > 0 AND s.settlement_id <> '' AND s.care IN ('visit', 'inpatient')
      AND coalesce(i.unit_price * 100, i.amount / i.quantity) >= $expensive
    GROUP BY s.institution_id, s.encounter_id, s.person, i.code, i.day
), told AS (
    SELECT institution_id, encounter_id, person, code, min(day) AS day, sum(covered) AS covered,
           bool_and(historical) AS historical, bool_or(is_emergency) AS is_emergency,
           bool_or(is_operated) AS is_operated, min(settlement_id) AS settlement_id
    FROM scans GROUP BY institution_id, encounter_id, person, code
), turns AS (
    SELECT *, lag(day) OVER turn AS first_day, lag(institution_id) OVER turn AS first_institution,
           lag(encounter_id) OVER turn AS first_encounter, lag(is_emergency) OVER turn AS first_emergency,
           lag(is_operated) OVER turn AS first_operated, lag(settlement_id) OVER turn AS first_settlement
    FROM told WINDOW turn AS (PARTITION BY person, code ORDER BY day, institution_id, encounter_id)
), again AS (
    -- An encounter has one person; where institutions sent it for several, one of them speaks.
    SELECT *, row_number() OVER (
               PARTITION BY code, institution_id, encounter_id, first_institution, first_encounter
               ORDER BY person) AS voice
    FROM turns
    WHERE day >= $begin_day AND day - first_day >= 1 AND day - first_day <= $again_days
      AND (first_institution <> institution_id OR first_encounter <> encounter_id)
), packages AS (
    SELECT s.institution_id, s.department, s.encounter_id, s.person, max(s.main_diagnosis) AS main_diagnosis,
           bool_or(s.med_type LIKE '9107%') AS is_check_up, bool_and(s.historical) AS historical,
           count(DISTINCT i.code) AS items, string_agg(DISTINCT i.code, ' ' ORDER BY i.code) AS package
    FROM items i
    JOIN screened s ON s.visit = i.visit
    WHERE i.category = '04' AND s.settlement_id <> '' AND s.care IN ('visit', 'inpatient') AND s.month = $month
      AND s.department <> '' AND i.amount > 0
    GROUP BY s.institution_id, s.department, s.encounter_id, s.person
), commonest AS (
    SELECT institution_id, department, package, max(items) AS items, count(*) AS alike,
           count(DISTINCT main_diagnosis) AS diagnoses, bool_or(main_diagnosis = '') AS is_unknown,
           bool_or(is_check_up) AS is_check_up, bool_and(historical) AS historical,
           sum(count(*)) OVER (PARTITION BY institution_id, department) AS patients,
           row_number() OVER (PARTITION BY institution_id, department ORDER BY count(*) DESC, package) AS place
    FROM packages GROUP BY institution_id, department, package
)
SELECT institution_id, care || ' ' || $month AS about, $begin_day AS happened, $month AS month, share, bills,
       CAST(NULL AS text) AS code, CAST(NULL AS integer) AS first_day, CAST(NULL AS integer) AS happened_on_day,
       CAST(NULL AS integer) AS days, CAST(NULL AS text) AS department, CAST(NULL AS bigint) AS alike,
       CAST(NULL AS bigint) AS items, historical, CAST(NULL AS text[]) AS encounters,
       CAST(NULL AS text[]) AS settlements,
       CASE care WHEN 'inpatient' THEN 'stays' END AS variant,
       CASE WHEN share >= $grave_share THEN 2 END AS severity,
       CAST(floor(covered * (share - $share) / share + 0.5) AS bigint) AS amount,
       CAST(NULL AS boolean) AS check_emergency, CAST(NULL AS boolean) AS check_operation,
       CAST(NULL AS boolean) AS check_one_disease
FROM high
UNION ALL
SELECT institution_id, code || ' ' || first_institution || ' ' || first_encounter || ' ' || encounter_id, day,
       NULL, NULL, NULL, code, first_day, day, day - first_day, NULL, NULL, NULL, historical,
       array[first_encounter, encounter_id], array[first_settlement, settlement_id], 'again', NULL,
       CAST(greatest(covered, 0) AS bigint),
       is_emergency OR first_emergency, is_operated OR first_operated, NULL
FROM again
WHERE voice = 1
UNION ALL
SELECT institution_id, department || ' ' || $month, $begin_day, $month,
       CAST(alike AS double precision) / patients, NULL, NULL, NULL, NULL, NULL, department, alike, items,
       historical, NULL, NULL, 'package', NULL, 0, NULL, NULL, is_check_up OR (diagnoses = 1 AND NOT is_unknown)
FROM commonest
WHERE place = 1 AND items >= $package_items AND patients >= $patients AND alike >= $package_share * patients
