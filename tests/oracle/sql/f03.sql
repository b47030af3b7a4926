-- F03 more patients than a doctor can see. Key: practitioner, day.
-- Readings: visits are out-patient encounters of the settlement's practitioner, else of its lines'; the level
-- is the highest of his institutions that day, level 0 counts as 1, none known is not judged; an hour is any
-- sixty minutes; in-patients are persons with an in-patient line of his; days of 20 hours between first
-- and last order, three of them in a calendar month, are one finding of the first of them, and what a
-- pharmacy sells is no order; a code that no registration knows is a department's, where there are
-- registrations; minutes are D10's, batch renewals stand in no
-- field. The page leaves the severity open (3/2): not compared.

CREATE TABLE doctors AS
SELECT DISTINCT practitioner_id FROM practitioners;

CREATE TABLE seen AS
SELECT DISTINCT coalesce(s.practitioner_id, l.practitioner_id) AS practitioner, s.institution_id, s.encounter_id, s.day,
       s.visited_at, s.clocked
FROM settled AS s
LEFT JOIN lines AS l ON s.practitioner_id IS NULL AND l.institution_id = s.institution_id AND l.encounter_id = s.encounter_id
WHERE s.outpatient AND coalesce(s.practitioner_id, l.practitioner_id) IS NOT NULL;

INSERT INTO found BY NAME
WITH busy AS (
    SELECT s.practitioner, s.day
    FROM seen AS s ASOF LEFT JOIN institutions AS i ON i.institution_id = s.institution_id AND s.day >= i.since
    GROUP BY s.practitioner, s.day
    HAVING count(DISTINCT (s.institution_id, s.encounter_id))
           > CASE WHEN max(i.level) >= 2 THEN getvariable('f03_visits') WHEN max(i.level) < 2 THEN getvariable('f03_visits_low') END
    UNION
    SELECT practitioner, day FROM (
        SELECT practitioner, day, count(*) OVER (
                   PARTITION BY practitioner ORDER BY visited_at
                   RANGE BETWEEN INTERVAL '3599 seconds' PRECEDING AND CURRENT ROW) AS in_an_hour
        FROM (SELECT practitioner, day, institution_id, encounter_id, min(visited_at) AS visited_at
              FROM seen WHERE clocked GROUP BY ALL))
    WHERE in_an_hour > getvariable('f03_hourly')
    UNION
    SELECT practitioner_id, day FROM lines
    WHERE inpatient AND practitioner_id IS NOT NULL AND day IS NOT NULL
    GROUP BY ALL HAVING count(DISTINCT person_id) > getvariable('f03_inpatients')
    UNION
    SELECT practitioner_id, min(day) FROM (
        SELECT practitioner_id, day FROM lines
        ANTI JOIN (SELECT institution_id, encounter_id FROM settled WHERE pharmacy) USING (institution_id, encounter_id)
        WHERE clocked AND practitioner_id IS NOT NULL
        GROUP BY ALL HAVING epoch(max(ordered_at)) - epoch(min(ordered_at)) >= 3600 * getvariable('f03_span_hours'))
    GROUP BY practitioner_id, strftime(day, '%Y-%m') HAVING count(*) >= getvariable('f03_span_days'))
SELECT 'F03' AS rule, practitioner AS subject, day FROM busy
WHERE NOT EXISTS (FROM doctors) OR practitioner IN (FROM doctors);
