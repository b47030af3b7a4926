-- A06 many institutions on one day. Key: person, day.
-- Readings: visits and purchases count, in-patient settlements do not; a purchase on a prescription that a
-- visit of the same day passed on (external_prescription, or the same prescription_id) belongs to that visit
-- and counts for neither form; channels and payers make no difference, the page names none.

CREATE TABLE passed_on AS
SELECT DISTINCT p.institution_id, p.settlement_id
FROM settled AS p JOIN settled AS v ON v.person_id = p.person_id AND v.day = p.day AND v.outpatient
WHERE p.pharmacy AND v.visited_at <= p.visited_at
  AND (v.prescription_id = p.prescription_id
       OR EXISTS (SELECT 1 FROM sold AS s WHERE s.institution_id = p.institution_id
                  AND s.settlement_id = p.settlement_id AND s.external_prescription));

INSERT INTO found BY NAME
SELECT 'A06' AS rule, person_id AS subject, day, 3 AS severity FROM (
    SELECT person_id, day FROM settled ANTI JOIN passed_on USING (institution_id, settlement_id)
    WHERE outpatient OR pharmacy
    GROUP BY ALL HAVING count(DISTINCT institution_id) >= getvariable('a06_institutions')
    UNION
    SELECT person_id, visit_day FROM (
        SELECT person_id, visit_day, drug FROM sold ANTI JOIN passed_on USING (institution_id, settlement_id)
        WHERE pharmacy AND is_drug
        GROUP BY ALL HAVING count(DISTINCT institution_id) >= getvariable('a06_pharmacies')));
