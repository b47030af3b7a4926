-- A row an institution and code by its price, and one by its name.
WITH sold AS (
    SELECT i.visit, s.institution_id, i.code, s.kind, coalesce(s.level, -1) AS level,
           coalesce(i.covered, i.amount) AS covered, coalesce(i.unit_price * 100, i.amount / i.quantity) AS price
    FROM items i JOIN screened s ON s.visit = i.visit
    WHERE i.quantity > 0 AND i.amount > 0 AND s.settlement_id <> '' AND s.month = $month
      AND i.category IN ('08', '09', '10', '11') AND s.kind IS NOT NULL AND NOT coalesce(i.split_pack, false)
), usual AS (
    SELECT code, kind, level, percentile_cont(0.5) WITHIN GROUP (ORDER BY price) AS median, count(*) AS lines
    FROM sold GROUP BY code, kind, level HAVING count(*) >= $lines
), priced AS (
    SELECT s.*, v.day, v.settlement_id, v.encounter_id, v.historical, u.median, u.lines,
           s.price / u.median AS ratio,
           CASE WHEN p.units > 1
                THEN abs(s.price / u.median * p.units - 1) <= $pack_tolerance
                     OR abs(s.price / u.median / p.units - 1) <= $pack_tolerance END AS is_other_pack
    FROM sold s
    JOIN usual u ON u.code = s.code AND u.kind = s.kind AND u.level = s.level
    LEFT JOIN packs p ON p.code = s.code
    JOIN screened v ON v.visit = s.visit
    WHERE u.median > 0 AND (s.price < $low * u.median OR s.price > $high * u.median)
), named AS (
    SELECT i.visit, s.institution_id, i.code, coalesce(i.covered, i.amount) AS covered, i.name_mark
    FROM items i JOIN screened s ON s.visit = i.visit
    WHERE i.name_mark <> '' AND i.quantity > 0 AND i.amount > 0 AND s.settlement_id <> '' AND s.month = $month
), marks AS (
    SELECT code, name_mark, count(*) AS lines, count(DISTINCT institution_id) AS institutions,
           sum(count(*)) OVER (PARTITION BY code) AS all_lines
    FROM named GROUP BY code, name_mark
), names AS (
    -- What a code is called is what half of its lines call it, at two institutions or more.
    SELECT code, name_mark, all_lines AS lines FROM marks
    WHERE all_lines >= $lines AND lines * 2 > all_lines AND institutions > 1
), called AS (
    SELECT t.*, v.day, v.settlement_id, v.encounter_id, v.historical, n.lines,
           length(t.name_mark) AS own_signs, length(n.name_mark) AS signs,
           length(t.name_mark) - length(translate(t.name_mark, n.name_mark, '')) AS shared
    FROM named t JOIN names n ON n.code = t.code
    JOIN screened v ON v.visit = t.visit
    WHERE t.name_mark <> n.name_mark
), misnamed AS (
    SELECT *, CAST(shared AS double precision) / (own_signs + signs - shared) AS likeness FROM called
    WHERE shared < $likeness * (own_signs + signs - shared)
)
SELECT institution_id, code, 'price' AS form, $month AS month, min(day) AS happened, count(*) AS own_lines,
       max(lines) AS lines, percentile_cont(0.5) WITHIN GROUP (ORDER BY price) AS price_fen,
       max(median) AS median_fen, percentile_cont(0.5) WITHIN GROUP (ORDER BY ratio) AS ratio,
       CAST(NULL AS double precision) AS likeness, bool_and(historical) AS historical,
       array_agg(DISTINCT settlement_id) AS settlements, array_agg(DISTINCT encounter_id) AS encounters,
       CAST(NULL AS text) AS variant,
       CASE WHEN min(ratio) < $low * $low OR max(ratio) > $high * $high THEN 2 END AS severity,
       CAST(sum(greatest(covered, 0)) AS bigint) AS amount, bool_and(is_other_pack) AS check_pack_size,
       CAST(NULL AS boolean) AS check_abbreviation
FROM priced
GROUP BY institution_id, code
HAVING count(*) >= $own_lines
UNION ALL
SELECT institution_id, code, 'name', $month, min(day), count(*), max(lines), NULL, NULL, NULL, max(likeness),
       bool_and(historical), array_agg(DISTINCT settlement_id), array_agg(DISTINCT encounter_id), 'name', NULL,
       CAST(sum(greatest(covered, 0)) AS bigint), NULL,
       bool_and(shared >= $contained * own_signs OR shared >= $contained * signs)
FROM misnamed
GROUP BY institution_id, code
HAVING count(*) >= $own_lines
