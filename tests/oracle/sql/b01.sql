-- B01 kept cards. Swipes of a terminal's day, each with the ten minutes before it.

CREATE TABLE swipes AS
SELECT s.*, coalesce(device_id, operator_id) AS device
FROM settled AS s ASOF JOIN institutions AS i ON i.institution_id = s.institution_id AND s.day >= i.since
WHERE i.kind IN ('pharmacy', 'clinic', 'village') AND coalesce(device_id, operator_id) IS NOT NULL
  AND s.recorded - s.visited_at <= INTERVAL 24 HOUR;

CREATE TABLE windows AS
SELECT DISTINCT last.institution_id, last.day, last.settlement_id, w.person_id
FROM swipes AS last
JOIN swipes AS w ON w.institution_id = last.institution_id AND w.device = last.device AND w.day = last.day
 AND w.visited_at >= last.visited_at - INTERVAL 10 MINUTE
 AND (w.visited_at, w.settlement_id) <= (last.visited_at, last.settlement_id);

-- Of crowds where each of the four weeks before shows swipes: how many of them stood together on one day of these.
CREATE TABLE together AS
WITH crowds AS (
    SELECT institution_id, day, settlement_id FROM windows GROUP BY ALL HAVING count(*) >= 5
), known AS (
    SELECT c.institution_id, c.day
    FROM (SELECT DISTINCT institution_id, day FROM crowds) AS c
    JOIN swipes AS s ON s.institution_id = c.institution_id AND s.day < c.day AND s.day >= c.day - 28
    GROUP BY ALL HAVING count(DISTINCT (date_diff('day', s.day, c.day) - 1) // 7) = 4
), met AS (
    SELECT c.institution_id, c.settlement_id, earlier.settlement_id AS other, count(*) AS again
    FROM crowds AS c SEMI JOIN known AS k ON k.institution_id = c.institution_id AND k.day = c.day
    JOIN windows AS w ON w.institution_id = c.institution_id AND w.settlement_id = c.settlement_id
    JOIN windows AS earlier ON earlier.institution_id = c.institution_id AND earlier.person_id = w.person_id
     AND earlier.day < c.day AND earlier.day >= c.day - 28
    GROUP BY ALL
)
SELECT institution_id, settlement_id, max(again) AS again FROM met GROUP BY ALL;

INSERT INTO found BY NAME
SELECT DISTINCT 'B01' AS rule, institution_id || '|' || device AS subject, [institution_id] AS institutions, day
FROM (
    SELECT last.institution_id, last.device, last.day, last.settlement_id,
           count(DISTINCT w.person_id) AS cards, count(*) AS swiped,
           list_sort(list(epoch(w.visited_at))) AS times, max(list_count.most) AS most, max(t.again) AS again
    FROM swipes AS last
    JOIN swipes AS w ON w.institution_id = last.institution_id AND w.device = last.device AND w.day = last.day
     AND w.visited_at >= last.visited_at - INTERVAL 10 MINUTE
     AND (w.visited_at, w.settlement_id) <= (last.visited_at, last.settlement_id)
    JOIN LATERAL (
        SELECT max(number) AS most FROM (
            SELECT count(*) AS number FROM swipes AS o
            WHERE o.institution_id = last.institution_id AND o.device = last.device AND o.day = last.day
              AND o.visited_at >= last.visited_at - INTERVAL 10 MINUTE
              AND (o.visited_at, o.settlement_id) <= (last.visited_at, last.settlement_id)
            GROUP BY o.total)) AS list_count ON true
    LEFT JOIN together AS t ON t.institution_id = last.institution_id AND t.settlement_id = last.settlement_id
    GROUP BY ALL)
WHERE cards >= 5
  AND (list_median(list_transform(range(1, len(times)), lambda n: times[n + 1] - times[n])) <= 60
       OR most / swiped >= 0.5 OR again >= greatest(2, 0.5 * cards));
