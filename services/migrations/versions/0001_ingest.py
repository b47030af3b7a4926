"""Ingest: the inbox and its readers' positions, keys, the vault, the registry."""

from alembic import op

revision = "0001"
down_revision = None

INBOX = """
CREATE TABLE inbox (
    xid bigint NOT NULL DEFAULT (pg_current_xact_id()::text::bigint),
    seq bigint GENERATED ALWAYS AS IDENTITY,
    kind text NOT NULL,
    institution_id text,
    event_id text,
    key text NOT NULL,
    type text NOT NULL DEFAULT '',
    content_hash bytea,
    body bytea NOT NULL,
    occurred_at bigint NOT NULL,
    occurred_day integer NOT NULL DEFAULT 0,
    total_fen bigint,
    fund_fen bigint,
    received_at bigint NOT NULL,
    request_id text NOT NULL DEFAULT '',
    historical boolean NOT NULL DEFAULT false,
    PRIMARY KEY (xid, seq),
    UNIQUE (institution_id, event_id)
);
COMMENT ON TABLE inbox IS 'What was accepted, in commit order (xid, seq). Times: microseconds since 1970.';
COMMENT ON COLUMN inbox.occurred_day IS 'Local day of occurred_at as a proleptic ordinal.';
CREATE INDEX inbox_occurred_day ON inbox USING brin (occurred_day)
    WITH (pages_per_range = 32, autosummarize = on);
"""

BODY_COMPRESSION = """
DO $$ BEGIN
    ALTER TABLE inbox ALTER COLUMN body SET COMPRESSION lz4;
EXCEPTION WHEN feature_not_supported THEN NULL;
END $$
"""

OTHERS = """
CREATE TABLE inbox_totals (
    writer text PRIMARY KEY,
    entries bigint NOT NULL DEFAULT 0,
    events bigint NOT NULL DEFAULT 0,
    bytes bigint NOT NULL DEFAULT 0,
    as_of bigint NOT NULL DEFAULT 0
) WITH (fillfactor = 50);
CREATE TABLE progress (
    name text PRIMARY KEY,
    xid bigint NOT NULL,
    seq bigint NOT NULL,
    as_of bigint NOT NULL,
    count bigint NOT NULL,
    updated_at timestamptz NOT NULL DEFAULT now()
) WITH (fillfactor = 50);
CREATE TABLE institution_key (
    id text PRIMARY KEY,
    prefix text NOT NULL,
    sha256 bytea NOT NULL UNIQUE,
    institutions text[] NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    revoked_at timestamptz
);
CREATE TABLE vault (
    domain text NOT NULL,
    pseudonym text NOT NULL,
    nonce bytea NOT NULL,
    sealed bytea NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (domain, pseudonym)
);
CREATE TABLE registry_record (
    "table" text NOT NULL,
    id text NOT NULL,
    effective_from text NOT NULL DEFAULT '',
    version bigint NOT NULL,
    body bytea NOT NULL,
    PRIMARY KEY ("table", id, effective_from)
);
CREATE TABLE registry_version (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    version bigint NOT NULL
);
INSERT INTO registry_version (version) VALUES (0);
"""


def upgrade() -> None:
    """Create the tables."""
    for part in (INBOX, OTHERS):
        for statement in part.split(";\n"):
            if statement.strip():
                op.execute(statement)
    op.execute(BODY_COMPRESSION)


def downgrade() -> None:
    """Drop them, with all that was accepted."""
    for table in ("registry_version", "registry_record", "vault", "institution_key", "progress"):
        op.execute(f"DROP TABLE {table}")
    op.execute("DROP TABLE inbox_totals")
    op.execute("DROP TABLE inbox")
