"""Screenings: settlements as they were judged, and the months whose rules must be run again."""

from alembic import op

revision = "0005"
down_revision = "0004"

SCREENING = """
    CREATE TABLE screening (
        institution_id text NOT NULL,
        name text NOT NULL,
        person text NOT NULL,
        revision bigint NOT NULL,
        withdrawn boolean NOT NULL,
        versions integer NOT NULL,
        settlement_id text NOT NULL,
        encounter_id text NOT NULL,
        care text NOT NULL,
        med_type text NOT NULL,
        month text NOT NULL,
        day integer NOT NULL,
        occurred_day integer NOT NULL,
        discharge_day integer,
        begun bigint NOT NULL,
        ended bigint NOT NULL,
        at_is_date boolean NOT NULL,
        minute smallint,
        recorded bigint NOT NULL,
        nights integer,
        region text NOT NULL,
        insured_region text NOT NULL,
        insurance_type text NOT NULL,
        total bigint NOT NULL,
        fund bigint NOT NULL,
        account bigint NOT NULL,
        family bigint NOT NULL,
        by_category text NOT NULL,
        items text NOT NULL,
        sex smallint NOT NULL,
        age integer,
        community_id text NOT NULL,
        household text NOT NULL,
        assistance boolean NOT NULL,
        practitioner text NOT NULL,
        department text NOT NULL,
        device text NOT NULL,
        card_kind text NOT NULL,
        channel text NOT NULL,
        emergency smallint NOT NULL,
        main_diagnosis text NOT NULL,
        diagnoses text NOT NULL,
        procedures text NOT NULL,
        disease_code text NOT NULL,
        prescription_id text NOT NULL,
        drg text NOT NULL,
        bed text NOT NULL,
        discharge_way smallint NOT NULL,
        flags text NOT NULL,
        alerts text NOT NULL,
        rules_hash text NOT NULL,
        epoch text NOT NULL,
        digest bytea NOT NULL,
        PRIMARY KEY (institution_id, name, person)
    ) WITH (fillfactor = 90)
"""
# Settlements come nearly in order of their days; a block range index costs next to nothing to keep.
BY_DAY = "CREATE INDEX screening_day ON screening USING brin (day, occurred_day) WITH (pages_per_range = 32)"
PERIOD = """
    CREATE TABLE period (
        month text PRIMARY KEY,
        changed bigint NOT NULL,
        first_changed_at timestamptz NOT NULL,
        changed_at timestamptz NOT NULL,
        judged bigint NOT NULL DEFAULT 0,
        registry_version bigint NOT NULL DEFAULT -1,
        judged_at timestamptz,
        seconds double precision NOT NULL DEFAULT 0
    ) WITH (fillfactor = 50)
"""
# What a period's rule last said is looked up by its key; other keys are only asked with their alert.
SPOKEN = "CREATE INDEX alert_voice_period ON alert_voice (key) WHERE key LIKE 'period:%'"


def upgrade() -> None:
    """Create the tables."""
    for statement in (SCREENING, BY_DAY, PERIOD, SPOKEN):
        op.execute(statement)


def downgrade() -> None:
    """Drop them; the inbox can make them again."""
    op.execute("DROP INDEX alert_voice_period")
    op.execute("DROP TABLE period, screening")
