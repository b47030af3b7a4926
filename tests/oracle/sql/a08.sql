-- A08 settled after death.

INSERT INTO found BY NAME
SELECT 'A08' AS rule, [settlement_id] AS settlements
FROM (
    SELECT s.*, CASE WHEN length(p.death_date) = 7 THEN last_day((p.death_date || '-01')::DATE)
                     ELSE p.death_date::DATE + 1 END AS last
    FROM settled AS s ASOF JOIN persons AS p ON p.person_id = s.person_id AND s.day >= p.since) AS s
WHERE s.day > s.last
  AND NOT EXISTS (
      SELECT 1 FROM live AS o WHERE o.institution_id = s.institution_id AND o.encounter_id = s.encounter_id
        AND (moment(coalesce(o.begin_at, o.occurred_at))::DATE <= s.last OR o.discharge_way = 5))
  AND NOT (s.pharmacy AND s.fund = 0 AND len(coalesce(s.lines, [])) = 0
           AND s.total > 0 AND coalesce(s.amounts.account, 0) = s.total);
