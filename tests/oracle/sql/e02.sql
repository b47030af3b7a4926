-- E02 more supply than a person can use. Key: institution, settlement and code of the later dispensing.
-- Readings: out-patient and pharmacy lines, per ingredient over all institutions, in local days; days are
-- the line's, else quantity × units of a pack / daily units, else the line is not in the ledger; refunds
-- shorten them; a dispensing is a settlement's code; med_type 14 and 15 are long prescriptions (tolerance 14,
-- limit 90, the upper of 84–90); the strength was switched where the code and its daily units changed since
-- the dispensing before, the dose changed where the same code's quantity a day moved by more than a quarter;
-- the Spring Festival spares the fourteen days before each of its holidays; the ≥ 3 precious ingredients
-- count as findings of the last 365 days. What is suppressed still fills the ledger.

CREATE TABLE dispensings AS
WITH dispensed AS (
    SELECT *, coalesce(nullif(days_supply, 0) * quantity / billed, quantity * units_per_pack / daily_units) AS days
    FROM sold WHERE NOT coalesce(discharge_drug, false))
SELECT person_id, drug, institution_id, settlement_id, code, any_value(visited_at) AS visited_at,
       any_value(visit_day) - DATE '2000-01-01' AS day, any_value(visit_day) AS visit_day,
       regexp_matches(any_value(med_type), '^(14|15)') AS long, any_value(daily_units) AS daily_units,
       bool_or(is_precious) AS is_precious, sum(days) AS days, sum(quantity) / sum(days) AS dose
FROM dispensed WHERE days > 0
GROUP BY person_id, drug, institution_id, settlement_id, code;

CREATE TABLE ledger AS
WITH summed AS (
    SELECT *, sum(days) OVER told AS all_days, lag(code) OVER told AS code_before,
           lag(daily_units) OVER told AS units_before, lag(dose) OVER told AS dose_before,
           sum(days) OVER year AS year_days, count(DISTINCT institution_id) OVER month AS institutions
    FROM dispensings
    WINDOW told AS (PARTITION BY person_id, drug ORDER BY visited_at, institution_id, settlement_id, code),
           year AS (PARTITION BY person_id, drug ORDER BY day RANGE BETWEEN 364 PRECEDING AND CURRENT ROW),
           month AS (PARTITION BY person_id, drug ORDER BY day
                     RANGE BETWEEN getvariable('e02_institutions_days') - 1 PRECEDING AND CURRENT ROW)),
-- supply_until = max(supply_until, t) + days, unrolled: all days so far and the widest gap before them.
filled AS (
    SELECT *, all_days + max(day - (all_days - days)) OVER told AS until FROM summed
    WINDOW told AS (PARTITION BY person_id, drug ORDER BY visited_at, institution_id, settlement_id, code))
SELECT *, greatest(0, coalesce(lag(until) OVER told, day) - day) AS held,
       CASE WHEN long THEN getvariable('e02_limit_long') ELSE getvariable('e02_limit') END AS most,
       CASE WHEN long THEN getvariable('e02_tolerance_long') ELSE getvariable('e02_tolerance') END AS tolerance
FROM filled
WINDOW told AS (PARTITION BY person_id, drug ORDER BY visited_at, institution_id, settlement_id, code);

CREATE TABLE over_supplied AS
SELECT * FROM ledger AS l
WHERE held > tolerance AND held + days > most
  AND NOT coalesce(code <> code_before AND daily_units <> units_before, false)
  AND NOT coalesce(code = code_before AND abs(dose / dose_before - 1) > getvariable('e02_dose_change'), false)
  AND NOT EXISTS (
      SELECT 1 FROM holidays AS h
      WHERE h.kind = 'holiday' AND h.name LIKE '%春节%'
        AND l.visit_day BETWEEN h.day::DATE - getvariable('e02_spring_days')::INTEGER AND h.day::DATE);

INSERT INTO found BY NAME
SELECT 'E02' AS rule, person_id AS subject, [institution_id] AS institutions, [settlement_id] AS settlements,
       visit_day AS day, [code] AS codes,
       CASE WHEN year_days > getvariable('e02_year_days')
              OR is_precious AND precious >= getvariable('e02_high_value') THEN 1
            WHEN held + days > 2 * most OR institutions >= getvariable('e02_institutions') THEN 2
            ELSE 3 END AS severity
FROM (
    SELECT *, count(DISTINCT CASE WHEN is_precious THEN drug END)
              OVER (PARTITION BY person_id ORDER BY day RANGE BETWEEN 364 PRECEDING AND CURRENT ROW) AS precious
    FROM over_supplied);
