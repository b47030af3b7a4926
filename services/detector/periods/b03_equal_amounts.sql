-- A row a day of a pharmacy. Where several amounts gather on one day, the commonest that is no fixed price speaks.
WITH swipes AS (
    SELECT visit, institution_id, day, name, person, settlement_id, encounter_id, total, fund, historical, begun
    FROM screened
    WHERE care = 'pharmacy' AND settlement_id <> '' AND day >= $begin_day
), days_swiped AS (
    SELECT institution_id, day, count(*) AS swipes FROM swipes GROUP BY institution_id, day
), gathered AS (
    SELECT institution_id, day, total, count(*) AS equal_swipes
    FROM swipes WHERE total > 0 GROUP BY institution_id, day, total HAVING count(*) >= $swipes
), codes AS (
    SELECT s.institution_id, s.day, s.total, count(DISTINCT i.code) AS codes,
           count(DISTINCT s.name || ' ' || s.person) AS itemised
    FROM gathered g JOIN swipes s USING (institution_id, day, total)
    JOIN items i ON i.visit = s.visit
    GROUP BY s.institution_id, s.day, s.total
), priced AS (
    SELECT g.*, d.swipes, c.codes = 1 AND c.itemised = g.equal_swipes AS is_fixed_price
    FROM gathered g JOIN days_swiped d USING (institution_id, day)
    LEFT JOIN codes c USING (institution_id, day, total)
    WHERE g.equal_swipes >= $share * d.swipes
), ranked AS (
    SELECT *, row_number() OVER (PARTITION BY institution_id, day
                                 ORDER BY coalesce(is_fixed_price, false), equal_swipes DESC, total) AS place
    FROM priced
)
SELECT r.institution_id, r.day AS happened, r.day AS happened_on_day, r.total AS equal_amount_fen,
       r.swipes, r.equal_swipes, CAST(r.equal_swipes AS double precision) / r.swipes AS share,
       count(DISTINCT s.person) AS persons, sum(s.total) AS equal_total_fen, sum(greatest(s.fund, 0)) AS amount,
       bool_and(s.historical) AS historical,
       array_agg(DISTINCT s.encounter_id) AS encounters, array_agg(DISTINCT s.settlement_id) AS settlements,
       array_agg(s.person ORDER BY s.begun, s.name, s.person) AS each_person,
       array_agg(s.settlement_id ORDER BY s.begun, s.name, s.person) AS each_settlement,
       r.is_fixed_price AS check_fixed_price
FROM ranked r JOIN swipes s USING (institution_id, day, total)
WHERE r.place = 1
GROUP BY r.institution_id, r.day, r.total, r.swipes, r.equal_swipes, r.is_fixed_price
