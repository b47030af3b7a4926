-- The stream rules over qingfeng events, from the catalogue and the contract. Clock times only.
-- Variable given: folder, with events (as posted), institutions and persons as NDJSON. Nothing of the
-- product's code is used here.

SET TimeZone = 'Asia/Shanghai';

CREATE TABLE events AS
SELECT * FROM read_json(getvariable('folder') || '/events.json', format = 'newline_delimited', columns = {
    type: 'VARCHAR', event_id: 'VARCHAR', institution_id: 'VARCHAR', person_id: 'VARCHAR',
    occurred_at: 'TIMESTAMPTZ', recorded_at: 'TIMESTAMPTZ', region: 'VARCHAR', device_id: 'VARCHAR',
    operator_id: 'VARCHAR', encounter_id: 'VARCHAR', settlement_id: 'VARCHAR', med_type: 'VARCHAR',
    begin_at: 'TIMESTAMPTZ', end_at: 'TIMESTAMPTZ', mid_stay: 'BOOLEAN', emergency: 'INTEGER',
    channel: 'VARCHAR', online: 'BOOLEAN', external_institution: 'VARCHAR', prescription_id: 'VARCHAR',
    disease_code: 'VARCHAR', discharge_way: 'INTEGER', transfer_to: 'VARCHAR',
    amounts: 'STRUCT(total DECIMAL(16,2), fund DECIMAL(16,2), account DECIMAL(16,2), family DECIMAL(16,2))',
    lines: 'STRUCT(code VARCHAR, quantity VARCHAR, amount VARCHAR)[]',
    diagnoses: 'STRUCT(code VARCHAR)[]',
    cancels: 'STRUCT(type VARCHAR, id VARCHAR, line_id VARCHAR, event_id VARCHAR)'});

CREATE TABLE institutions AS
SELECT * FROM read_json(getvariable('folder') || '/institutions.json', format = 'newline_delimited', columns = {
    institution_id: 'VARCHAR', kind: 'VARCHAR', group_id: 'VARCHAR', latitude: 'DOUBLE', longitude: 'DOUBLE'});

CREATE TABLE persons AS
SELECT * FROM read_json(getvariable('folder') || '/persons.json', format = 'newline_delimited', columns = {
    person_id: 'VARCHAR', birth_date: 'DATE', death_date: 'VARCHAR'});

-- What counts: of several versions the greatest that no cancellation removes (contract, section 2).
CREATE TABLE named AS
SELECT *, CASE type WHEN 'settlement' THEN settlement_id WHEN 'admission' THEN encounter_id
          WHEN 'discharge' THEN encounter_id ELSE event_id END AS id
FROM events WHERE type IN ('admission', 'discharge', 'settlement', 'fee_lines', 'identity_check', 'inspection');

CREATE TABLE live AS
SELECT * FROM named AS fact
WHERE NOT EXISTS (
    SELECT 1 FROM events AS c
    WHERE c.type = 'cancellation' AND c.institution_id = fact.institution_id AND c.cancels.type = fact.type
      AND c.cancels.id = CASE fact.type WHEN 'fee_lines' THEN fact.encounter_id ELSE fact.id END
      AND (fact.type <> 'fee_lines' OR coalesce(c.cancels.line_id, '*') = '*')
      AND CASE WHEN c.cancels.event_id IS NULL THEN fact.recorded_at <= c.recorded_at
               ELSE c.cancels.event_id = fact.event_id END)
QUALIFY row_number() OVER (PARTITION BY type, institution_id, id ORDER BY recorded_at DESC, event_id DESC) = 1;

