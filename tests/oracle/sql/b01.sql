-- B01 kept cards. Swipes of a terminal's day, each with the ten minutes before it.

CREATE TABLE swipes AS
SELECT s.*, coalesce(device_id, operator_id) AS device
FROM settled AS s ASOF JOIN institutions AS i ON i.institution_id = s.institution_id AND s.day >= i.since
WHERE i.kind IN ('pharmacy', 'clinic', 'village') AND coalesce(device_id, operator_id) IS NOT NULL
  AND s.recorded - s.visited_at <= INTERVAL 24 HOUR;

INSERT INTO found BY NAME
SELECT DISTINCT 'B01' AS rule, institution_id || '|' || device AS subject, [institution_id] AS institutions, day
FROM (
    SELECT last.institution_id, last.device, last.day, last.settlement_id,
           count(DISTINCT w.person_id) AS cards, count(*) AS swiped,
           list_sort(list(epoch(w.visited_at))) AS times, max(list_count.most) AS most
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
    GROUP BY ALL)
WHERE cards >= 5
  AND (list_median(list_transform(range(1, len(times)), lambda n: times[n + 1] - times[n])) <= 60
       OR most / swiped >= 0.5);
