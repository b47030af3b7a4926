-- A row an institution, day of the month with a crowd at one of its terminals, and hour: what is usual then.
WITH swipes AS (
    SELECT institution_id, chain_id, device, day, name, person, begun,
           CAST(floor(CAST(minute AS double precision) / 60) AS integer) AS hour,
           CAST(floor(CAST(begun AS double precision) / ($minutes * 60000000)) AS bigint) AS piece
    FROM screened
    WHERE settlement_id <> '' AND device <> '' AND minute IS NOT NULL AND NOT backfilled
      AND (kind IS NULL OR kind IN ('pharmacy', 'clinic', 'village'))
), pieces AS (
    SELECT institution_id, device, day, piece, count(*) AS swipes
    FROM swipes GROUP BY institution_id, device, day, piece
), busy AS (
    -- Only here can there have been a crowd in the month: all else is left aside.
    SELECT DISTINCT p.institution_id
    FROM pieces p LEFT JOIN pieces q
      ON q.institution_id = p.institution_id AND q.device = p.device AND q.day = p.day AND q.piece = p.piece + 1
    WHERE p.day >= $begin_day AND p.swipes + coalesce(q.swipes, 0) >= $persons
), own AS (
    SELECT s.* FROM swipes s JOIN busy b ON b.institution_id = s.institution_id
), about AS (
    SELECT institution_id, device, day, person, begun, piece FROM own
    UNION ALL
    SELECT institution_id, device, day, person, begun, piece + 1 FROM own
), windows AS (
    -- Each swipe ends a window: how many persons it holds.
    SELECT o.institution_id, o.day, o.hour, o.name, o.person, o.device, o.begun, o.piece,
           count(DISTINCT a.person) AS persons
    FROM own o JOIN about a
      ON a.institution_id = o.institution_id AND a.device = o.device AND a.day = o.day AND a.piece = o.piece
     AND a.begun <= o.begun AND o.begun - a.begun <= $minutes * 60000000
    GROUP BY o.institution_id, o.day, o.hour, o.name, o.person, o.device, o.begun, o.piece
), counted AS (
    SELECT institution_id, day, hour, persons, count(*) AS windows
    FROM windows GROUP BY institution_id, day, hour, persons
), fullest AS (
    SELECT institution_id, day, hour, max(persons) AS most FROM counted GROUP BY institution_id, day, hour
), crowded AS (
    SELECT c.institution_id, c.day, max(o.chain_id) AS chain_id
    FROM (SELECT DISTINCT institution_id, day FROM fullest WHERE most >= $persons AND day >= $begin_day) c
    JOIN own o ON o.institution_id = c.institution_id AND o.day = c.day
    GROUP BY c.institution_id, c.day
), known AS (
    -- Every one of the weeks before shows swipes.
    SELECT c.institution_id, c.day, c.chain_id
    FROM crowded c JOIN fullest f
      ON f.institution_id = c.institution_id AND f.day < c.day AND f.day >= c.day - 7 * $weeks
    GROUP BY c.institution_id, c.day, c.chain_id
    HAVING count(DISTINCT CAST(floor(CAST(c.day - 1 - f.day AS double precision) / 7) AS integer)) = $weeks
), spread AS (
    SELECT k.institution_id, k.day, c.hour, c.persons, CAST(sum(c.windows) AS bigint) AS windows
    FROM known k JOIN counted c
      ON c.institution_id = k.institution_id AND c.day < k.day AND c.day >= k.day - 7 * $weeks
    GROUP BY k.institution_id, k.day, c.hour, c.persons
), ranked AS (
    SELECT institution_id, day, hour, persons,
           sum(windows) OVER (PARTITION BY institution_id, day, hour ORDER BY persons) AS up_to,
           sum(windows) OVER (PARTITION BY institution_id, day, hour) AS in_all
    FROM spread
), quantiles AS (
    SELECT institution_id, day, hour, min(persons) AS persons
    FROM ranked WHERE up_to >= $quantile * in_all GROUP BY institution_id, day, hour
), placed AS (
    SELECT k.institution_id, k.day, f.hour, f.most,
           row_number() OVER (PARTITION BY k.institution_id, k.day, f.hour ORDER BY f.most DESC, f.day) AS place
    FROM known k JOIN fullest f
      ON f.institution_id = k.institution_id AND f.day < k.day AND f.day >= k.day - 7 * $weeks
), habits AS (
    -- What was reached on fewer days is no habit: one burst must not excuse the next.
    SELECT institution_id, day, hour, most FROM placed WHERE place = $seen_days
), monthly AS (
    SELECT k.institution_id, k.day, f.hour,
           min(f.most) AS fewest, count(*) AS days
    FROM known k JOIN fullest f ON f.institution_id = k.institution_id
     AND ((f.day = $before_day + (k.day - $begin_day) AND f.day < $begin_day)
          OR (f.day = $earlier_day + (k.day - $begin_day) AND f.day < $before_day))
    GROUP BY k.institution_id, k.day, f.hour
), both_seen AS (
    SELECT k.institution_id, k.day
    FROM known k JOIN (SELECT DISTINCT institution_id, day FROM fullest) f ON f.institution_id = k.institution_id
     AND ((f.day = $before_day + (k.day - $begin_day) AND f.day < $begin_day)
          OR (f.day = $earlier_day + (k.day - $begin_day) AND f.day < $before_day))
    GROUP BY k.institution_id, k.day HAVING count(*) = 2
), chains AS (
    SELECT DISTINCT chain_id, day FROM known WHERE chain_id <> ''
), customers AS (
    SELECT chain_id, institution_id, day, count(DISTINCT person) AS persons
    FROM screened
    WHERE settlement_id <> '' AND chain_id IN (SELECT chain_id FROM chains)
    GROUP BY chain_id, institution_id, day
), risen AS (
    SELECT n.chain_id, n.day, n.institution_id
    FROM chains c JOIN customers n ON n.chain_id = c.chain_id AND n.day = c.day
    JOIN customers b ON b.institution_id = n.institution_id AND b.day < n.day AND b.day >= n.day - 7 * $weeks
    WHERE n.persons >= $persons
    GROUP BY n.chain_id, n.day, n.institution_id, n.persons
    HAVING n.persons >= $chain_ratio * percentile_cont(0.5) WITHIN GROUP (ORDER BY b.persons)
), rises AS (
    SELECT chain_id, day, count(*) AS shops FROM risen GROUP BY chain_id, day
), gathered AS (
    -- Who stands in each crowd of the month.
    SELECT DISTINCT w.institution_id, w.day, w.device, w.begun, w.persons, a.person
    FROM windows w JOIN known k ON k.institution_id = w.institution_id AND k.day = w.day
    JOIN about a
      ON a.institution_id = w.institution_id AND a.device = w.device AND a.day = w.day AND a.piece = w.piece
     AND a.begun <= w.begun AND w.begun - a.begun <= $minutes * 60000000
    WHERE w.persons >= $persons
), met AS (
    -- … and how many of them stood together in one window of an earlier day.
    SELECT g.institution_id, g.day, g.device, g.begun, g.persons, e.name, e.person, count(DISTINCT g.person) AS again
    FROM gathered g JOIN about m
      ON m.institution_id = g.institution_id AND m.person = g.person AND m.day < g.day AND m.day >= g.day - 7 * $weeks
    JOIN own e
      ON e.institution_id = m.institution_id AND e.device = m.device AND e.day = m.day AND e.piece = m.piece
     AND m.begun <= e.begun AND e.begun - m.begun <= $minutes * 60000000
    GROUP BY g.institution_id, g.day, g.device, g.begun, g.persons, e.name, e.person
), again AS (
    SELECT institution_id, day, array_agg(DISTINCT begun ORDER BY begun) AS together
    FROM met WHERE again >= 2 AND again >= $together_share * persons
    GROUP BY institution_id, day
), hours AS (
    SELECT DISTINCT institution_id, hour FROM fullest
)
SELECT k.institution_id, k.day, h.hour, least(q.persons, coalesce(p.most, 0)) AS usual,
       CASE WHEN s.day IS NOT NULL THEN CASE WHEN m.days = 2 THEN m.fewest ELSE 0 END END AS same_day,
       -- Its own crowd is what is to be explained.
       CASE WHEN k.chain_id <> ''
            THEN coalesce(r.shops, 0) - CASE WHEN w.institution_id IS NULL THEN 0 ELSE 1 END END AS chain_shops,
       t.together
FROM known k JOIN hours h ON h.institution_id = k.institution_id
LEFT JOIN quantiles q ON q.institution_id = k.institution_id AND q.day = k.day AND q.hour = h.hour
LEFT JOIN habits p ON p.institution_id = k.institution_id AND p.day = k.day AND p.hour = h.hour
LEFT JOIN monthly m ON m.institution_id = k.institution_id AND m.day = k.day AND m.hour = h.hour
LEFT JOIN both_seen s ON s.institution_id = k.institution_id AND s.day = k.day
LEFT JOIN risen w ON w.chain_id = k.chain_id AND w.institution_id = k.institution_id AND w.day = k.day
LEFT JOIN again t ON t.institution_id = k.institution_id AND t.day = k.day
LEFT JOIN rises r ON r.chain_id = k.chain_id AND r.day = k.day
