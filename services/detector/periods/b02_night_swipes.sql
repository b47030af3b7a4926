-- A row a night of an institution that shows more than the parameters allow. A night is judged with the
-- month in which it ends.
WITH swipes AS (
    SELECT institution_id, name, person, settlement_id, encounter_id, total, fund, historical, minute, begun,
           CASE WHEN minute < $night_to THEN day - 1 ELSE day END AS night_day,
           minute < $night_to OR minute >= $night_from AS at_night,
           open_24h, day
    FROM screened
    WHERE kind IN ('pharmacy', 'clinic', 'village') AND settlement_id <> ''
      AND care IN ('pharmacy', 'visit') AND minute IS NOT NULL AND NOT backfilled AND NOT is_emergency
), shifted AS (
    SELECT institution_id,
           CAST(count(*) FILTER (WHERE at_night) AS double precision) / count(*) >= $shifted_share AS holds
    FROM swipes WHERE day >= $begin_day GROUP BY institution_id
)
SELECT institution_id, night_day, night_day AS happened,
       count(*) AS swipes,
       count(*) FILTER (WHERE at_night) AS night_swipes,
       count(DISTINCT person) FILTER (WHERE at_night) AS persons,
       CAST(count(*) FILTER (WHERE at_night) AS double precision) / count(*) AS share,
       sum(greatest(fund, 0)) FILTER (WHERE at_night) AS amount,
       sum(total) FILTER (WHERE at_night) AS night_total_fen,
       bool_and(historical) FILTER (WHERE at_night) AS historical,
       array_agg(DISTINCT encounter_id) FILTER (WHERE at_night) AS encounters,
       array_agg(DISTINCT settlement_id) FILTER (WHERE at_night) AS settlements,
       array_agg(person ORDER BY begun, name, person) FILTER (WHERE at_night) AS each_person,
       array_agg(settlement_id ORDER BY begun, name, person) FILTER (WHERE at_night) AS each_settlement,
       array_agg(minute ORDER BY begun, name, person) FILTER (WHERE at_night) AS each_at_minute,
       array_agg(total ORDER BY begun, name, person) FILTER (WHERE at_night) AS each_total_fen,
       bool_or(open_24h) AS check_open_24h,
       bool_or(shifted.holds) AS check_clock_shifted
FROM swipes JOIN shifted USING (institution_id)
WHERE night_day >= $begin_day - 1 AND night_day < $end_day - 1
GROUP BY institution_id, night_day
HAVING count(DISTINCT person) FILTER (WHERE at_night) >= $persons
    OR (count(*) >= $swipes
        AND count(*) FILTER (WHERE at_night) >= $share * count(*))
