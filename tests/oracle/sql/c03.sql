-- C03 decomposed admission: the next stay soon after. Keys: the two encounters; a chain's encounters.
-- Readings: any two stays of the predicate, not only neighbours; 15 d is 360 h by clocks and fifteen days
-- where an end is a bare date; similarity is the share of common codes among all codes of both stays;
-- suppressions hold for all three forms and look at any diagnosis of the second stay for Z51 and Z49, at
-- its principal one for the others; a transfer back, or on to the second institution, is none; staged
-- surgery and the quota stand in no field; a return planned at the first discharge is none.

CREATE TABLE billed_codes AS
SELECT institution_id, encounter_id, list(DISTINCT code) AS codes FROM lines GROUP BY ALL;

CREATE TABLE returns AS
SELECT a.person_id, a.institution_id AS place, a.encounter_id AS encounter, a.finish AS left_at,
       b.institution_id AS next_place, b.encounter_id AS next_encounter, b.begin AS back_at,
       a.institution_id = b.institution_id AND a.last_day = b.first_day AS same_day,
       coalesce(a.department = b.department AND a.practitioner_id = b.practitioner_id, false)
           OR coalesce(a.discharge_way <> 1, false) AS graver
FROM stays AS a JOIN stays AS b
  ON a.person_id = b.person_id
 AND (a.begin, a.institution_id, a.encounter_id) < (b.begin, b.institution_id, b.encounter_id)
ASOF LEFT JOIN institutions AS i ON i.institution_id = a.institution_id AND b.first_day >= i.since
ASOF LEFT JOIN institutions AS j ON j.institution_id = b.institution_id AND b.first_day >= j.since
LEFT JOIN billed_codes AS x ON x.institution_id = a.institution_id AND x.encounter_id = a.encounter_id
LEFT JOIN billed_codes AS y ON y.institution_id = b.institution_id AND y.encounter_id = b.encounter_id
WHERE a.closed
  AND CASE WHEN a.finish_is_date OR b.begin_is_date
           THEN b.first_day - a.last_day BETWEEN 0 AND getvariable('c03_days')
           ELSE epoch(b.begin) - epoch(a.finish) BETWEEN 0 AND 86400 * getvariable('c03_days') END
  AND (a.institution_id = b.institution_id OR coalesce(i.group_id = j.group_id, false))
  AND (a.institution_id = b.institution_id AND a.last_day = b.first_day
       OR coalesce(left(a.main_disease, 3) = left(b.main_disease, 3), false)
       OR coalesce(len(list_intersect(x.codes, y.codes))
                   / len(list_distinct(list_concat(x.codes, y.codes))) >= getvariable('c03_similarity'), false))
  AND NOT is_newborn(a.med_type) AND NOT is_newborn(b.med_type)
  AND NOT regexp_matches(a.med_type, '^2105') AND NOT regexp_matches(b.med_type, '^(24|2105)')
  AND len(list_filter(coalesce(b.diseases, []), lambda d: regexp_matches(d, '^(Z51\.?[0125]|Z49)'))) = 0
  AND NOT regexp_matches(coalesce(b.main_disease, ''), '^(O|F|A1[5-9]|T2[0-9]|T3[0-2])')
  AND NOT coalesce(a.planned_return, false)
  AND NOT coalesce(a.discharge_way IN (2, 5) OR a.discharge_way = 3 AND a.transfer_to = b.institution_id, false);

CREATE TABLE stay_funds AS
SELECT institution_id, encounter_id, sum(fund) AS fund FROM settled WHERE inpatient GROUP BY ALL;

-- Severity of a pair: 2 on the same day, or with the same department and doctor, or a discharge other than
-- by order. Amount: what the fund paid for the later stay (§0.4).
INSERT INTO found BY NAME
SELECT 'C03' AS rule, 'pair' AS form, person_id AS subject, [encounter, next_encounter] AS encounters,
       CASE WHEN same_day OR graver THEN 2 ELSE 3 END AS severity, coalesce(f.fund, 0) AS amount
FROM returns LEFT JOIN stay_funds AS f ON f.institution_id = next_place AND f.encounter_id = next_encounter;

-- Chain. Reading: three stays or more, each a return from the one before, the last admission at most thirty
-- days after the first discharge; the longest chains count, not parts of them. Severity: its gravest link's.
INSERT INTO found BY NAME
WITH RECURSIVE links AS (
    SELECT *, place || ' ' || encounter AS name, next_place || ' ' || next_encounter AS next_name,
           CASE WHEN same_day OR graver THEN 2 ELSE 3 END AS severity
    FROM returns
    QUALIFY row_number() OVER (PARTITION BY person_id, place, encounter
                               ORDER BY back_at, next_place, next_encounter) = 1),
walk AS (
    SELECT person_id, name AS start, left_at, next_name AS here, [name, next_name] AS names,
           [encounter, next_encounter] AS encounters, severity
    FROM links
    UNION ALL
    SELECT w.person_id, w.start, w.left_at, l.next_name, list_append(w.names, l.next_name),
           list_append(w.encounters, l.next_encounter), least(w.severity, l.severity)
    FROM walk AS w JOIN links AS l ON l.person_id = w.person_id AND l.name = w.here
    WHERE epoch(l.back_at) - epoch(w.left_at) <= 86400 * getvariable('c03_chain_days')),
chains AS (
    SELECT * FROM walk WHERE len(names) >= getvariable('c03_chain_stays')
    QUALIFY row_number() OVER (PARTITION BY person_id, start ORDER BY len(names) DESC) = 1)
SELECT 'C03' AS rule, 'chain' AS form, person_id AS subject, encounters, severity
FROM chains AS c
WHERE NOT EXISTS (
    SELECT 1 FROM chains AS o
    WHERE o.person_id = c.person_id AND len(o.names) > len(c.names) AND list_has_all(o.names, c.names));