CREATE TABLE settled AS
SELECT *, coalesce(begin_at, occurred_at) AS visited_at,
       coalesce(begin_at, occurred_at)::DATE AS day,
       regexp_matches(med_type, '^(21|22|23|24|25|26|28|52|9901|9921|9925)') AS inpatient,
       regexp_matches(med_type, '^(11|12|13|14|15|16|19|51|53|81)') AS outpatient,
       med_type LIKE '41%' AS pharmacy,
       list_sort(list_transform(lines, lambda l: concat_ws('|', l.code, l.quantity::DOUBLE, l.amount::DOUBLE))) AS bill,
       list_sort(list_transform(diagnoses, lambda d: d.code)) AS named_diseases
FROM live WHERE type = 'settlement';

-- A stay is admission and discharge; an in-patient settlement fills what they leave open. Open: 9999-01-01.
CREATE TABLE stays AS
SELECT * FROM (
    SELECT person_id, institution_id, encounter_id,
           coalesce(min(occurred_at) FILTER (type = 'admission'), min(begin_at) FILTER (type = 'settlement')) AS begin,
           coalesce(min(occurred_at) FILTER (type = 'discharge'),
                    max(end_at) FILTER (type = 'settlement' AND NOT coalesce(mid_stay, false)),
                    '9999-01-01'::TIMESTAMPTZ) AS finish,
           coalesce(min(med_type) FILTER (type = 'admission'), min(med_type) FILTER (type = 'settlement')) AS med_type,
           max(discharge_way) AS discharge_way, max(transfer_to) AS transfer_to,
           list(external_institution) FILTER (external_institution IS NOT NULL) AS sent_to
    FROM live
    WHERE type IN ('admission', 'discharge')
       OR type = 'settlement' AND regexp_matches(med_type, '^(21|22|23|24|25|26|28|52|9901|9921|9925)')
    GROUP BY person_id, institution_id, encounter_id)
WHERE begin IS NOT NULL AND finish >= begin
  AND regexp_matches(med_type, '^(21|22|23|24|25|26|28|52|9901|9921|9925)');

CREATE TABLE shared_time AS
SELECT a.person_id, a.institution_id AS first_place, a.encounter_id AS first, b.institution_id AS second_place,
       b.encounter_id AS second, b.begin AS since, least(a.finish, b.finish) AS until,
       a.med_type AS first_type, b.med_type AS second_type, p.birth_date AS born,
       a.finish - a.begin <= INTERVAL 24 HOUR AS first_short, b.finish - b.begin <= INTERVAL 24 HOUR AS second_short,
       a.discharge_way IN (2, 3) AND a.transfer_to = b.institution_id
         OR b.discharge_way IN (2, 3) AND b.transfer_to = a.institution_id AS transferred
FROM stays AS a JOIN stays AS b
  ON a.person_id = b.person_id
 AND (a.begin, a.institution_id, a.encounter_id) < (b.begin, b.institution_id, b.encounter_id)
LEFT JOIN persons AS p ON p.person_id = a.person_id
WHERE b.begin < least(a.finish, b.finish)
  AND NOT regexp_matches(a.med_type, '^(9901|9921|5212)') AND NOT regexp_matches(b.med_type, '^(9901|9921|5212)')
  AND (p.birth_date IS NULL OR b.begin::DATE - p.birth_date > 28);

CREATE TABLE found (rule VARCHAR, key VARCHAR);

INSERT INTO found
SELECT 'A01', concat_ws(' ', least(first, second), greatest(first, second)) FROM shared_time
WHERE first_place <> second_place AND until > since + INTERVAL 12 HOUR
  AND NOT coalesce(transferred, false)
  AND NOT (regexp_matches(second_type, '^(23|24|9925)') AND until <= since + INTERVAL 24 HOUR)
  AND NOT (first_type LIKE '28%' AND first_short OR second_type LIKE '28%' AND second_short);

INSERT INTO found
SELECT 'A02', concat_ws(' ', least(first, second), greatest(first, second)) FROM shared_time
WHERE first_place = second_place AND first_type NOT LIKE '28%' AND second_type NOT LIKE '28%';

