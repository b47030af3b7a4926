-- A07 repeated swipe in both forms, D14 duplicate settlement.

CREATE TABLE twice AS
SELECT a.*, b.settlement_id AS other_id, b.prescription_id AS other_prescription, b.disease_code AS other_disease,
       b.bill AS other_bill, b.named_diseases AS other_diseases, b.day AS other_day, b.total AS other_total,
       b.mid_stay AS other_mid_stay, b.outpatient OR b.pharmacy AS other_counter
FROM settled AS a JOIN settled AS b
  ON a.person_id = b.person_id AND a.institution_id = b.institution_id AND a.settlement_id < b.settlement_id
 AND abs(epoch(a.visited_at - b.visited_at)) <= 60;

INSERT INTO found BY NAME
SELECT 'A07' AS rule, 'pair' AS form, [settlement_id, other_id] AS settlements FROM twice
WHERE (outpatient OR pharmacy) AND other_counter AND total = other_total
  AND (pharmacy OR NOT (coalesce(prescription_id <> other_prescription, false)
                        AND coalesce(disease_code <> other_disease, false)));

-- Three in thirty minutes at one pharmacy. Key: person, institution, day. Readings: swipes are pharmacy
-- settlements (41) with a clock time; a window over midnight is of the day on which it begins; the last of
-- the three lies at most thirty minutes after the first.
INSERT INTO found BY NAME
SELECT DISTINCT 'A07' AS rule, 'burst' AS form, person_id AS subject, [institution_id] AS institutions, day,
       3 AS severity
FROM (
    SELECT *, lead(visited_at, (getvariable('a07_swipes') - 1)::BIGINT)
              OVER (PARTITION BY person_id, institution_id ORDER BY visited_at, settlement_id) AS last_at
    FROM settled WHERE pharmacy AND clocked)
WHERE epoch(last_at - visited_at) <= 60 * getvariable('a07_minutes');

INSERT INTO found BY NAME
SELECT 'D14' AS rule, [settlement_id, other_id] AS settlements FROM twice
WHERE NOT coalesce(mid_stay, false) AND NOT coalesce(other_mid_stay, false)
  AND (len(bill) > 0 AND bill = other_bill
       OR total = other_total AND day = other_day
          AND len(named_diseases) > 0 AND named_diseases = other_diseases);
