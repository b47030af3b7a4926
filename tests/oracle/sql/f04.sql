-- F04 one doctor at several institutions. Key: practitioner, day (of the later order).
-- Readings: orders are lines with a practitioner (the line's, else the event's) and out-patient settlements
-- without lines; purchases (41) name who prescribed elsewhere and do not count, nor do internet visits;
-- neighbours in time as in A05; institutions of one group, and two at which the doctor is registered that
-- day, go together; three institutions a day count groups once and are nothing where all are registered.

CREATE TABLE registered AS
SELECT practitioner_id, institution_id, coalesce("from"::DATE, DATE '0001-01-01') AS since,
       coalesce("to"::DATE, DATE '9999-01-01') AS until
FROM practitioners;

CREATE TABLE orders AS
SELECT DISTINCT o.*, r.practitioner_id IS NOT NULL AS is_registered
FROM (
    SELECT l.practitioner_id AS practitioner, l.institution_id, l.ordered_at, l.day, l.clocked
    FROM lines AS l LEFT JOIN settled AS s ON s.institution_id = l.institution_id AND s.settlement_id = l.settlement_id
    WHERE l.practitioner_id IS NOT NULL AND l.day IS NOT NULL
      AND NOT coalesce(s.pharmacy, false) AND coalesce(s.channel, '') <> 'internet'
    UNION
    SELECT s.practitioner_id, s.institution_id, s.visited_at, s.day, s.clocked FROM settled AS s
    WHERE s.outpatient AND s.practitioner_id IS NOT NULL AND coalesce(s.channel, '') <> 'internet'
      AND NOT EXISTS (SELECT 1 FROM lines AS l
                      WHERE l.institution_id = s.institution_id AND l.encounter_id = s.encounter_id)) AS o
LEFT JOIN registered AS r ON r.practitioner_id = o.practitioner AND r.institution_id = o.institution_id
 AND o.day BETWEEN r.since AND r.until;

CREATE TABLE placed AS
SELECT o.*, i.group_id, i.region, i.latitude, i.longitude
FROM orders AS o ASOF LEFT JOIN institutions AS i ON i.institution_id = o.institution_id AND o.day >= i.since;

INSERT INTO found BY NAME
SELECT 'F04' AS rule, practitioner AS subject, day, 2 AS severity FROM (
    SELECT practitioner, next.day AS day FROM (
        SELECT *, lead(placed) OVER (PARTITION BY practitioner ORDER BY ordered_at, institution_id) AS next
        FROM placed WHERE clocked)
    WHERE institution_id <> next.institution_id
      AND NOT (is_registered AND next.is_registered)
      AND NOT coalesce(group_id = next.group_id, false)
      AND too_fast(km(latitude, longitude, next.latitude, next.longitude), epoch(next.ordered_at) - epoch(ordered_at), false,
                   region, next.region)
    UNION
    SELECT practitioner, day FROM placed GROUP BY ALL
    HAVING count(DISTINCT coalesce(group_id, institution_id)) >= getvariable('f04_institutions')
       AND NOT bool_and(is_registered));
