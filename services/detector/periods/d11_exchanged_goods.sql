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
), outside AS (
    SELECT s.*, u.median, u.lines, s.price / u.median AS ratio,
           CASE WHEN p.units > 1
                THEN abs(s.price / u.median * p.units - 1) <= $pack_tolerance
                     OR abs(s.price / u.median / p.units - 1) <= $pack_tolerance END AS is_other_pack
    FROM sold s
    JOIN usual u ON u.code = s.code AND u.kind = s.kind AND u.level = s.level
    LEFT JOIN packs p ON p.code = s.code
    WHERE u.median > 0 AND (s.price < $low * u.median OR s.price > $high * u.median)
)
SELECT institution_id, code, $month AS month, min(day) AS happened, count(*) AS own_lines, max(lines) AS lines,
       percentile_cont(0.5) WITHIN GROUP (ORDER BY price) AS price_fen, max(median) AS median_fen,
       percentile_cont(0.5) WITHIN GROUP (ORDER BY ratio) AS ratio, bool_and(historical) AS historical,
       array_agg(DISTINCT settlement_id) AS settlements, array_agg(DISTINCT encounter_id) AS encounters,
       CASE WHEN min(ratio) < $low * $low OR max(ratio) > $high * $high THEN 2 END AS severity,
       CAST(sum(greatest(covered, 0)) AS bigint) AS amount, bool_and(is_other_pack) AS check_pack_size
FROM outside
GROUP BY institution_id, code
HAVING count(*) >= $own_lines
