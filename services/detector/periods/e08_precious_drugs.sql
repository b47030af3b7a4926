-- A row a practitioner at an institution.
WITH visits AS (
    SELECT visit, institution_id, person, settlement_id, encounter_id, practitioner, day, kind, level, department,
           historical, region <> '' AND insured_region <> '' AND region <> insured_region AS is_far
    FROM screened WHERE care = 'visit' AND settlement_id <> ''
), drugs AS (
    SELECT v.institution_id, v.person, v.settlement_id, v.encounter_id, v.day, v.kind, v.level, v.department,
           v.is_far, v.historical, coalesce(i.covered, i.amount) AS covered, i.amount,
           coalesce(p.high_value, false) AS is_dear,
           CASE WHEN i.practitioner <> '' THEN i.practitioner ELSE v.practitioner END AS practitioner
    FROM items i
    JOIN visits v ON v.visit = i.visit
    LEFT JOIN packs p ON p.code = i.code
    WHERE i.category IN ('09', '10', '11') AND i.amount > 0 AND v.day >= $begin_day
), sums AS (
    SELECT practitioner, institution_id, max(kind) AS kind, coalesce(max(level), -1) AS level,
           CAST(sum(CASE WHEN is_dear THEN amount ELSE 0 END) AS double precision) / sum(amount) AS share,
           sum(CASE WHEN is_dear THEN covered ELSE 0 END) AS amount,
           bool_and(historical) AS historical, max(department) AS department
    FROM drugs WHERE practitioner <> '' AND kind IS NOT NULL
    GROUP BY practitioner, institution_id
), dear AS (
    SELECT practitioner, institution_id, min(day) AS happened,
           bool_and(department LIKE '%肿瘤%' OR department LIKE '%血液%' OR department LIKE '%风湿%') AS is_specialty,
           array_agg(DISTINCT encounter_id) AS encounters, array_agg(DISTINCT settlement_id) AS settlements
    FROM drugs WHERE is_dear AND practitioner <> '' AND kind IS NOT NULL
    GROUP BY practitioner, institution_id
), hands AS (
    SELECT t.*, d.happened, CASE WHEN t.department <> '' THEN d.is_specialty END AS is_specialty,
           d.encounters, d.settlements
    FROM sums t LEFT JOIN dear d ON d.practitioner = t.practitioner AND d.institution_id = t.institution_id
), classes AS (
    SELECT kind, level, count(*) AS peers, percentile_cont($percentile) WITHIN GROUP (ORDER BY share) AS top
    FROM hands GROUP BY kind, level
), seen AS (
    SELECT practitioner, institution_id, person, day FROM drugs
    UNION
    SELECT practitioner, institution_id, person, day FROM visits
), patients AS (
    SELECT d.practitioner, d.institution_id, d.person, bool_or(d.is_far) AS is_far
    FROM drugs d WHERE d.is_dear GROUP BY d.practitioner, d.institution_id, d.person
), returns AS (
    SELECT practitioner, institution_id, person, count(DISTINCT day) AS days FROM seen
    GROUP BY practitioner, institution_id, person
), circles AS (
    SELECT p.practitioner, p.institution_id, count(*) AS persons,
           count(*) FILTER (WHERE r.days = 1) AS once, count(*) FILTER (WHERE p.is_far) AS far
    FROM patients p JOIN returns r ON r.practitioner = p.practitioner AND r.institution_id = p.institution_id
      AND r.person = p.person
    GROUP BY p.practitioner, p.institution_id
)
SELECT h.practitioner, h.institution_id, $month AS month, h.happened, h.share, c.persons, c.once, c.far,
       k.peers, k.top AS peers_share, h.historical, h.encounters, h.settlements, h.amount,
       h.is_specialty AS check_specialty
FROM hands h
JOIN classes k ON k.kind = h.kind AND k.level = h.level
JOIN circles c ON c.practitioner = h.practitioner AND c.institution_id = h.institution_id
WHERE k.peers >= $peers AND h.share > k.top AND h.share >= $share AND c.persons >= $persons
  AND (c.once >= $once_share * c.persons OR c.far >= $far_share * c.persons)
