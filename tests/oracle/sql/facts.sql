-- What counts, from the contract (section 2) and the catalogue's frame (section 0). Variable: folder, with
-- events.ndjson as posted; the registry tables are there already. Nothing of the product's code is used.

CREATE MACRO moment(text) AS CAST(text AS TIMESTAMPTZ);
CREATE MACRO is_date(text) AS length(text) = 10;
CREATE MACRO is_inpatient(code) AS regexp_matches(code, '^(21|22|23|24|25|26|28|52|9901|9921|9925)');
CREATE MACRO is_newborn(code) AS regexp_matches(code, '^(9901|9921|5212)');
CREATE MACRO yes(text) AS coalesce(lower(text) IN ('1', 'true'), false);
CREATE MACRO km(lat, lon, other_lat, other_lon) AS
    2 * 6371.0088 * asin(sqrt(pow(sin(radians(other_lat - lat) / 2), 2)
        + cos(radians(lat)) * cos(radians(other_lat)) * pow(sin(radians(other_lon - lon) / 2), 2)));
-- A05's three tests: by speed, by a short gap nearby, and by regions where a place is not known.
CREATE MACRO too_fast(distance, seconds, one_group, region, other_region) AS
    CASE WHEN distance >= 10 THEN distance * 3600 > 120 * seconds
         WHEN distance < 10 THEN NOT one_group AND seconds <= 300
         WHEN left(region, 2) <> left(other_region, 2) THEN seconds < 180 * 60
         WHEN left(region, 4) <> left(other_region, 4) THEN seconds < 60 * 60
         WHEN region <> other_region THEN seconds < 20 * 60
         ELSE false END;

CREATE TABLE events AS
SELECT *, moment(occurred_at) AS occurred, moment(coalesce(recorded_at, occurred_at)) AS recorded
FROM read_json(getvariable('folder') || '/events.ndjson', format = 'newline_delimited', columns = {
    type: 'VARCHAR', event_id: 'VARCHAR', institution_id: 'VARCHAR', person_id: 'VARCHAR',
    occurred_at: 'VARCHAR', recorded_at: 'VARCHAR', region: 'VARCHAR', device_id: 'VARCHAR',
    operator_id: 'VARCHAR', practitioner_id: 'VARCHAR', department: 'VARCHAR', encounter_id: 'VARCHAR',
    settlement_id: 'VARCHAR', med_type: 'VARCHAR', begin_at: 'VARCHAR', end_at: 'VARCHAR', bed: 'VARCHAR',
    mid_stay: 'BOOLEAN', emergency: 'INTEGER', channel: 'VARCHAR', online: 'BOOLEAN',
    external_institution: 'VARCHAR', prescription_id: 'VARCHAR', disease_code: 'VARCHAR',
    discharge_way: 'INTEGER', transfer_to: 'VARCHAR', planned_return: 'BOOLEAN',
    amounts: 'STRUCT(total DECIMAL(16,2), fund DECIMAL(16,2), account DECIMAL(16,2), family DECIMAL(16,2),
              balance DECIMAL(16,2))',
    lines: 'STRUCT(line_id VARCHAR, code VARCHAR, quantity VARCHAR, amount VARCHAR, occurred_at VARCHAR,
                   name VARCHAR, category VARCHAR, unit VARCHAR, covered_amount VARCHAR, days_supply INTEGER,
                   practitioner_id VARCHAR, discharge_drug BOOLEAN, external_prescription BOOLEAN,
                   refunds_line_id VARCHAR)[]',
    diagnoses: 'STRUCT(code VARCHAR, main BOOLEAN)[]',
    cancels: 'STRUCT(type VARCHAR, id VARCHAR, line_id VARCHAR, event_id VARCHAR)'})
QUALIFY row_number() OVER (PARTITION BY institution_id, event_id) = 1;

SET VARIABLE as_of = (SELECT max(occurred) FROM events);

-- A cancellation can be cancelled; what cancels that one stands (reading: two storeys, no more).
CREATE TABLE cancellations AS
SELECT institution_id, recorded, cancels.type AS what, cancels.id AS id,
       coalesce(cancels.line_id, '*') AS line_id, cancels.event_id AS only_event
