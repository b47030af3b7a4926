-- B04 buying day after day. Keys: person and first day of the run; person, drug and month.
-- Readings: the section is of pharmacies, so only purchases (41) count; months are calendar months; a drug is
-- its ingredient, else its code; several lines of one settlement are one dispensing; the monthly standard is
-- thirty days at the pack's daily units and is not judged without them.

INSERT INTO found BY NAME
WITH days AS (SELECT DISTINCT person_id, day FROM settled WHERE pharmacy),
runs AS (
    SELECT *, day - (row_number() OVER (PARTITION BY person_id ORDER BY day))::INTEGER AS run FROM days)
SELECT 'B04' AS rule, 'run' AS form, person_id AS subject, min(day) AS day, 3 AS severity
FROM runs GROUP BY person_id, run HAVING count(*) >= getvariable('b04_days');

INSERT INTO found BY NAME
SELECT 'B04' AS rule, 'month' AS form, person_id AS subject, strftime(visit_day, '%Y-%m') AS month, [drug] AS codes,
       3 AS severity
FROM sold WHERE pharmacy AND is_drug
GROUP BY person_id, strftime(visit_day, '%Y-%m'), drug
HAVING count(DISTINCT (institution_id, settlement_id)) > getvariable('b04_dispensings')
    OR sum(quantity * units_per_pack / daily_units) > getvariable('b04_standard') * getvariable('b04_month');
