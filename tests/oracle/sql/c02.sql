-- C02 more stays than beds, and one bed for two. Keys: institution and first day; the two encounters.
-- Readings: a stay counts on each night it spends (head counted, tail not), an open one up to as_of;
-- "≥ 3 days" are nights of one calendar month, in a row or not, one finding of their first; beds are those of
-- the registry on the night; newborns and day surgery (28) are not counted; declared extra beds and
-- renumbering stand in no field.

CREATE TABLE bedded AS
SELECT s.* FROM stays AS s LEFT JOIN births AS p USING (person_id)
WHERE NOT is_newborn(s.med_type) AND s.med_type NOT LIKE '28%'
  AND (p.birth_date IS NULL OR s.first_day - p.birth_date > 28);

INSERT INTO found BY NAME
WITH nights AS (
    SELECT institution_id,
           unnest(generate_series(first_day, least(last_day - 1, getvariable('as_of')::DATE), INTERVAL 1 DAY))::DATE AS night
    FROM bedded),
full_nights AS (
    SELECT n.institution_id, n.night
    FROM (SELECT institution_id, night, count(*) AS stayed FROM nights GROUP BY ALL) AS n
    ASOF JOIN institutions AS i ON i.institution_id = n.institution_id AND n.night >= i.since
    WHERE i.beds > 0 AND stayed > round(i.beds * getvariable('c02_load'), 6))
SELECT 'C02' AS rule, 'load' AS form, [institution_id] AS institutions, min(night) AS day, 2 AS severity
FROM full_nights GROUP BY institution_id, strftime(night, '%Y-%m') HAVING count(*) >= getvariable('c02_nights');

-- Two persons in one bed for more than four hours; with a bare date: who share a night. Reading: beds are
-- numbered by ward, so where both tell a department it is the same.
INSERT INTO found BY NAME
SELECT 'C02' AS rule, 'bed' AS form, [a.institution_id] AS institutions, [a.encounter_id, b.encounter_id] AS encounters,
       2 AS severity
FROM bedded AS a JOIN bedded AS b
  ON a.institution_id = b.institution_id AND a.bed = b.bed AND a.encounter_id < b.encounter_id
 AND a.person_id <> b.person_id AND coalesce(a.department = b.department, true)
WHERE CASE WHEN a.begin_is_date OR b.begin_is_date OR a.finish_is_date OR b.finish_is_date
           THEN greatest(a.first_day, b.first_day) < least(a.last_day, b.last_day)
           ELSE epoch(least(a.finish, b.finish)) - epoch(greatest(a.begin, b.begin)) > 3600 * getvariable('c02_hours') END;
