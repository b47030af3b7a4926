"""The rules over DE-SynPUF stays as plain SQL, written from the catalogue and the contract.

Stays are whole days: two overlap when they share a night, max(begin) < min(end). Nothing of the product's
code is used here.
"""

from pathlib import Path

import duckdb

STAYS = """
CREATE TABLE stays AS
SELECT DESYNPUF_ID AS person, CLM_ID AS claim,
       arg_min(PRVDR_NUM, (CLM_ADMSN_DT, line)) AS institution,
       strptime(min(CLM_ADMSN_DT), '%Y%m%d')::DATE AS begin_day,
       strptime(max(NCH_BENE_DSCHRG_DT), '%Y%m%d')::DATE AS end_day,
       sum(CLM_PMT_AMT::DECIMAL(18, 2)) AS fund,
       arg_min(list_sort([ICD9_DGNS_CD_1, ICD9_DGNS_CD_2, ICD9_DGNS_CD_3]), line) AS diagnoses
FROM (SELECT *, row_number() OVER () AS line FROM read_csv(?, all_varchar = true))
GROUP BY ALL
"""
PERSONS = """
CREATE TABLE persons AS
SELECT DESYNPUF_ID AS person,
       last_day(strptime(nullif(BENE_DEATH_DT, ''), '%Y%m%d')::DATE) AS last_day
FROM read_csv(?, all_varchar = true)
"""
PAIRS = """
SELECT CASE WHEN a.institution = b.institution THEN 'A02' ELSE 'A01' END AS rule,
       a.person, least(a.claim, b.claim), greatest(a.claim, b.claim)
FROM stays a JOIN stays b ON a.person = b.person AND a.claim < b.claim
WHERE greatest(a.begin_day, b.begin_day) < least(a.end_day, b.end_day)
"""
HAND_OVERS = """
SELECT count(*) FROM stays a JOIN stays b ON a.person = b.person AND a.claim < b.claim
WHERE greatest(a.begin_day, b.begin_day) = least(a.end_day, b.end_day)
  AND a.end_day > a.begin_day AND b.end_day > b.begin_day
"""
AFTER_DEATH = """
SELECT claim FROM stays JOIN persons USING (person) WHERE begin_day > persons.last_day
"""
SETTLED_TWICE = """
SELECT a.claim, b.claim FROM stays a JOIN stays b
  ON a.person = b.person AND a.institution = b.institution AND a.claim < b.claim
WHERE a.begin_day = b.begin_day AND a.fund = b.fund AND a.diagnoses = b.diagnoses
"""
# C03 out and in on one day, at one institution: the codes of these claims are ICD-9, which no event may
# carry. What the page lets pass is told by ICD-10 codes, ways of discharge and kinds of admission, none of
# which they have; without bills no similarity; without departments no graver pair but the same day.
RETURNS = """
SELECT a.person, a.claim, b.claim, 2 AS severity
FROM stays a JOIN stays b ON a.person = b.person AND a.institution = b.institution
 AND (a.begin_day, a.claim) < (b.begin_day, b.claim)
WHERE a.end_day = b.begin_day
"""
EXPECTED = "SELECT * FROM read_csv(?, all_varchar = true)"


class Oracle:
    """What the catalogue says of the files."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.database = duckdb.connect()
        self.database.execute(STAYS, [str(folder / "inpatient_claims.csv.gz")])
        self.database.execute(PERSONS, [str(folder / "beneficiary.csv.gz")])

    def pairs(self) -> set[tuple]:
        """(rule, person, smaller claim, greater claim) of overlapping stays."""
        return set(self.database.execute(PAIRS).fetchall())

    def after_death(self) -> list:
        """Claims of stays begun after the month of death."""
        return self.database.execute(AFTER_DEATH).fetchall()

    def settled_twice(self) -> list:
        """Pairs of claims with one person, institution, begin, amount and diagnoses."""
        return self.database.execute(SETTLED_TWICE).fetchall()

    def returns(self) -> set[tuple]:
        """(person, earlier claim, later claim, severity) of returns within fifteen days."""
        return set(self.database.execute(RETURNS).fetchall())

    def count(self, query: str) -> int:
        """The one number of a query."""
        return self.database.execute(query).fetchone()[0]

    def expected(self) -> list[dict]:
        """Rows of the file of expected pairs."""
        result = self.database.execute(EXPECTED, [str(self.folder / "expected_pairs.csv.gz")])
        names = [column[0] for column in result.description]
        return [dict(zip(names, row, strict=True)) for row in result.fetchall()]
