-- A row a product of an institution and the stock-take that opens its ledger.
WITH seen AS (
    SELECT max(day) AS last_day
    FROM (SELECT greatest(day, occurred_day, coalesce(discharge_day, day)) AS day FROM screened
          UNION ALL SELECT day FROM stock_moves) known
), counts AS (
    SELECT institution_id, product_code, event_id, moment, at_is_date, day, quantity, historical,
           row_number() OVER (PARTITION BY institution_id, product_code ORDER BY day, moment, event_id) AS number
    FROM stock_moves WHERE movement = 'count'
), ledgers AS (
    SELECT c.*, n.day AS next_day, n.moment AS next_moment, n.at_is_date AS next_is_date
    FROM counts c LEFT JOIN counts n ON n.institution_id = c.institution_id AND n.product_code = c.product_code
                                    AND n.number = c.number + 1
    WHERE n.day IS NULL OR n.day >= $begin_day
), moved AS (
    SELECT l.institution_id, l.product_code, l.event_id, m.day, m.movement, m.historical,
           CASE WHEN m.movement IN ('purchase', 'adjust', 'sale_return') THEN m.quantity ELSE -m.quantity END AS change
    FROM ledgers l JOIN stock_moves m ON m.institution_id = l.institution_id AND m.product_code = l.product_code
    WHERE m.movement <> 'count'
      AND CASE WHEN m.at_is_date OR l.at_is_date
               THEN CASE WHEN m.movement IN ('sale', 'purchase_return') THEN m.day > l.day ELSE m.day >= l.day END
               ELSE m.moment >= l.moment END
      AND (l.next_day IS NULL OR
           CASE WHEN m.at_is_date OR l.next_is_date
                THEN CASE WHEN m.movement IN ('sale', 'purchase_return')
                          THEN m.day < l.next_day ELSE m.day <= l.next_day END
                ELSE m.moment < l.next_moment END)
), stocked AS (
    SELECT l.institution_id, l.product_code, l.event_id,
           l.quantity + coalesce(sum(m.change) FILTER (WHERE m.movement NOT IN ('sale', 'sale_return')), 0) AS available
    FROM ledgers l LEFT JOIN moved m ON m.institution_id = l.institution_id AND m.product_code = l.product_code
                                    AND m.event_id = l.event_id
    GROUP BY l.institution_id, l.product_code, l.event_id, l.quantity
), ends AS (
    -- The balance at the end of each day; days within the grace for late deliveries are left out.
    SELECT l.institution_id, l.product_code, l.event_id, m.day,
           max(l.quantity) + sum(sum(m.change)) OVER (PARTITION BY l.institution_id, l.product_code, l.event_id
                                                      ORDER BY m.day) AS balance
    FROM ledgers l JOIN moved m ON m.institution_id = l.institution_id AND m.product_code = l.product_code
                               AND m.event_id = l.event_id
    GROUP BY l.institution_id, l.product_code, l.event_id, m.day
), lowest AS (
    SELECT institution_id, product_code, event_id, min(balance) AS lowest,
           min(day) FILTER (WHERE balance < 0) AS below_day
    FROM ends WHERE day <= (SELECT last_day FROM seen) - $lag_days
    GROUP BY institution_id, product_code, event_id
), products AS (
    SELECT DISTINCT product_code FROM counts
), sold AS (
    -- A line of another day than its screening's is ordered by its day.
    SELECT s.institution_id, i.code, s.name, s.person, s.settlement_id, s.encounter_id, s.begun, s.historical,
           CASE WHEN i.day > 0 THEN i.day ELSE s.day END AS day,
           s.minute IS NULL OR (i.day > 0 AND i.day <> s.day) AS is_date, CAST(i.quantity AS decimal(18, 4)) AS quantity,
           coalesce(i.covered, i.amount) AS covered, coalesce(i.split_pack, false) AS is_split,
           CASE WHEN i.quantity > 0 THEN CAST(i.amount AS double precision) / i.quantity END AS price
    FROM items i JOIN products p ON p.product_code = i.code
    JOIN screened s ON s.visit = i.visit
    WHERE s.settlement_id <> ''
), packs_cost AS (
    SELECT code, percentile_cont(0.9) WITHIN GROUP (ORDER BY price) AS price
    FROM sold WHERE NOT is_split AND price > 0 GROUP BY code
), settlements AS (
    SELECT l.institution_id, l.product_code, l.event_id, s.name, s.person, s.settlement_id, s.encounter_id, s.day,
           s.historical, s.quantity, s.covered,
           s.is_split OR coalesce(s.price < $piece_price * c.price, false) AS is_piece
    FROM ledgers l JOIN sold s ON s.institution_id = l.institution_id AND s.code = l.product_code
    LEFT JOIN packs_cost c ON c.code = s.code
    WHERE s.day <= (SELECT last_day FROM seen) - $lag_days
      AND CASE WHEN s.is_date OR l.at_is_date THEN s.day > l.day ELSE s.begun >= l.moment END
      AND (l.next_day IS NULL
           OR CASE WHEN s.is_date OR l.next_is_date THEN s.day < l.next_day ELSE s.begun < l.next_moment END)
), settled AS (
    SELECT institution_id, product_code, event_id, sum(quantity) AS settled,
           coalesce(sum(quantity) FILTER (WHERE NOT is_piece), 0) AS packs, sum(covered) AS covered,
           max(day) AS last_day, bool_and(historical) AS historical,
           array_agg(DISTINCT encounter_id) AS encounters, array_agg(DISTINCT settlement_id) AS settlements,
           array_agg(settlement_id ORDER BY day, name, person, quantity) AS each_settlement,
           array_agg(day ORDER BY day, name, person, quantity) AS each_on_day,
           array_agg(quantity ORDER BY day, name, person, quantity) AS each_quantity
    FROM settlements GROUP BY institution_id, product_code, event_id
), judged AS (
    SELECT l.institution_id, l.product_code, l.event_id, l.day AS counted_day, l.quantity AS counted, k.available,
           greatest(k.available, 0) AS room, coalesce(s.settled, 0) AS settled, coalesce(s.packs, 0) AS packs,
           s.covered, b.lowest, b.below_day, s.last_day, coalesce(s.historical, l.historical) AS historical,
           s.encounters, s.settlements, s.each_settlement, s.each_on_day, s.each_quantity,
           greatest($units, $share * greatest(k.available, 0)) AS allowed
    FROM ledgers l
    JOIN stocked k ON k.institution_id = l.institution_id AND k.product_code = l.product_code AND k.event_id = l.event_id
    LEFT JOIN settled s ON s.institution_id = l.institution_id AND s.product_code = l.product_code
                       AND s.event_id = l.event_id
    LEFT JOIN lowest b ON b.institution_id = l.institution_id AND b.product_code = l.product_code
                      AND b.event_id = l.event_id
)
SELECT institution_id, product_code AS product, event_id AS count, counted_day, counted AS counted_units,
       available, settled, settled - available AS excess, lowest,
       CASE WHEN settled - room > allowed THEN last_day ELSE below_day END AS happened,
       CASE WHEN settled - room > allowed THEN NULL ELSE 'ledger' END AS variant,
       CASE WHEN settled - room > allowed AND settled - room > $grave_share * room THEN 1 END AS severity,
       CASE WHEN settled - room > allowed
            THEN CAST(floor(CAST(greatest(covered, 0) AS double precision) * CAST(settled - room AS double precision)
                            / CAST(settled AS double precision)) AS bigint) ELSE 0 END AS amount,
       historical, encounters, settlements, each_settlement, each_on_day, each_quantity,
       settled - room > allowed AND packs - room <= allowed AS check_unit_conversion,
       false AS check_late_delivery
FROM judged
WHERE settled - room > allowed OR lowest < 0