FROM events AS c
WHERE type = 'cancellation' AND NOT EXISTS (
    SELECT 1 FROM events AS later
    WHERE later.type = 'cancellation' AND later.cancels.type = 'cancellation'
      AND later.institution_id = c.institution_id AND later.cancels.id = c.event_id
      AND (later.cancels.event_id = c.event_id
           OR later.cancels.event_id IS NULL AND c.recorded <= later.recorded AND c.event_id <> later.event_id));

CREATE TABLE named AS
SELECT *, CASE type WHEN 'settlement' THEN settlement_id WHEN 'admission' THEN encounter_id
          WHEN 'discharge' THEN encounter_id ELSE event_id END AS id,
       list_transform(diagnoses, lambda d: d.code) AS diseases,
       -- Reading: the principal diagnosis is the one marked, else the first.
       coalesce(list_filter(diagnoses, lambda d: coalesce(d.main, false))[1].code, diagnoses[1].code) AS main_disease
FROM events WHERE type IN ('admission', 'discharge', 'settlement', 'fee_lines', 'identity_check', 'inspection');

-- Of several versions the greatest that no cancellation removes.
CREATE TABLE live AS
SELECT * FROM named AS fact
WHERE NOT EXISTS (
    SELECT 1 FROM cancellations AS c
    WHERE c.institution_id = fact.institution_id AND c.what = fact.type
      AND c.id = CASE fact.type WHEN 'fee_lines' THEN fact.encounter_id ELSE fact.id END
      AND (fact.type <> 'fee_lines' OR c.line_id = '*')
      AND CASE WHEN c.only_event IS NULL THEN fact.recorded <= c.recorded ELSE c.only_event = fact.event_id END)
QUALIFY row_number() OVER (PARTITION BY type, institution_id, id ORDER BY recorded DESC, event_id DESC) = 1;

CREATE TABLE settlements AS
SELECT *, amounts.total AS total, amounts.fund AS fund,
       coalesce(begin_at, occurred_at) AS visit_text,
       moment(coalesce(begin_at, occurred_at)) AS visited_at,
       moment(coalesce(begin_at, occurred_at))::DATE AS day,
       -- Reading: a local midnight is a missing time of day.
       NOT is_date(coalesce(begin_at, occurred_at))
           AND strftime(moment(coalesce(begin_at, occurred_at)), '%H:%M:%S') <> '00:00:00' AS clocked,
       is_inpatient(med_type) AS inpatient,
       regexp_matches(med_type, '^(11|12|13|14|15|16|19|51|53|81)') AS outpatient,
       med_type LIKE '41%' AS pharmacy,
       list_sort(list_transform(lines, lambda l: concat_ws('|', l.code, l.quantity::DOUBLE, l.amount::DOUBLE))) AS bill,
       list_sort(diseases) AS named_diseases,
       row_number() OVER (PARTITION BY institution_id, encounter_id, abs(amounts.total), amounts.total < 0
                          ORDER BY recorded, settlement_id) AS turn
FROM live WHERE type = 'settlement';

-- Reading: a negative settlement takes back one of the same encounter and amount; neither counts (§0.5 (1)).
CREATE TABLE settled AS
SELECT * FROM settlements AS paid
WHERE total >= 0 AND NOT EXISTS (
    SELECT 1 FROM settlements AS back
    WHERE back.institution_id = paid.institution_id AND back.encounter_id = paid.encounter_id
      AND back.total = -paid.total AND back.total < 0 AND back.turn = paid.turn);

-- A stay is admission and discharge; an in-patient settlement fills what they leave open. Open: 9999-01-01.
CREATE TABLE stays AS
WITH told AS (
    SELECT *, CASE WHEN type = 'settlement' THEN moment(begin_at) END AS settled_begin,
           CASE WHEN type = 'settlement' AND NOT coalesce(mid_stay, false) THEN moment(end_at) END AS settled_end
    FROM live
    WHERE type IN ('admission', 'discharge') OR type = 'settlement' AND is_inpatient(med_type)),
