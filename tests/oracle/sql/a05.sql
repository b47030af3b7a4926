-- A05 impossible travel. Face to face: an admission, or a settlement over a counter, with a real clock time.

CREATE TABLE face_to_face AS
SELECT *, visited_at::DATE AS day, lead(visited_at) OVER w AS next_at, lead(visited_at::DATE) OVER w AS next_day,
       lead(institution_id) OVER w AS next_place, lead(id) OVER w AS next_id,
       lead(encounter_id) OVER w AS next_encounter, lead(region) OVER w AS next_region
FROM (
    SELECT person_id, institution_id, id, encounter_id, visited_at, region FROM settled
    WHERE clocked AND coalesce(channel, 'counter') = 'counter' AND coalesce(online, true)
      AND coalesce(amounts.family, 0) = 0
      AND recorded - visited_at <= INTERVAL 24 HOUR AND occurred - recorded <= INTERVAL 10 MINUTE
    UNION ALL
    SELECT person_id, institution_id, id, encounter_id, occurred, region FROM live
    WHERE type = 'admission' AND NOT is_date(occurred_at) AND strftime(occurred, '%H:%M:%S') <> '00:00:00'
      AND recorded - occurred <= INTERVAL 24 HOUR AND occurred - recorded <= INTERVAL 10 MINUTE)
WINDOW w AS (PARTITION BY person_id ORDER BY visited_at, institution_id, id);

INSERT INTO found BY NAME
SELECT 'A05' AS rule, [encounter_id, next_encounter] AS encounters FROM (
    SELECT f.*, epoch(next_at - visited_at) AS seconds,
           coalesce(a.group_id = b.group_id, false) AS one_group,
           coalesce(f.region, a.region) AS from_region, coalesce(f.next_region, b.region) AS to_region,
           km(a.latitude, a.longitude, b.latitude, b.longitude) AS distance
    FROM face_to_face AS f
    ASOF LEFT JOIN institutions AS a ON a.institution_id = f.institution_id AND f.day >= a.since
    ASOF LEFT JOIN institutions AS b ON b.institution_id = f.next_place AND f.next_day >= b.since
    WHERE f.institution_id <> f.next_place)
WHERE too_fast(distance, seconds, one_group, from_region, to_region);
