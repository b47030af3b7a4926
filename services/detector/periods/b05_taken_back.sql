-- A row an institution: of the weeks that end in the month on a day with something taken back, the worst.
WITH lost AS (
    SELECT t.institution_id, t.name, t.person, t.settlement_id, t.encounter_id, t.day, t.begun, t.total,
           t.historical, t.is_under_alert,
           coalesce(bool_or(s.insurance_type <> t.insurance_type OR s.insurance_type = ''), false) AS is_corrected,
           coalesce(bool_or(s.begun = t.begun AND s.total = t.total), false) AS is_entered_again
    FROM taken_back t LEFT JOIN screened s
      ON s.institution_id = t.institution_id AND s.person = t.person AND s.day = t.day AND s.settlement_id <> ''
    WHERE t.total > 0
    GROUP BY t.institution_id, t.name, t.person, t.settlement_id, t.encounter_id, t.day, t.begun, t.total,
             t.historical, t.is_under_alert
), settled AS (
    SELECT institution_id, day, count(*) AS settlements, 0 AS lost, 0 AS unexplained, 0 AS entered_again,
           0 AS under_alert, 0 AS under_alert_unexplained
    FROM screened WHERE settlement_id <> '' AND total > 0 GROUP BY institution_id, day
    UNION ALL
    SELECT institution_id, day, count(*), count(*), count(*) FILTER (WHERE NOT is_corrected),
           count(*) FILTER (WHERE is_entered_again), count(*) FILTER (WHERE is_under_alert),
           count(*) FILTER (WHERE is_under_alert AND NOT is_corrected AND NOT is_entered_again)
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
           sum(s.unexplained) AS unexplained, sum(s.entered_again) AS entered_again,
           sum(s.under_alert) AS under_alert, sum(s.under_alert_unexplained) AS under_alert_unexplained
    FROM (SELECT DISTINCT institution_id, day FROM lost WHERE day >= $begin_day) AS e
    JOIN settled s ON s.institution_id = e.institution_id AND s.day <= e.day AND s.day > e.day - $days
    GROUP BY e.institution_id, e.day
), looked_at AS (
    SELECT w.*, p.peer_rate, CAST(w.lost AS double precision) / w.settlements AS rate,
           coalesce(w.lost >= $least AND w.lost > $rate * w.settlements
                    AND w.lost > $peer_ratio * p.peer_rate * w.settlements, false) AS is_often,
           coalesce(w.unexplained >= $least AND w.unexplained > $rate * w.settlements
                    AND w.unexplained > $peer_ratio * p.peer_rate * w.settlements, false) AS is_often_uncorrected,
           w.entered_again >= $entered_again * w.lost AS is_migration,
           w.under_alert_unexplained >= $least_under_alert AS tells_of_alerts
    FROM weeks w JOIN peers p ON p.institution_id = w.institution_id
), judged AS (
    SELECT *, is_often_uncorrected AND NOT is_migration AS tells_of_share
    FROM looked_at WHERE is_often OR under_alert >= $least_under_alert
), ranked AS (
    SELECT *, row_number() OVER (PARTITION BY institution_id
                                 ORDER BY NOT (tells_of_share OR tells_of_alerts), NOT tells_of_alerts,
                                          lost DESC, settlements, last_day) AS place
    FROM judged
)
SELECT r.institution_id, $month AS month, r.last_day AS happened, r.last_day - $days + 1 AS first_on_day,
       r.last_day AS last_on_day, r.settlements AS settled, r.lost, r.under_alert, r.rate, r.peer_rate,
       CASE WHEN r.tells_of_share AND r.tells_of_alerts THEN 'both' WHEN r.tells_of_alerts THEN 'alerts'
            ELSE 'share' END AS variant,
       sum(l.total) AS lost_total_fen,
       bool_and(l.historical) AS historical,
       array_agg(DISTINCT l.encounter_id) AS encounters, array_agg(DISTINCT l.settlement_id) AS settlements,
       array_agg(l.settlement_id ORDER BY l.begun, l.name, l.person) AS each_settlement,
       array_agg(l.person ORDER BY l.begun, l.name, l.person) AS each_person,
       array_agg(l.day ORDER BY l.begun, l.name, l.person) AS each_on_day,
       array_agg(l.total ORDER BY l.begun, l.name, l.person) AS each_total_fen,
       array_agg(CASE WHEN l.is_under_alert THEN true END ORDER BY l.begun, l.name, l.person) AS each_under_alert,
       NOT r.is_often_uncorrected AND NOT r.tells_of_alerts AS check_insurance_corrected,
       NOT r.tells_of_share AND NOT r.tells_of_alerts AS check_migration
FROM ranked r JOIN lost l ON l.institution_id = r.institution_id
 AND l.day <= r.last_day AND l.day > r.last_day - $days
WHERE r.place = 1
GROUP BY r.institution_id, r.last_day, r.settlements, r.lost, r.under_alert, r.rate, r.peer_rate,
         r.tells_of_share, r.tells_of_alerts, r.is_often_uncorrected
