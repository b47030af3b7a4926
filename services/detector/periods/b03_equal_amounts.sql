-- A row a day and form of a pharmacy. Where several amounts gather on one day, the commonest that is no fixed price
-- speaks.
WITH swipes AS (
    SELECT visit, institution_id, day, name, person, settlement_id, encounter_id, total, fund, account, historical,
           begun, is_emptied
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
), emptying AS (
    SELECT *, count(*) OVER (PARTITION BY institution_id, day) AS emptied_swipes
    FROM swipes WHERE is_emptied
), emptied AS (
    SELECT e.institution_id, e.day, count(DISTINCT e.visit) AS emptied_swipes,
           count(DISTINCT i.code) = 1 AND count(DISTINCT i.visit) = count(DISTINCT e.visit) AS is_fixed_price,
           count(i.visit) > 0 AS is_itemised
    FROM emptying e LEFT JOIN items i ON i.visit = e.visit
    WHERE e.emptied_swipes >= $emptied
    GROUP BY e.institution_id, e.day
)
SELECT r.institution_id, r.day AS happened, 'equal' AS form, NULL AS variant, r.day AS happened_on_day,
       r.total AS equal_amount_fen, NULL AS emptied_swipes, NULL AS account_total_fen,
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
UNION ALL
SELECT e.institution_id, e.day, 'emptied', 'emptied', e.day, NULL, e.emptied_swipes, sum(s.account),
       d.swipes, NULL, NULL, count(DISTINCT s.person), NULL, sum(greatest(s.fund, 0)), bool_and(s.historical),
       array_agg(DISTINCT s.encounter_id), array_agg(DISTINCT s.settlement_id),
       array_agg(s.person ORDER BY s.begun, s.name, s.person),
       array_agg(s.settlement_id ORDER BY s.begun, s.name, s.person),
       CASE WHEN e.is_itemised THEN e.is_fixed_price END
FROM emptied e JOIN emptying s USING (institution_id, day) JOIN days_swiped d USING (institution_id, day)
GROUP BY e.institution_id, e.day, e.emptied_swipes, e.is_fixed_price, e.is_itemised, d.swipes