CREATE TABLE inside AS
SELECT v.*, s.institution_id AS stay_place, s.encounter_id AS stay, s.sent_to
FROM stays AS s JOIN settled AS v USING (person_id)
WHERE (v.outpatient OR v.pharmacy) AND v.amounts.total >= 0
  AND (v.institution_id, v.encounter_id) <> (s.institution_id, s.encounter_id)
  AND NOT regexp_matches(s.med_type, '^(9901|9921|5212)')
  AND coalesce(v.amounts.family, 0) = 0
  AND (s.begin::DATE < v.day AND (s.finish = '9999-01-01' OR v.day < s.finish::DATE)
       OR s.institution_id <> v.institution_id AND v.visited_at >= s.begin + INTERVAL 6 HOUR
          AND (s.finish = '9999-01-01' OR v.visited_at <= s.finish - INTERVAL 2 HOUR));

INSERT INTO found
SELECT 'A03', concat_ws(' ', stay, settlement_id) FROM inside
WHERE outpatient AND coalesce(emergency, 0) NOT IN (2, 3) AND coalesce(channel, '') <> 'internet'
  AND NOT regexp_matches(med_type, '^(140201|15)')
  AND NOT list_contains(coalesce(sent_to, []), institution_id)
  AND coalesce(external_institution, '') <> stay_place;

INSERT INTO found
SELECT 'A04', concat_ws(' ', stay, settlement_id) FROM inside
WHERE pharmacy AND coalesce(channel, '') NOT IN ('internet', 'delivery', 'agent');

-- Face to face: an admission, or a settlement over a counter, that shows a real clock time.
CREATE TABLE face_to_face AS
SELECT *, lead(visited_at) OVER w AS next_at, lead(institution_id) OVER w AS next_place, lead(id) OVER w AS next_id,
       lead(region) OVER w AS next_region
FROM (
    SELECT person_id, institution_id, id, visited_at, region FROM settled
    WHERE coalesce(channel, 'counter') = 'counter' AND coalesce(online, true)
      AND coalesce(amounts.family, 0) = 0 AND amounts.total >= 0
      AND recorded_at - visited_at <= INTERVAL 24 HOUR AND occurred_at - recorded_at <= INTERVAL 10 MINUTE
    UNION ALL
    SELECT person_id, institution_id, id, occurred_at, region FROM live
    WHERE type = 'admission' AND recorded_at - occurred_at <= INTERVAL 24 HOUR
      AND occurred_at - recorded_at <= INTERVAL 10 MINUTE)
WHERE strftime(visited_at, '%H:%M:%S') <> '00:00:00'
WINDOW w AS (PARTITION BY person_id ORDER BY visited_at, institution_id, id);

INSERT INTO found
SELECT 'A05', concat_ws(' ', least(id, next_id), greatest(id, next_id)) FROM (
    SELECT f.*, epoch(next_at - visited_at) AS seconds, a.group_id IS NOT NULL AND a.group_id = b.group_id AS one_group,
           2 * 6371.0088 * asin(sqrt(pow(sin(radians(b.latitude - a.latitude) / 2), 2)
               + cos(radians(a.latitude)) * cos(radians(b.latitude))
               * pow(sin(radians(b.longitude - a.longitude) / 2), 2))) AS km
    FROM face_to_face AS f
    JOIN institutions AS a ON a.institution_id = f.institution_id
    JOIN institutions AS b ON b.institution_id = f.next_place
    WHERE f.institution_id <> f.next_place)
WHERE km >= 10 AND km * 3600 > 120 * seconds OR km < 10 AND NOT one_group AND seconds <= 300;

CREATE TABLE twice AS
SELECT a.*, b.settlement_id AS other_id, b.prescription_id AS other_prescription, b.disease_code AS other_disease,
       b.bill AS other_bill, b.named_diseases AS other_diseases, b.day AS other_day, b.amounts AS other_amounts,
       b.mid_stay AS other_mid_stay, b.outpatient OR b.pharmacy AS other_counter
