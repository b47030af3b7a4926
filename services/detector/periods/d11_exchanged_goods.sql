-- A row an institution and code.
WITH sold AS (
    SELECT i.institution_id, i.code, s.kind, coalesce(s.level, -1) AS level, s.day, s.settlement_id, s.encounter_id,
           s.historical, coalesce(i.covered, i.amount) AS covered,
           coalesce(i.unit_price * 100, i.amount / i.quantity) AS price
    FROM items i
    JOIN screened s ON s.institution_id = i.institution_id AND s.name = i.name AND s.person = i.person
    WHERE i.category IN ('08', '09', '10', '11') AND i.quantity > 0 AND i.amount > 0 AND s.settlement_id <> ''
      AND s.month = $month AND s.kind IS NOT NULL AND NOT coalesce(i.split_pack, false)
), usual AS (
    SELECT code, kind, level, percentile_cont(0.5) WITHIN GROUP (ORDER BY price) AS median, count(*) AS lines
    FROM sold GROUP BY code, kind, level HAVING count(*) >= $lines
), own AS (
    SELECT institution_id, code, max(kind) AS kind, max(level) AS level, count(*) AS own_lines,
           percentile_cont(0.5) WITHIN GROUP (ORDER BY price) AS price, sum(greatest(covered, 0)) AS covered,
           min(day) AS happened, bool_and(historical) AS historical,
           array_agg(DISTINCT settlement_id) AS settlements, array_agg(DISTINCT encounter_id) AS encounters
    FROM sold GROUP BY institution_id, code HAVING count(*) >= $own_lines
), compared AS (
    SELECT o.*, u.median, u.lines, o.price / u.median AS ratio
    FROM own o JOIN usual u ON u.code = o.code AND u.kind = o.kind AND u.level = o.level
    WHERE u.median > 0
)
SELECT c.institution_id, c.code, $month AS month, c.happened, c.own_lines, c.lines, c.price AS price_fen,
       c.median AS median_fen, c.ratio, c.historical, c.settlements, c.encounters,
       CASE WHEN c.ratio < $low * $low OR c.ratio > $high * $high THEN 2 END AS severity,
       CAST(c.covered AS bigint) AS amount,
       CASE WHEN p.units > 1
            THEN abs(c.ratio * p.units - 1) <= $pack_tolerance OR abs(c.ratio / p.units - 1) <= $pack_tolerance
       END AS check_pack_size
FROM compared c LEFT JOIN packs p ON p.code = c.code
WHERE c.ratio < $low OR c.ratio > $high
