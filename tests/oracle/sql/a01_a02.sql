-- A01 overlapping stays at two institutions, A02 two open stays at one. Clock times.

CREATE TABLE shared_time AS
SELECT a.institution_id AS first_place, a.encounter_id AS first, b.institution_id AS second_place,
       b.encounter_id AS second, b.begin AS since, least(a.finish, b.finish) AS until,
       a.med_type AS first_type, b.med_type AS second_type,
       a.finish - a.begin <= INTERVAL 24 HOUR AS first_short, b.finish - b.begin <= INTERVAL 24 HOUR AS second_short,
       a.discharge_way IN (2, 3) AND a.transfer_to = b.institution_id
         OR b.discharge_way IN (2, 3) AND b.transfer_to = a.institution_id AS transferred
FROM stays AS a JOIN stays AS b
  ON a.person_id = b.person_id
 AND (a.begin, a.institution_id, a.encounter_id) < (b.begin, b.institution_id, b.encounter_id)
LEFT JOIN births AS p ON p.person_id = a.person_id
WHERE b.begin < least(a.finish, b.finish)
  AND NOT is_newborn(a.med_type) AND NOT is_newborn(b.med_type)
  AND (p.birth_date IS NULL OR b.first_day - p.birth_date > 28);

INSERT INTO found BY NAME
SELECT 'A01' AS rule, [first, second] AS encounters FROM shared_time
WHERE first_place <> second_place AND until > since + INTERVAL 12 HOUR
  AND NOT coalesce(transferred, false)
  AND NOT (regexp_matches(second_type, '^(23|24|9925)') AND until <= since + INTERVAL 24 HOUR)
  AND NOT (first_type LIKE '28%' AND first_short OR second_type LIKE '28%' AND second_short);

INSERT INTO found BY NAME
SELECT 'A02' AS rule, [first, second] AS encounters FROM shared_time
WHERE first_place = second_place AND first_type NOT LIKE '28%' AND second_type NOT LIKE '28%';
