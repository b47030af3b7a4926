-- A row a group, institution and diagnosis with the last of its admissions in the month.
WITH members AS (
    SELECT DISTINCT group_id, person FROM gatherings
), stays AS (
    SELECT m.group_id, s.institution_id, s.encounter_id, s.person, min(s.day) AS day,
           max(s.last_day) - min(s.day) AS nights, substr(max(s.main_diagnosis), 1, 3) AS diagnosis,
           sum(s.total) AS total, sum(greatest(s.fund, 0)) AS fund, bool_and(s.historical) AS historical,
           max(s.household) AS household, max(s.community_id) AS community_id
    FROM members m JOIN screened s ON s.person = m.person
    WHERE s.care = 'inpatient' AND s.main_diagnosis <> '' AND NOT s.is_newborn
    GROUP BY m.group_id, s.institution_id, s.encounter_id, s.person
    HAVING count(s.last_day) = count(*)
), waves AS (
    -- Whoever was admitted in the days before a stay of the month, alike.
    SELECT a.group_id, a.institution_id, a.diagnosis, a.encounter_id AS last_one, b.encounter_id, b.person
    FROM stays a JOIN stays b ON b.group_id = a.group_id AND b.institution_id = a.institution_id
                             AND b.diagnosis = a.diagnosis AND b.day <= a.day AND a.day - b.day <= $within_days
                             AND abs(a.nights - b.nights) <= $nights_apart
    WHERE a.day >= $begin_day
), large AS (
    SELECT group_id, institution_id, last_one FROM waves GROUP BY group_id, institution_id, last_one
    HAVING count(DISTINCT person) >= $members
), named AS (
    SELECT DISTINCT w.group_id, w.institution_id, w.encounter_id, w.person
    FROM waves w JOIN large l ON l.group_id = w.group_id AND l.institution_id = w.institution_id
                             AND l.last_one = w.last_one
)
SELECT s.group_id, s.institution_id AS institution, array[s.institution_id] AS institution_ids, s.diagnosis,
       $month AS month, max(s.day) AS happened, min(s.day) AS first_day, max(s.day) AS last_day,
       count(DISTINCT s.person) AS persons, min(s.nights) AS fewest_nights, max(s.nights) AS most_nights,
       CAST(sum(s.total) AS bigint) AS total_fen, CAST(sum(s.fund) AS bigint) AS amount,
       bool_and(s.historical) AS historical,
       array_agg(DISTINCT s.encounter_id) AS encounters,
       array_agg(s.person ORDER BY s.day, s.encounter_id, s.person) AS each_person,
       array_agg(s.encounter_id ORDER BY s.day, s.encounter_id, s.person) AS each_encounter,
       array_agg(s.day ORDER BY s.day, s.encounter_id, s.person) AS each_admitted_day,
       array_agg(s.nights ORDER BY s.day, s.encounter_id, s.person) AS each_nights,
       array_agg(CAST(s.total AS bigint) ORDER BY s.day, s.encounter_id, s.person) AS each_total_fen,
       CASE WHEN bool_and(s.household <> '') THEN count(DISTINCT s.household) = 1 END AS check_one_household,
       CASE WHEN bool_and(s.community_id <> '') THEN count(DISTINCT s.community_id) = 1 END AS check_one_community
FROM stays s JOIN named n ON n.group_id = s.group_id AND n.institution_id = s.institution_id
                         AND n.encounter_id = s.encounter_id AND n.person = s.person
GROUP BY s.group_id, s.institution_id, s.diagnosis
