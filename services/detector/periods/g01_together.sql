-- A row a group with a gathering in the month.
WITH spans AS (
    SELECT group_id, count(DISTINCT person) AS persons, min(day) AS first_day, max(day) AS last_day
    FROM gatherings GROUP BY group_id HAVING max(day) >= $begin_day
), occasions AS (
    SELECT group_id, count(*) AS gatherings, count(DISTINCT institution_id) AS places
    FROM (SELECT DISTINCT group_id, institution_id, day FROM gatherings) g GROUP BY group_id
), visits AS (
    SELECT p.group_id, s.institution_id, s.name, s.person, s.settlement_id, s.encounter_id, s.day, s.minute,
           s.begun, s.total, greatest(s.fund, 0) AS fund, greatest(s.account, 0) AS account, s.historical,
           s.household, s.community_id, s.device, s.main_diagnosis,
           EXISTS (SELECT 1 FROM gatherings g WHERE g.group_id = p.group_id AND g.person = s.person
                   AND g.institution_id = s.institution_id AND g.day = s.day) AS together
    FROM spans p JOIN (SELECT DISTINCT group_id, person FROM gatherings) m ON m.group_id = p.group_id
    JOIN screened s ON s.person = m.person AND s.day >= p.first_day AND s.day <= p.last_day
    WHERE s.care IN ('visit', 'pharmacy') AND s.settlement_id <> ''
), met AS (
    SELECT group_id, count(*) AS settled, sum(total) AS total, sum(fund) AS fund, sum(account) AS account,
           bool_and(historical) AS historical, count(DISTINCT device) FILTER (WHERE device <> '') AS devices,
           bool_and(household <> '') AS has_households, count(DISTINCT household) AS households,
           bool_and(community_id <> '') AS has_communities, count(DISTINCT community_id) AS communities,
           bool_or(main_diagnosis <> '') AS has_diagnoses,
           array_agg(DISTINCT institution_id) AS institution_ids,
           array_agg(DISTINCT encounter_id) AS encounters, array_agg(DISTINCT settlement_id) AS settlements,
           array_agg(person ORDER BY begun, institution_id, name, person) AS each_person,
           array_agg(institution_id ORDER BY begun, institution_id, name, person) AS each_institution,
           array_agg(day ORDER BY begun, institution_id, name, person) AS each_on_day,
           array_agg(minute ORDER BY begun, institution_id, name, person) AS each_at_minute,
           array_agg(settlement_id ORDER BY begun, institution_id, name, person) AS each_settlement,
           array_agg(total ORDER BY begun, institution_id, name, person) AS each_total_fen
    FROM visits WHERE together GROUP BY group_id
), shares AS (
    SELECT group_id, CAST(count(*) FILTER (WHERE together) AS double precision) / count(*) AS share
    FROM visits GROUP BY group_id
), scored AS (
    SELECT m.*, p.persons, p.first_day, p.last_day, o.gatherings, o.places, s.share,
           60 + 8 * (least(1, CAST(o.gatherings AS double precision) / $many_gatherings)
                     + least(1, CAST(p.persons AS double precision) / $many_persons)
                     + least(1, CAST(o.places AS double precision) / $many_institutions) + s.share
                     + least(1, CAST(m.fund + m.account AS double precision) / greatest(m.total, 1))) AS score,
           m.has_households AND m.households = 1 AND p.persons <= $household_persons AS is_household,
           m.has_communities AND m.communities = 1 AS is_community
    FROM met m JOIN spans p ON p.group_id = m.group_id JOIN occasions o ON o.group_id = m.group_id
    JOIN shares s ON s.group_id = m.group_id
)
SELECT group_id, $month AS month, last_day AS happened, institution_ids, persons, gatherings, places,
       settled, share, score, devices, first_day, last_day, total AS total_fen, account AS account_fen,
       CAST(fund AS bigint) AS amount, historical, encounters, settlements,
       CASE WHEN is_household OR is_community THEN 3 WHEN score >= $grave_score THEN 1 END AS severity,
       CASE WHEN is_household THEN 'household' WHEN is_community THEN 'community' END AS variant,
       each_person, each_institution, each_on_day, each_at_minute, each_settlement, each_total_fen,
       false AS check_by_chance,
       CASE WHEN has_diagnoses THEN false END AS check_treatment_schedule,
       CASE WHEN has_households AND NOT is_household THEN false END AS check_one_household,
       CASE WHEN has_communities AND NOT is_community THEN false END AS check_one_community
FROM scored
WHERE share >= $together_share
