-- D04 two items that exclude each other. Key: encounter, code, other_code, and the day or the encounter.
-- Readings: the same day is the same day of one encounter; a pair without a scope is of the encounter; of
-- several records of a pair the latest in force counts. Amount: all of the one that is not payable.

CREATE TABLE item_days AS
SELECT l.institution_id, l.encounter_id, l.person_id, l.code, coalesce(l.day, s.first_day) AS day,
       l.day IS NOT NULL AS dated, sum(l.covered) AS base
FROM lines AS l LEFT JOIN stays AS s USING (institution_id, encounter_id)
GROUP BY ALL;

CREATE TABLE pairs_billed AS
SELECT a.institution_id, a.encounter_id, a.person_id, p.code, p.other_code, coalesce(p.scope, 'encounter') AS scope,
       a.day, b.base, b.day AS other_day, b.dated AND a.dated AS dated
FROM item_days AS a
JOIN exclusive_pairs AS p ON p.code = a.code AND p.since <= a.day
JOIN item_days AS b ON b.institution_id = a.institution_id AND b.encounter_id = a.encounter_id AND b.code = p.other_code
QUALIFY row_number() OVER (PARTITION BY a.institution_id, a.encounter_id, p.code, p.other_code, a.day, b.day, b.dated
                           ORDER BY p.since DESC) = 1;

INSERT INTO found BY NAME
SELECT 'D04' AS rule, 'day' AS form, person_id AS subject, [institution_id] AS institutions,
       [encounter_id] AS encounters, day, [code, other_code] AS codes, 1 AS severity, base AS amount
FROM pairs_billed WHERE scope = 'day' AND dated AND day = other_day;

INSERT INTO found BY NAME
SELECT 'D04' AS rule, 'encounter' AS form, person_id AS subject, [institution_id] AS institutions,
       [encounter_id] AS encounters, [code, other_code] AS codes, 1 AS severity, sum(base) AS amount
FROM (
    SELECT DISTINCT institution_id, encounter_id, person_id, code, other_code, other_day, dated, base
    FROM pairs_billed WHERE scope = 'encounter')
GROUP BY institution_id, encounter_id, person_id, code, other_code;
