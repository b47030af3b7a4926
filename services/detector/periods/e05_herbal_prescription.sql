-- A row an encounter.
WITH prescribed AS (
    SELECT s.institution_id, s.encounter_id, min(s.day) AS day, max(s.kind) AS kind, max(s.level) AS level,
           count(DISTINCT i.code) AS herbs, max(i.doses) AS doses, sum(i.amount) AS amount,
           sum(coalesce(i.covered, i.amount)) AS covered, bool_and(s.historical) AS historical,
           array_agg(DISTINCT s.settlement_id) AS settlements,
           CASE WHEN bool_or(s.med_type LIKE '1402%' OR s.med_type LIKE '15%') THEN $doses_special
                WHEN bool_or(s.med_type LIKE '14%' OR s.disease_code <> '') THEN $doses_chronic
                ELSE $doses END AS doses_allowed
    FROM items i JOIN screened s ON s.visit = i.visit
    WHERE i.category = '10' AND s.care IN ('visit', 'pharmacy') AND s.settlement_id <> ''
      AND s.day >= $begin_day AND i.amount > 0
    GROUP BY s.institution_id, s.encounter_id
), priced AS (
    SELECT *, CASE WHEN doses > 0 THEN CAST(amount AS double precision) / doses END AS dose_price FROM prescribed
), classes AS (
    SELECT kind, level, percentile_cont(0.95) WITHIN GROUP (ORDER BY dose_price) AS p95
    FROM priced WHERE dose_price IS NOT NULL AND kind IS NOT NULL
    GROUP BY kind, level HAVING count(*) >= $class_size
), limited AS (
    SELECT p.*, CAST(least($dose_price, $class_factor * c.p95) AS double precision) AS price_allowed
    FROM priced p LEFT JOIN classes c ON c.kind = p.kind AND coalesce(c.level, -1) = coalesce(p.level, -1)
), over AS (
    SELECT *, CAST(herbs AS double precision) / $herbs AS times_herbs,
           coalesce(CAST(doses AS double precision) / doses_allowed, 0) AS times_doses,
           coalesce(dose_price / price_allowed, 0) AS times_price
    FROM limited
), worst AS (
    SELECT *, greatest(times_herbs, times_doses, times_price) AS times,
           CASE WHEN times_herbs > 1 THEN 1 ELSE 0 END + CASE WHEN times_doses > 1 THEN 1 ELSE 0 END
               + CASE WHEN times_price > 1 THEN 1 ELSE 0 END AS exceeded
    FROM over
), bills AS (
    SELECT visit, sum(amount) AS bill, sum(CASE WHEN category IN ('10', '11') THEN amount ELSE 0 END) AS chinese
    FROM categories GROUP BY visit
), stays AS (
    SELECT s.institution_id, s.encounter_id, min(s.day) AS day, max(s.department) AS department,
           sum(b.bill) AS bill, sum(b.chinese) AS chinese, bool_and(s.historical) AS historical,
           array_agg(DISTINCT s.settlement_id) AS settlements
    FROM screened s
    JOIN bills b ON b.visit = s.visit
    WHERE s.care = 'inpatient' AND s.settlement_id <> '' AND s.day >= $begin_day
    GROUP BY s.institution_id, s.encounter_id
    HAVING bool_or(NOT s.mid_stay) AND sum(b.bill) >= $least AND max(s.department) <> ''
), rich AS (
    SELECT t.*, CAST(t.chinese AS double precision) / t.bill AS share, i.name AS called
    FROM stays t LEFT JOIN institutions i ON i.institution_id = t.institution_id
    WHERE t.chinese >= $share * t.bill AND NOT (t.department LIKE '%中医%' OR t.department LIKE '%中西医%'
          OR t.department LIKE '%针灸%' OR t.department LIKE '%推拿%' OR t.department LIKE '%康复%'
          OR t.department LIKE '%民族医%')
)
SELECT institution_id, encounter_id, day AS happened, day AS happened_on_day, herbs, coalesce(doses, 0) AS doses,
       coalesce(dose_price, 0) AS dose_price_fen, $herbs AS herbs_allowed, doses_allowed,
       price_allowed AS price_allowed_fen, NULL AS department, NULL AS share, historical, settlements,
       array[encounter_id] AS encounters,
       CASE WHEN doses IS NULL THEN 'undosed' END AS variant,
       CASE WHEN exceeded > 1 OR times >= $twice THEN 2 END AS severity,
       CAST(floor(greatest(covered, 0) * (times - 1) / times + 0.5) AS bigint) AS amount,
       CAST(NULL AS boolean) AS check_chinese_medicine_hospital
FROM worst
WHERE exceeded > 0
UNION ALL
SELECT institution_id, encounter_id, day, day, NULL, NULL, NULL, NULL, NULL, NULL, department, share,
       historical, settlements, array[encounter_id], 'stay', NULL,
       CAST(floor(chinese - $share * bill) AS bigint), called LIKE '%中医%'
FROM rich
