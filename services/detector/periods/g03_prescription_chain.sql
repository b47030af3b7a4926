-- A row a group, practitioner and pharmacy.
WITH written AS (
    SELECT person, prescription_id, min(practitioner) AS practitioner, min(institution_id) AS clinic
    FROM screened
    WHERE care = 'visit' AND settlement_id <> '' AND prescription_id <> '' AND practitioner <> ''
    GROUP BY person, prescription_id HAVING count(DISTINCT practitioner) = 1
), fills AS (
    SELECT w.practitioner, w.clinic, s.institution_id AS pharmacy, s.person, s.prescription_id, s.settlement_id,
           s.encounter_id, s.name, s.day, s.total, greatest(s.fund, 0) AS fund, s.historical
    FROM screened s JOIN written w ON w.person = s.person AND w.prescription_id = s.prescription_id
    WHERE s.care = 'pharmacy' AND s.settlement_id <> ''
), taken AS (
    SELECT m.group_id, f.*
    FROM (SELECT DISTINCT group_id, person FROM gatherings) m JOIN fills f ON f.person = m.person
), filled AS (
    SELECT group_id, count(DISTINCT person || ' ' || prescription_id) AS filled FROM taken GROUP BY group_id
), chains AS (
    SELECT t.group_id, t.practitioner, t.pharmacy, max(f.filled) AS filled,
           count(DISTINCT t.person || ' ' || t.prescription_id) AS prescriptions,
           count(DISTINCT t.person) AS persons, min(t.day) AS first_day, max(t.day) AS last_day,
           CAST(sum(t.total) AS bigint) AS total, CAST(sum(t.fund) AS bigint) AS amount,
           bool_and(t.historical) AS historical,
           array_agg(DISTINCT t.clinic) AS clinics, array_agg(DISTINCT t.encounter_id) AS encounters,
           array_agg(DISTINCT t.settlement_id) AS settlements,
           array_agg(t.person ORDER BY t.day, t.name, t.person) AS each_person,
           array_agg(t.clinic ORDER BY t.day, t.name, t.person) AS each_clinic,
           array_agg(t.prescription_id ORDER BY t.day, t.name, t.person) AS each_prescription,
           array_agg(t.settlement_id ORDER BY t.day, t.name, t.person) AS each_settlement,
           array_agg(t.day ORDER BY t.day, t.name, t.person) AS each_filled_day,
           array_agg(t.total ORDER BY t.day, t.name, t.person) AS each_total_fen
    FROM taken t JOIN filled f ON f.group_id = t.group_id
    GROUP BY t.group_id, t.practitioner, t.pharmacy
), striking AS (
    SELECT * FROM chains
    WHERE prescriptions >= $prescriptions AND persons >= $members AND last_day >= $begin_day
      AND prescriptions >= $share * filled
), others AS (
    SELECT c.group_id, c.practitioner, c.pharmacy, count(*) AS written,
           count(*) FILTER (WHERE f.pharmacy = c.pharmacy) AS there
    FROM striking c JOIN fills f ON f.practitioner = c.practitioner
    WHERE NOT EXISTS (SELECT 1 FROM gatherings g WHERE g.group_id = c.group_id AND g.person = f.person)
    GROUP BY c.group_id, c.practitioner, c.pharmacy
)
SELECT c.group_id, c.practitioner, c.pharmacy, $month AS month, array_append(c.clinics, c.pharmacy) AS institution_ids,
       c.last_day AS happened, c.first_day, c.last_day, c.persons, c.filled, c.prescriptions,
       CAST(c.prescriptions AS double precision) / c.filled AS share, c.total AS total_fen, c.amount,
       c.historical, c.encounters, c.settlements, c.each_person, c.each_clinic, c.each_prescription,
       c.each_settlement, c.each_filled_day, c.each_total_fen,
       CASE WHEN o.written >= $others THEN o.there >= $share * o.written END AS check_usual_way
FROM striking c
LEFT JOIN others o ON o.group_id = c.group_id AND o.practitioner = c.practitioner AND o.pharmacy = c.pharmacy
