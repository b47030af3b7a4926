-- F09 one prescription in pieces. Key: person, institution, day.
-- Readings: the limits clause binds both forms, and without a limit nothing is judged; the limit is of the
-- total; out-patient settlements only; other departments, other disease codes and the other half of the day
-- stand apart before anything is counted.

CREATE TABLE pieces AS
SELECT person_id, institution_id, settlement_id, day, total, practitioner_id, visited_at, clocked,
       concat_ws('|', person_id, institution_id, day, coalesce(department, ''), coalesce(disease_code, ''),
                 CASE WHEN clocked THEN (date_part('hour', visited_at) >= 12)::VARCHAR ELSE '' END) AS session
FROM settled WHERE outpatient AND total > 0;

INSERT INTO found BY NAME
WITH sets AS (
    SELECT person_id, institution_id, day, sum(total) AS together, max(total) AS greatest_one, count(*) AS number,
           count(*) FILTER (total BETWEEN getvariable('f09_band') * getvariable('f09_limit') AND getvariable('f09_limit')) AS near
    FROM pieces GROUP BY session, person_id, institution_id, day
    HAVING count(*) >= getvariable('f09_settlements')
    UNION ALL
    SELECT a.person_id, a.institution_id, a.day, a.total + b.total, greatest(a.total, b.total), 2,
           (a.total BETWEEN getvariable('f09_band') * getvariable('f09_limit') AND getvariable('f09_limit'))::INTEGER
           + (b.total BETWEEN getvariable('f09_band') * getvariable('f09_limit') AND getvariable('f09_limit'))::INTEGER
    FROM pieces AS a JOIN pieces AS b
      ON a.session = b.session AND a.settlement_id < b.settlement_id AND a.practitioner_id = b.practitioner_id
     AND a.clocked AND b.clocked AND abs(epoch(a.visited_at - b.visited_at)) <= 60 * getvariable('f09_minutes'))
SELECT DISTINCT 'F09' AS rule, person_id AS subject, [institution_id] AS institutions, day, 2 AS severity FROM sets
WHERE together > getvariable('f09_limit') AND greatest_one <= getvariable('f09_limit')
   OR near >= getvariable('f09_band_share') * number;
