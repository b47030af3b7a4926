-- A row a meeting of a pair of persons that meets too often to be chance: who, where, when, and how many
-- meetings by chance would be expected of the pair. `groups` finds the groups among them.
WITH courses AS (
    SELECT DISTINCT s.main_diagnosis, s.disease_code
    FROM (SELECT DISTINCT main_diagnosis, disease_code FROM screened) s, unnest($courses) AS c (prefix)
    WHERE s.main_diagnosis LIKE c.prefix || '%' OR s.disease_code LIKE c.prefix || '%'
), visits AS (
    SELECT s.person, s.institution_id, s.med_type, s.day, s.begun,
           s.begun - s.begun % ($seconds * 1000000) AS cell
    FROM screened s
    WHERE s.care IN ('visit', 'pharmacy') AND s.settlement_id <> '' AND s.is_present AND s.minute IS NOT NULL
      AND s.med_type NOT LIKE '140201%'
      AND NOT EXISTS (SELECT 1 FROM courses c WHERE c.main_diagnosis = s.main_diagnosis
                                                AND c.disease_code = s.disease_code)
), crowds AS (
    SELECT institution_id, cell FROM visits
    GROUP BY institution_id, cell HAVING count(DISTINCT person) > $cell_persons
), persons AS (
    SELECT person, row_number() OVER (ORDER BY person) AS number FROM visits
    GROUP BY person HAVING count(DISTINCT day) >= $days AND count(DISTINCT institution_id) >= $institutions
), days_visited AS (
    SELECT institution_id, med_type, day, CAST(count(*) AS double precision) AS visits
    FROM visits GROUP BY institution_id, med_type, day
), seen AS MATERIALIZED (
    SELECT max(day) - min(day) + 1 AS days FROM visits
), places AS (
    -- Busy days weigh more: a place of a few market days is open on few. A place of few visits is open on days
    -- without any: to each day of all that is known some are added.
    SELECT institution_id, med_type, row_number() OVER (ORDER BY institution_id, med_type) AS place,
           dense_rank() OVER (ORDER BY institution_id) AS institution,
           power(sum(visits) + $quiet_visits * max(seen.days), 2)
           / (sum(power(visits + $quiet_visits, 2)) + (max(seen.days) - count(*)) * power($quiet_visits, 2))
           * $open_minutes * 60 AS open_seconds
    FROM days_visited CROSS JOIN seen GROUP BY institution_id, med_type
), present AS (
    SELECT p.number, l.place, l.institution, v.day, v.begun, v.cell
    FROM visits v JOIN persons p ON p.person = v.person
    JOIN places l ON l.institution_id = v.institution_id AND l.med_type = v.med_type
    WHERE NOT EXISTS (SELECT 1 FROM crowds c WHERE c.institution_id = v.institution_id AND c.cell = v.cell)
), slots AS (
    SELECT number, place, institution, day, begun, cell AS slot FROM present
    UNION ALL
    SELECT number, place, institution, day, begun, cell + $seconds * 1000000 FROM present
), meetings AS (
    SELECT DISTINCT least(a.number, b.number) AS one, greatest(a.number, b.number) AS other, a.institution, a.day
    FROM slots a JOIN present b ON b.place = a.place AND b.cell = a.slot
    WHERE a.number <> b.number AND b.begun >= a.begun AND b.begun - a.begun <= $seconds * 1000000
), pairs AS (
    SELECT one, other FROM meetings GROUP BY one, other
    HAVING count(DISTINCT day) >= $days AND count(DISTINCT institution) >= $institutions
), known AS (
    SELECT v.number, v.place, CAST(count(DISTINCT v.day) AS double precision) AS days
    FROM present v WHERE v.number IN (SELECT one FROM pairs UNION SELECT other FROM pairs)
    GROUP BY v.number, v.place
), chances AS (
    SELECT p.one, p.other, sum(a.days * b.days * 2 * $seconds / l.open_seconds) AS expected
    FROM pairs p JOIN known a ON a.number = p.one JOIN known b ON b.number = p.other AND b.place = a.place
    JOIN places l ON l.place = a.place
    GROUP BY p.one, p.other
)
SELECT x.person AS one, y.person AS other, l.institution_id, m.day, c.expected
FROM meetings m JOIN chances c ON c.one = m.one AND c.other = m.other
JOIN persons x ON x.number = m.one JOIN persons y ON y.number = m.other
JOIN (SELECT DISTINCT institution, institution_id FROM places) l ON l.institution = m.institution
