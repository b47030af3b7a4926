-- A row an institution, a suspended one and a terminal; and a row an institution that jumped.
WITH closed AS (
    SELECT id, from_day, max(to_day) AS to_day FROM standings
    WHERE kind = 'institution' AND status <> 'normal' AND from_day < $end_day
    GROUP BY id, from_day
), settled AS (
    SELECT institution_id, settlement_id, encounter_id, person, day, device, fund, historical, care
    FROM screened WHERE settlement_id <> ''
), lent AS (
    SELECT DISTINCT c.id, c.from_day, c.to_day, s.device
    FROM closed c JOIN settled s ON s.institution_id = c.id
    WHERE s.device <> '' AND s.day < c.from_day AND s.day >= c.from_day - $known_days
), uses AS (
    SELECT s.institution_id, l.id, l.from_day, l.device, min(s.day) AS day, count(*) AS settled,
           sum(greatest(s.fund, 0)) AS fund, bool_and(s.historical) AS historical,
           array_agg(DISTINCT s.settlement_id) AS settlements, array_agg(DISTINCT s.encounter_id) AS encounters
    FROM lent l JOIN settled s ON s.device = l.device AND s.institution_id <> l.id
    WHERE s.day >= l.from_day AND s.day <= l.to_day AND s.day >= $begin_day
      AND NOT EXISTS (SELECT 1 FROM settled o WHERE o.institution_id = s.institution_id AND o.device = l.device
                      AND o.day < l.from_day)
    GROUP BY s.institution_id, l.id, l.from_day, l.device HAVING count(*) >= $uses
), customers AS (
    SELECT DISTINCT c.id, c.from_day, s.person
    FROM closed c JOIN settled s ON s.institution_id = c.id
    WHERE s.day < c.from_day AND s.day >= c.from_day - $known_days
      AND c.from_day + $after_days >= $begin_day AND c.from_day + $after_days < $end_day
), weeks AS (
    SELECT s.institution_id, c.id, c.from_day,
           count(*) FILTER (WHERE s.day > c.from_day) AS settled,
           count(*) FILTER (WHERE s.day < c.from_day) AS usual,
           sum(greatest(s.fund, 0)) FILTER (WHERE s.day > c.from_day) AS fund,
           bool_and(s.historical) FILTER (WHERE s.day > c.from_day) AS historical,
           count(DISTINCT s.person) FILTER (WHERE s.day > c.from_day) AS persons,
           count(DISTINCT k.person) FILTER (WHERE s.day > c.from_day) AS came
    FROM closed c
    JOIN settled s ON s.institution_id <> c.id AND s.care = 'pharmacy'
      AND s.day >= c.from_day - $baseline_days AND s.day <= c.from_day + $after_days
    LEFT JOIN customers k ON k.id = c.id AND k.from_day = c.from_day AND k.person = s.person
    WHERE c.from_day + $after_days >= $begin_day AND c.from_day + $after_days < $end_day
    GROUP BY s.institution_id, c.id, c.from_day
), jumps AS (
    SELECT *, CAST(usual AS double precision) * $after_days / $baseline_days AS usual_week FROM weeks
    WHERE settled >= $swipes AND came >= $came_share * persons AND came > 0
), found AS (
    SELECT institution_id, id, from_day, device, id || ' ' || device || ' ' || $month AS about, day, settled, fund,
           historical, settlements, encounters, CAST(NULL AS double precision) AS times,
           CAST(NULL AS double precision) AS came, CAST(NULL AS text) AS variant
    FROM uses
    UNION ALL
    SELECT institution_id, id, from_day, NULL, id || ' ' || CAST(from_day AS text), from_day, settled, fund,
           historical, NULL, NULL, settled / greatest(usual_week, 1), CAST(came AS double precision) / persons, 'jump'
    FROM jumps WHERE settled > $jump * usual_week
)
SELECT f.institution_id, f.about, f.id AS suspended, f.from_day AS since_day, f.day AS happened,
       f.day AS happened_on_day, f.device, f.settled, f.times, f.came, f.historical, f.settlements, f.encounters,
       f.variant, CAST(f.fund AS bigint) AS amount,
       CASE WHEN one.chain_id <> '' AND other.chain_id <> '' OR one.group_id <> '' AND other.group_id <> ''
            THEN coalesce(one.chain_id <> '' AND one.chain_id = other.chain_id, false)
                 OR coalesce(one.group_id <> '' AND one.group_id = other.group_id, false) END AS check_same_chain
FROM found f
LEFT JOIN institutions one ON one.institution_id = f.institution_id
LEFT JOIN institutions other ON other.institution_id = f.id
