-- A row an institution and week, or the month; its period is 0, the twelve before are 1 to 12.
WITH stays AS (
    SELECT institution_id, encounter_id, min(day) AS day, max(department) AS department,
           bool_and(historical) AS historical
    FROM screened WHERE care = 'inpatient' GROUP BY institution_id, encounter_id
), marks AS (
    SELECT institution_id, day, department, 1 AS admissions, 0 AS fund, historical FROM stays
    UNION ALL
    SELECT institution_id, day, department, 0, greatest(fund, 0), historical FROM screened WHERE settlement_id <> ''
), weeks AS (
    SELECT day AS sunday FROM days WHERE weekday = 7 AND day >= $begin_day AND day < $end_day
), known AS (
    SELECT institution_id, min(day) AS first_day FROM marks GROUP BY institution_id
), placed AS (
    SELECT w.sunday, m.*, CAST((w.sunday - m.day - (w.sunday - m.day) % 7) / 7 AS integer) AS period
    FROM weeks w JOIN known k ON k.first_day <= w.sunday - 84
    JOIN marks m ON m.institution_id = k.institution_id AND m.day <= w.sunday AND m.day > w.sunday - 91
), departments AS (
    SELECT institution_id, sunday, department, max(period) AS oldest
    FROM placed GROUP BY institution_id, sunday, department
), told AS (
    SELECT p.*, d.oldest = 0 AND p.department <> '' AS is_new
    FROM placed p JOIN departments d
      ON d.institution_id = p.institution_id AND d.sunday = p.sunday AND d.department = p.department
), weekly AS (
    SELECT institution_id, sunday, period, sum(admissions) AS admissions, sum(fund) AS fund,
           sum(CASE WHEN is_new THEN admissions ELSE 0 END) AS new_admissions,
           sum(CASE WHEN is_new THEN fund ELSE 0 END) AS new_fund,
           count(*) FILTER (WHERE department <> '') AS named, bool_and(historical) AS historical
    FROM told GROUP BY institution_id, sunday, period
), months AS (
    SELECT institution_id, department, fund, historical,
           CAST(substr($month, 1, 4) AS integer) * 12 + CAST(substr($month, 6, 2) AS integer)
               - CAST(substr(month, 1, 4) AS integer) * 12 - CAST(substr(month, 6, 2) AS integer) AS period
    FROM ward_stays
), oldest AS (
    SELECT institution_id, department, max(period) AS oldest,
           max(max(period)) OVER (PARTITION BY institution_id) AS first_period
    FROM months WHERE period <= 12 GROUP BY institution_id, department
), monthly AS (
    SELECT m.institution_id, m.period, count(*) AS admissions, CAST(sum(m.fund) AS bigint) AS fund,
           count(*) FILTER (WHERE o.oldest = 0 AND m.department <> '') AS new_admissions,
           coalesce(sum(m.fund) FILTER (WHERE o.oldest = 0 AND m.department <> ''), 0) AS new_fund,
           count(*) FILTER (WHERE m.department <> '') AS named, bool_and(m.historical) AS historical
    FROM months m JOIN oldest o ON o.institution_id = m.institution_id AND o.department = m.department
    WHERE m.period <= 12 AND o.first_period = 12
    GROUP BY m.institution_id, m.period
), measured AS (
    SELECT 'week' AS span, institution_id, sunday, period, 'admissions' AS measure, CAST(admissions AS bigint) AS figure,
           fund, new_admissions AS new_figure, named, historical FROM weekly
    UNION ALL
    SELECT 'week', institution_id, sunday, period, 'fund', CAST(fund AS bigint), fund, new_fund, named, historical
    FROM weekly
    UNION ALL
    SELECT 'month', institution_id, $end_day - 1, period, 'admissions', CAST(admissions AS bigint), fund,
           new_admissions, named, historical FROM monthly
    UNION ALL
    SELECT 'month', institution_id, $end_day - 1, period, 'fund', fund, fund, new_fund, named, historical FROM monthly
), summed AS (
    SELECT span, institution_id, sunday, measure,
           coalesce(sum(figure) FILTER (WHERE period > 0), 0) AS before,
           coalesce(sum(figure * figure) FILTER (WHERE period > 0), 0) AS squares,
           coalesce(sum(figure) FILTER (WHERE period = 0), 0) AS figure,
           coalesce(sum(fund) FILTER (WHERE period = 0), 0) AS fund,
           coalesce(sum(new_figure) FILTER (WHERE period = 0), 0) AS new_figure,
           coalesce(sum(named) FILTER (WHERE period = 0), 0) AS named,
           bool_and(historical) FILTER (WHERE period = 0) AS historical
    FROM measured GROUP BY span, institution_id, sunday, measure
), baselines AS (
    SELECT *, CAST(before AS double precision) / 12 AS mean,
           CAST(12 * squares - before * before AS double precision) / 132 AS variance
    FROM summed
), classed AS (
    SELECT b.*, i.kind, coalesce(i.level, -1) AS level
    FROM baselines b LEFT JOIN institutions i ON i.institution_id = b.institution_id
), grown AS (
    SELECT *, row_number() OVER (PARTITION BY span, institution_id, sunday ORDER BY measure) AS place
    FROM classed
    WHERE figure > mean + $deviations * sqrt(variance) AND figure > $times * mean
      AND figure >= CASE WHEN span = 'week' THEN CASE measure WHEN 'fund' THEN $fund ELSE $admissions END
                         WHEN measure = 'fund' THEN $month_fund ELSE $month_admissions END
), peers AS (
    SELECT g.span, g.institution_id, g.sunday, count(*) AS peers,
           percentile_cont(0.5) WITHIN GROUP (ORDER BY p.figure / p.mean) AS growth
    FROM grown g JOIN classed p
      ON p.span = g.span AND p.kind = g.kind AND p.level = g.level AND p.sunday = g.sunday AND p.measure = g.measure
      AND p.institution_id <> g.institution_id AND p.mean > 0
    WHERE g.place = 1 GROUP BY g.span, g.institution_id, g.sunday
)
SELECT g.institution_id, g.span, CASE g.span WHEN 'week' THEN g.sunday - 6 ELSE $begin_day END AS week_day,
       CASE g.span WHEN 'week' THEN g.sunday - 6 ELSE $begin_day END AS happened, $month AS month, g.measure,
       CASE g.measure WHEN 'fund' THEN NULL ELSE g.figure END AS figure,
       CASE g.measure WHEN 'fund' THEN NULL ELSE g.mean END AS mean,
       CASE g.measure WHEN 'fund' THEN g.figure END AS paid_fen,
       CASE g.measure WHEN 'fund' THEN g.mean END AS mean_paid_fen,
       CASE WHEN g.mean > 0 THEN g.figure / g.mean ELSE CAST(g.figure AS double precision) END AS times,
       sqrt(g.variance) AS deviation, g.historical,
       CASE WHEN g.span = 'month' THEN CASE g.measure WHEN 'fund' THEN 'month_fund' ELSE 'month' END
            WHEN g.measure = 'fund' THEN 'fund' END AS variant,
       CAST(floor(g.fund * (g.figure - g.mean) / g.figure + 0.5) AS bigint) AS amount,
       CASE WHEN p.peers >= $peers
            THEN p.growth >= $times AND g.figure <= $times * p.growth * g.mean END AS check_class_wide,
       CASE WHEN g.named > 0 THEN g.new_figure >= $new_share * (g.figure - g.mean) END AS check_new_department,
       (SELECT max(h.from_day) > CASE g.span WHEN 'week' THEN g.sunday - 91 ELSE $begin_day - 365 END FROM held h
        WHERE h.institution_id = g.institution_id AND h.from_day <= g.sunday) AS check_reorganised
FROM grown g LEFT JOIN peers p ON p.span = g.span AND p.institution_id = g.institution_id AND p.sunday = g.sunday
WHERE g.place = 1
