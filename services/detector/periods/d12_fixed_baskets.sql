-- A row a pharmacy and set of codes.
WITH sold AS (
    SELECT s.institution_id, s.visit, i.code, bool_or(i.category = '14') AS is_goods,
           floor(max(coalesce(i.unit_price * 100, i.amount / i.quantity)) + 0.5) AS price
    FROM items i JOIN screened s ON s.visit = i.visit
    WHERE s.care = 'pharmacy' AND s.settlement_id <> '' AND s.month = $month AND s.total > 0
      AND i.amount > 0 AND i.quantity > 0
    GROUP BY s.institution_id, s.visit, i.code
), receipts AS (
    SELECT institution_id, visit, string_agg(code, ' ' ORDER BY code) AS basket, count(*) AS codes,
           bool_or(is_goods) AS has_goods,
           bool_and(floor(price / $round_fen) * $round_fen = price) AS is_priced_round
    FROM sold GROUP BY institution_id, visit
), pharmacies AS (
    SELECT r.institution_id, count(*) AS receipts, sum(s.total) AS total
    FROM receipts r JOIN screened s ON s.visit = r.visit GROUP BY r.institution_id
), repeated AS (
    SELECT institution_id, basket FROM receipts WHERE codes >= 2
    GROUP BY institution_id, basket HAVING count(*) >= $times
), baskets AS (
    SELECT r.institution_id, r.basket, count(*) AS times, sum(s.total) AS total, sum(greatest(s.fund, 0)) AS fund,
           count(*) FILTER (WHERE s.total % $round_fen = 0) AS round, bool_or(r.has_goods) AS has_goods,
           bool_and(r.is_priced_round) AS is_priced_round, min(s.day) AS happened, bool_and(s.historical) AS historical,
           array_agg(DISTINCT s.settlement_id) AS settlements, array_agg(DISTINCT s.encounter_id) AS encounters
    FROM repeated m JOIN receipts r ON r.institution_id = m.institution_id AND r.basket = m.basket
    JOIN screened s ON s.visit = r.visit
    GROUP BY r.institution_id, r.basket
), holding AS (
    SELECT institution_id, code, count(*) AS receipts FROM sold GROUP BY institution_id, code
), rarest AS (
    SELECT b.institution_id, b.basket, min(h.receipts) AS receipts
    FROM baskets b JOIN holding h
      ON h.institution_id = b.institution_id AND ' ' || b.basket || ' ' LIKE '% ' || h.code || ' %'
    GROUP BY b.institution_id, b.basket
), short AS (
    SELECT b.institution_id, b.basket, string_agg(g.product, ' ' ORDER BY g.product) AS gaps
    FROM baskets b JOIN stock_gaps g
      ON g.institution_id = b.institution_id AND ' ' || b.basket || ' ' LIKE '% ' || g.product || ' %'
    GROUP BY b.institution_id, b.basket
)
SELECT b.institution_id, $month AS month, b.basket, b.happened, b.times,
       CAST(b.times AS double precision) / p.receipts AS share, b.total AS total_fen, b.round, b.has_goods,
       CAST(b.times AS double precision) / r.receipts AS certainty, b.historical, b.settlements, b.encounters,
       CAST(b.fund AS bigint) AS amount, b.is_priced_round AS check_round_prices,
       x.gaps, CASE WHEN x.gaps IS NOT NULL THEN 1 END AS severity, CASE WHEN x.gaps IS NOT NULL THEN 'gap' END AS variant
FROM baskets b
JOIN pharmacies p ON p.institution_id = b.institution_id
JOIN rarest r ON r.institution_id = b.institution_id AND r.basket = b.basket
LEFT JOIN short x ON x.institution_id = b.institution_id AND x.basket = b.basket
WHERE b.times >= $support * p.receipts AND b.total >= $sales * p.total AND b.times >= $confidence * r.receipts
  AND (b.round >= $round_share * b.times OR b.has_goods)
