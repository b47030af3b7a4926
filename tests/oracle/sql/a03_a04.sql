-- A03 out-patient settlement inside a stay, A04 pharmacy swipe inside a stay.

CREATE TABLE inside AS
SELECT v.*, s.institution_id AS stay_place, s.encounter_id AS stay, s.sent_to
FROM stays AS s JOIN settled AS v USING (person_id)
WHERE (v.outpatient OR v.pharmacy)
  AND (v.institution_id, v.encounter_id) <> (s.institution_id, s.encounter_id)
  AND NOT is_newborn(s.med_type) AND coalesce(v.amounts.family, 0) = 0
  AND (s.first_day < v.day AND (NOT s.closed OR v.day < s.last_day)
       OR s.institution_id <> v.institution_id AND v.visited_at >= s.begin + INTERVAL 6 HOUR
          AND (NOT s.closed OR v.visited_at <= s.finish - INTERVAL 2 HOUR));

INSERT INTO found BY NAME
SELECT 'A03' AS rule, [stay, encounter_id] AS encounters, [settlement_id] AS settlements FROM inside
WHERE outpatient AND coalesce(emergency, 0) NOT IN (2, 3) AND coalesce(channel, '') <> 'internet'
  AND NOT regexp_matches(med_type, '^(140201|15)')
  AND NOT list_contains(coalesce(sent_to, []), institution_id)
  AND coalesce(external_institution, '') <> stay_place;

INSERT INTO found BY NAME
SELECT 'A04' AS rule, [stay, encounter_id] AS encounters, [settlement_id] AS settlements FROM inside
WHERE pharmacy AND coalesce(channel, '') NOT IN ('internet', 'delivery', 'agent');
