-- A row an institution: of the weeks that end in the month on a day with something taken back, the worst.
WITH lost AS (
    SELECT t.institution_id, t.name, t.person, t.settlement_id, t.encounter_id, t.day, t.begun, t.total,
           t.historical,
           coalesce(bool_or(s.insurance_type <> t.insurance_type OR s.insurance_type = ''), false) AS is_corrected,
           coalesce(bool_or(s.begun = t.begun AND s.total = t.total), false) AS is_entered_again
    FROM taken_back t LEFT JOIN screened s
      ON s.institution_id = t.institution_id AND s.person = t.person AND s.day = t.day AND s.settlement_id <> ''
    WHERE t.total > 0
    GROUP BY t.institution_id, t.name, t.person, t.settlement_id, t.encounter_id, t.day, t.begun, t.total,
             t.historical
), settled AS (
    SELECT institution_id, day, count(*) AS settlements, 0 AS lost, 0 AS unexplained, 0 AS entered_again
    FROM screened WHERE settlement_id <> '' AND total > 0 GROUP BY institution_id, day
    UNION ALL
    SELECT institution_id, day, count(*), count(*), count(*) FILTER (WHERE NOT is_corrected),
           count(*) FILTER (WHERE is_entered_again)
    FROM lost GROUP BY institution_id, day
), places AS (
    SELECT s.institution_id, i.kind, i.level, sum(s.settlements) AS settlements, sum(s.lost) AS lost
    FROM settled s LEFT JOIN institutions i ON i.institution_id = s.institution_id
    GROUP BY s.institution_id, i.kind, i.level
), compared AS (
    SELECT institution_id,
           sum(settlements) OVER (PARTITION BY kind, level) - settlements AS near,
           sum(lost) OVER (PARTITION BY kind, level) - lost AS near_lost,
           sum(settlements) OVER () - settlements AS anywhere, sum(lost) OVER () - lost AS anywhere_lost
    FROM places
), peers AS (
    SELECT institution_id,
           CASE WHEN near >= $peer_settlements THEN CAST(near_lost AS double precision) / near
                WHEN anywhere >= $peer_settlements THEN CAST(anywhere_lost AS double precision) / anywhere
           END AS peer_rate
    FROM compared
), weeks AS (
    SELECT e.institution_id, e.day AS last_day, sum(s.settlements) AS settlements, sum(s.lost) AS lost,
           sum(s.unexplained) AS unexplained, sum(s.entered_again) AS entered_again
    FROM (SELECT DISTINCT institution_id, day FROM lost WHERE day >= $begin_day) AS e
    JOIN settled s ON s.institution_id = e.institution_id AND s.day <= e.day AND s.day > e.day - $days
    GROUP BY e.institution_id, e.day
), judged AS (
    SELECT w.*, p.peer_rate, CAST(w.lost AS double precision) / w.settlements AS rate,
           NOT (w.unexplained >= $least AND w.unexplained > $rate * w.settlements
                AND w.unexplained > $peer_ratio * p.peer_rate * w.settlements) AS is_corrected,
           w.entered_again >= $entered_again * w.lost AS is_migration
    FROM weeks w JOIN peers p ON p.institution_id = w.institution_id
    WHERE w.lost >= $least AND w.lost > $rate * w.settlements
      AND w.lost > $peer_ratio * p.peer_rate * w.settlements
), ranked AS (
    SELECT *, row_number() OVER (PARTITION BY institution_id
                                 ORDER BY is_corrected OR is_migration, lost DESC, settlements, last_day) AS place
    FROM judged
)
SELECT r.institution_id, $month AS month, r.last_day AS happened, r.last_day - $days + 1 AS first_on_day,
       r.last_day AS last_on_day, r.settlements AS settled, r.lost, r.rate, r.peer_rate, sum(l.total) AS lost_total_fen,
       bool_and(l.historical) AS historical,
       array_agg(DISTINCT l.encounter_id) AS encounters, array_agg(DISTINCT l.settlement_id) AS settlements,
       array_agg(l.settlement_id ORDER BY l.begun, l.name, l.person) AS each_settlement,
       array_agg(l.person ORDER BY l.begun, l.name, l.person) AS each_person,
       array_agg(l.day ORDER BY l.begun, l.name, l.person) AS each_on_day,
       array_agg(l.total ORDER BY l.begun, l.name, l.person) AS each_total_fen,
       r.is_corrected AS check_insurance_corrected, r.is_migration AS check_migration
FROM ranked r JOIN lost l ON l.institution_id = r.institution_id
 AND l.day <= r.last_day AND l.day > r.last_day - $days
WHERE r.place = 1
GROUP BY r.institution_id, r.last_day, r.settlements, r.lost, r.rate, r.peer_rate, r.is_corrected, r.is_migration