joined AS (
    SELECT person_id, institution_id, encounter_id,
           coalesce(min(occurred) FILTER (type = 'admission'), min(settled_begin)) AS begin,
           coalesce(bool_or(is_date(occurred_at)) FILTER (type = 'admission'),
                    arg_min(is_date(begin_at), settled_begin)) AS begin_is_date,
           coalesce(min(occurred) FILTER (type = 'discharge'), max(settled_end), '9999-01-01'::TIMESTAMPTZ) AS finish,
           coalesce(bool_or(is_date(occurred_at)) FILTER (type = 'discharge'),
                    arg_max(is_date(end_at), settled_end), false) AS finish_is_date,
           coalesce(min(med_type) FILTER (type = 'admission'), min(med_type) FILTER (type = 'settlement')) AS med_type,
           max(discharge_way) AS discharge_way, max(transfer_to) AS transfer_to,
           bool_or(planned_return) AS planned_return, max(bed) AS bed,
           -- Reading: field by field, the discharge's word, else the admission's, else the last settlement's.
           coalesce(min(main_disease) FILTER (type = 'discharge'), min(main_disease) FILTER (type = 'admission'),
                    arg_max(main_disease, recorded) FILTER (type = 'settlement')) AS main_disease,
           flatten(list(diseases) FILTER (diseases IS NOT NULL)) AS diseases,
           coalesce(min(department) FILTER (type = 'admission'), min(department) FILTER (type = 'discharge'),
                    arg_max(department, recorded) FILTER (type = 'settlement')) AS department,
           coalesce(min(practitioner_id) FILTER (type = 'admission'), min(practitioner_id) FILTER (type = 'discharge'),
                    arg_max(practitioner_id, recorded) FILTER (type = 'settlement')) AS practitioner_id,
           list(external_institution) FILTER (external_institution IS NOT NULL) AS sent_to
    FROM told GROUP BY person_id, institution_id, encounter_id)
SELECT *, begin::DATE AS first_day, finish::DATE AS last_day, finish < '9999-01-01' AS closed,
       finish::DATE - begin::DATE AS nights
FROM joined
WHERE begin IS NOT NULL AND is_inpatient(med_type)
  AND CASE WHEN begin_is_date OR finish_is_date THEN finish::DATE >= begin::DATE ELSE finish >= begin END;

-- Lines: of several versions of (institution, encounter, line) the greatest counts, whether it came in
-- fee_lines or with a settlement. Reading: a line's cancellation names the line, wherever its versions came
-- from; a settlement's lines live and go with the settlement. Every line without an id of its own is none.
CREATE TABLE line_versions AS
WITH written AS (
    SELECT event_id, institution_id, encounter_id, person_id, recorded, practitioner_id AS signed_by,
           occurred_at AS event_text, NULL AS settlement_id, unnest(lines) AS line
    FROM named WHERE type = 'fee_lines'
    UNION ALL
    SELECT event_id, institution_id, encounter_id, person_id, recorded, practitioner_id,
           visit_text, settlement_id, unnest(lines)
    FROM settled)
SELECT * FROM written AS w
WHERE NOT EXISTS (
    SELECT 1 FROM cancellations AS c
    WHERE c.what = 'fee_lines' AND c.institution_id = w.institution_id AND c.id = w.encounter_id
      AND c.line_id IN ('*', w.line.line_id)
      AND CASE WHEN c.only_event IS NULL THEN w.recorded <= c.recorded ELSE c.only_event = w.event_id END);

CREATE TABLE whole_lines AS
SELECT v.institution_id, v.encounter_id, v.person_id, line.line_id AS line_id, line.code AS code,
       line.quantity::DECIMAL(18, 4) AS quantity, line.amount::DECIMAL(16, 2) AS amount,
       -- Reading: without a covered amount the whole amount is the base (§0.4).
       coalesce(line.covered_amount, line.amount)::DECIMAL(16, 2) AS covered,
       line.name AS name, line.category AS category, line.unit AS unit, line.days_supply AS days_supply,
       coalesce(line.practitioner_id, signed_by) AS practitioner_id, line.discharge_drug AS discharge_drug,
       line.external_prescription AS external_prescription, line.refunds_line_id AS refunds,
       s.encounter_id IS NOT NULL AS inpatient, line.occurred_at IS NOT NULL AS timed,
       -- Reading: an out-patient line without a time of its own is of its visit; an in-patient one is of no
       -- day that is known, and day rules are silent about it.
       coalesce(line.occurred_at, CASE WHEN s.encounter_id IS NULL THEN event_text END) AS at_text
