-- A row a day of a pharmacy. Where several amounts gather on one day, the commonest speaks.
WITH swipes AS (
    SELECT institution_id, day, name, person, settlement_id, encounter_id, total, fund, historical, begun
    FROM screened
    WHERE care = 'pharmacy' AND total > 0 AND settlement_id <> '' AND day >= $begin_day
), days_swiped AS (
    SELECT institution_id, day, count(*) AS swipes FROM swipes GROUP BY institution_id, day
), gathered AS (
    SELECT institution_id, day, total, count(*) AS equal_swipes
    FROM swipes GROUP BY institution_id, day, total HAVING count(*) >= $swipes
), ranked AS (
    SELECT institution_id, day, total, equal_swipes, swipes,
           row_number() OVER (PARTITION BY institution_id, day ORDER BY equal_swipes DESC, total) AS place
    FROM gathered JOIN days_swiped USING (institution_id, day)
    WHERE equal_swipes >= $share * swipes
), codes AS (
    SELECT s.institution_id, s.day, count(DISTINCT i.code) AS codes, count(DISTINCT s.name) AS itemised
    FROM ranked r JOIN swipes s USING (institution_id, day, total)
    JOIN items i ON i.institution_id = s.institution_id AND i.name = s.name AND i.person = s.person
    WHERE r.place = 1 GROUP BY s.institution_id, s.day
)
SELECT r.institution_id, r.day AS happened, r.day AS happened_on_day, r.total AS equal_amount_fen,
       r.swipes, r.equal_swipes, CAST(r.equal_swipes AS double precision) / r.swipes AS share,
       count(DISTINCT s.person) AS persons, sum(greatest(s.fund, 0)) AS amount,
       bool_and(s.historical) AS historical,
       array_agg(DISTINCT s.encounter_id) AS encounters, array_agg(DISTINCT s.settlement_id) AS settlements,
       array_agg(s.person ORDER BY s.begun, s.name, s.person) AS each_person,
       array_agg(s.settlement_id ORDER BY s.begun, s.name, s.person) AS each_settlement,
       bool_and(c.codes = 1 AND c.itemised >= r.equal_swipes) AS check_fixed_price
FROM ranked r JOIN swipes s USING (institution_id, day, total)
LEFT JOIN codes c ON c.institution_id = r.institution_id AND c.day = r.day
WHERE r.place = 1
GROUP BY r.institution_id, r.day, r.total, r.swipes, r.equal_swipes