FROM settled AS a JOIN settled AS b
  ON a.person_id = b.person_id AND a.institution_id = b.institution_id AND a.settlement_id < b.settlement_id
 AND abs(epoch(a.visited_at - b.visited_at)) <= 60
WHERE a.amounts.total >= 0 AND b.amounts.total >= 0;

INSERT INTO found
SELECT 'A07', concat_ws(' ', settlement_id, other_id) FROM twice
WHERE (outpatient OR pharmacy) AND other_counter AND amounts.total = other_amounts.total
  AND (pharmacy OR NOT (coalesce(prescription_id <> other_prescription, false)
                        AND coalesce(disease_code <> other_disease, false)));

INSERT INTO found
SELECT 'D14', concat_ws(' ', settlement_id, other_id) FROM twice
WHERE NOT coalesce(mid_stay, false) AND NOT coalesce(other_mid_stay, false)
  AND (len(bill) > 0 AND bill = other_bill
       OR amounts.total = other_amounts.total AND day = other_day
          AND len(named_diseases) > 0 AND named_diseases = other_diseases);

INSERT INTO found
SELECT 'A08', s.settlement_id
FROM settled AS s JOIN (
    SELECT person_id, CASE WHEN length(death_date) = 7 THEN last_day((death_date || '-01')::DATE)
                           ELSE death_date::DATE + 1 END AS last
    FROM persons WHERE death_date IS NOT NULL) AS p USING (person_id)
WHERE s.day > p.last AND s.amounts.total >= 0
  AND NOT EXISTS (
      SELECT 1 FROM live AS o WHERE o.institution_id = s.institution_id AND o.encounter_id = s.encounter_id
        AND (coalesce(o.begin_at, o.occurred_at)::DATE <= p.last OR o.discharge_way = 5))
  AND NOT (s.pharmacy AND s.amounts.fund = 0 AND len(coalesce(s.lines, [])) = 0
           AND s.amounts.total > 0 AND coalesce(s.amounts.account, 0) = s.amounts.total);

-- Swipes of a terminal's day, each with the ten minutes before it.
CREATE TABLE swipes AS
SELECT s.*, coalesce(device_id, operator_id) AS device FROM settled AS s JOIN institutions AS i USING (institution_id)
WHERE i.kind IN ('pharmacy', 'clinic', 'village') AND coalesce(device_id, operator_id) IS NOT NULL
  AND s.amounts.total >= 0 AND s.recorded_at - s.visited_at <= INTERVAL 24 HOUR;

INSERT INTO found
SELECT DISTINCT 'B01', concat_ws(' ', institution_id, device, day) FROM (
    SELECT last.institution_id, last.device, last.day, last.settlement_id,
           count(DISTINCT w.person_id) AS cards, count(*) AS swiped,
           list_sort(list(epoch(w.visited_at))) AS times, max(list_count.most) AS most
    FROM swipes AS last
    JOIN swipes AS w ON w.institution_id = last.institution_id AND w.device = last.device AND w.day = last.day
     AND w.visited_at >= last.visited_at - INTERVAL 10 MINUTE AND (w.visited_at, w.settlement_id) <= (last.visited_at, last.settlement_id)
    JOIN LATERAL (
        SELECT max(number) AS most FROM (
            SELECT count(*) AS number FROM swipes AS o
            WHERE o.institution_id = last.institution_id AND o.device = last.device AND o.day = last.day
              AND o.visited_at >= last.visited_at - INTERVAL 10 MINUTE
              AND (o.visited_at, o.settlement_id) <= (last.visited_at, last.settlement_id)
            GROUP BY o.amounts.total)) AS list_count ON true
    GROUP BY ALL)
WHERE cards >= 5
  AND (list_median(list_transform(range(1, len(times)), lambda n: times[n + 1] - times[n])) <= 60
       OR most / swiped >= 0.5);