FROM line_versions AS v
LEFT JOIN (SELECT DISTINCT institution_id, encounter_id FROM stays) AS s
  ON s.institution_id = v.institution_id AND s.encounter_id = v.encounter_id
QUALIFY row_number() OVER (PARTITION BY v.institution_id, v.encounter_id, line.line_id
                           ORDER BY v.recorded DESC, v.event_id DESC) = 1;

-- The settlement that a line stands in: the one that carries it, else the encounter's first.
CREATE TABLE standing AS
SELECT institution_id, encounter_id, line.line_id AS line_id, min(settlement_id) AS settlement_id
FROM line_versions WHERE settlement_id IS NOT NULL GROUP BY ALL;

CREATE TABLE first_settlements AS
SELECT institution_id, encounter_id, arg_min(settlement_id, (visited_at, settlement_id)) AS settlement_id
FROM settled GROUP BY ALL;

-- Refunds are netted with the line they name, on that line's day; what is offset whole drops out. A negative
-- line that names none is a data defect and no evidence.
CREATE TABLE lines AS
SELECT l.* EXCLUDE (quantity, amount, covered, refunds, at_text),
       l.quantity AS billed, l.quantity + coalesce(r.quantity, 0) AS quantity,
       l.amount + coalesce(r.amount, 0) AS amount, l.covered + coalesce(r.covered, 0) AS covered,
       moment(at_text) AS ordered_at, moment(at_text)::DATE AS day,
       coalesce(NOT is_date(at_text) AND strftime(moment(at_text), '%H:%M:%S') <> '00:00:00', false) AS clocked,
       coalesce(own.settlement_id, f.settlement_id) AS settlement_id
FROM whole_lines AS l
LEFT JOIN (
    SELECT institution_id, encounter_id, refunds AS line_id, sum(quantity) AS quantity, sum(amount) AS amount,
           sum(covered) AS covered
    FROM whole_lines WHERE refunds IS NOT NULL GROUP BY ALL) AS r USING (institution_id, encounter_id, line_id)
LEFT JOIN standing AS own USING (institution_id, encounter_id, line_id)
LEFT JOIN first_settlements AS f USING (institution_id, encounter_id)
WHERE l.refunds IS NULL AND l.quantity > 0 AND l.quantity + coalesce(r.quantity, 0) > 0;

-- Drugs that were sold or dispensed at a counter, each as its ingredient. Reading: a drug is what packs
-- know or what is billed as 09, 10 or 11; without an entry in packs its own code is its ingredient.
CREATE TABLE sold AS
SELECT l.*, s.day AS visit_day, s.visited_at, s.med_type, s.pharmacy, s.outpatient,
       coalesce(p.ingredient, l.code) AS drug,
       p.code IS NOT NULL OR coalesce(l.category IN ('09', '10', '11'), false) AS is_drug,
       p.units_per_pack::DOUBLE AS units_per_pack, nullif(p.daily_units::DOUBLE, 0) AS daily_units,
       yes(p.high_value) AND yes(p.resale_prone) AS is_precious
FROM lines AS l
JOIN settled AS s ON s.institution_id = l.institution_id AND s.settlement_id = l.settlement_id
ASOF LEFT JOIN packs AS p ON p.code = l.code AND s.day >= p.since
WHERE s.pharmacy OR s.outpatient;

-- Persons: births do not change in time; the last record tells them.
CREATE TABLE births AS
SELECT person_id, arg_max(birth_date::DATE, since) AS birth_date FROM persons WHERE birth_date IS NOT NULL GROUP BY ALL;

-- A finding asserts what it is about and nothing else: columns that stay empty are not compared.
-- subject: person or practitioner; day: of the identity; codes: all named; form: one of several of a rule.
CREATE TABLE found (
    rule VARCHAR, form VARCHAR, subject VARCHAR, institutions VARCHAR[], encounters VARCHAR[],
    settlements VARCHAR[], day DATE, month VARCHAR, codes VARCHAR[], severity INTEGER, amount DECIMAL(16, 2));
