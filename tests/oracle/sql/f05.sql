-- F05 an institution's cost per admission, far from its peers'. Key: institution, month.
-- Readings: admissions are closed stays with a settlement, in the month in which they begin (the contract's
-- visit time); the cost is their totals; peers are all institutions of the class with an admission that month,
-- the one in question among them; the class is type × level × region where that has five, else type × level;
-- fewer than five there, or a MAD of nothing: the ratio alone. The page gives no severity: not compared.

CREATE TABLE admission_costs AS
SELECT s.institution_id, strftime(t.first_day, '%Y-%m') AS month, last_day(any_value(t.first_day)) AS until,
       count(DISTINCT s.encounter_id) AS admissions, sum(s.total)::DOUBLE / count(DISTINCT s.encounter_id) AS cost
FROM settled AS s JOIN stays AS t USING (institution_id, encounter_id)
WHERE s.inpatient AND t.closed
GROUP BY s.institution_id, strftime(t.first_day, '%Y-%m');

CREATE TABLE classed AS
SELECT c.*, i.kind || i.level AS wide, i.kind || i.level || coalesce(i.region, '') AS narrow
FROM admission_costs AS c
ASOF JOIN institutions AS i ON i.institution_id = c.institution_id AND c.until >= i.since
WHERE c.cost > 0 AND i.kind IS NOT NULL AND i.level IS NOT NULL;

INSERT INTO found BY NAME
WITH counted AS (SELECT *, count(*) OVER (PARTITION BY month, narrow) AS neighbours FROM classed),
chosen AS (
    SELECT *, CASE WHEN neighbours >= getvariable('f05_peers') THEN narrow ELSE wide END AS class FROM counted),
-- A class by region is a part of a wider one: whoever falls back meets all of the wide class.
members AS (
    SELECT c.institution_id, c.month, c.cost, c.admissions, p.cost AS peer
    FROM chosen AS c JOIN classed AS p ON p.month = c.month AND c.class IN (p.narrow, p.wide)),
middles AS (SELECT *, median(ln(peer)) OVER (PARTITION BY institution_id, month) AS middle FROM members),
measured AS (
    SELECT institution_id, month, any_value(cost) AS cost, any_value(admissions) AS admissions, count(*) AS peers,
           median(peer) AS usual, any_value(middle) AS middle, median(abs(ln(peer) - middle)) AS mad
    FROM middles GROUP BY institution_id, month)
SELECT 'F05' AS rule, [institution_id] AS institutions, month FROM measured
WHERE admissions >= getvariable('f05_admissions')
  AND CASE WHEN peers >= getvariable('f05_peers') AND mad > 0
           THEN 0.6745 * (ln(cost) - middle) / mad > getvariable('f05_z') AND cost >= getvariable('f05_ratio') * usual
           ELSE cost >= getvariable('f05_ratio_alone') * usual END;
