"""Alerts: what the detector said, how far it has judged, who reads it, and whom webhooks tell.

Times are timestamptz; alert bodies are the JSON text that outsiders read.
"""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

STORED = """
-- One row. Its lock makes the order of change numbers the order of commits: a reader that has seen
-- change n has seen everything below n.
CREATE TABLE alert_ledger (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    change bigint NOT NULL DEFAULT 0,
    stored bigint NOT NULL DEFAULT 0,
    open bigint NOT NULL DEFAULT 0
);
INSERT INTO alert_ledger DEFAULT VALUES;

CREATE TABLE alert (
    alert_id text PRIMARY KEY,
    version integer NOT NULL,
    status text NOT NULL,
    rule text NOT NULL,
    severity smallint NOT NULL,
    institutions text[] NOT NULL,
    historical boolean NOT NULL,
    body text NOT NULL,
    born bigint NOT NULL,
    change bigint NOT NULL,
    detected_at timestamptz NOT NULL,
    changed_at timestamptz NOT NULL
);
CREATE UNIQUE INDEX alert_born ON alert (born);
CREATE INDEX alert_rule ON alert (rule, born);
CREATE INDEX alert_status ON alert (status, born);
CREATE INDEX alert_changed ON alert (changed_at);
CREATE INDEX alert_institutions ON alert USING gin (institutions);

-- What each key last said of an alert: it is open while any key says so. Two keys speak of one alert
-- when a correction moves a fact from one person to another.
CREATE TABLE alert_voice (
    alert_id text NOT NULL,
    key text NOT NULL,
    epoch text NOT NULL,
    revision bigint NOT NULL,
    status text NOT NULL,
    body text NOT NULL,
    PRIMARY KEY (alert_id, key)
);

CREATE TABLE alert_version (
    alert_id text NOT NULL,
    version integer NOT NULL,
    change bigint NOT NULL UNIQUE,
    event text NOT NULL,
    body text NOT NULL,
    changed_at timestamptz NOT NULL,
    PRIMARY KEY (alert_id, version)
);
CREATE INDEX alert_version_changed ON alert_version (changed_at);

CREATE TABLE data_defect (
    defect_id text PRIMARY KEY,
    born bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
    key text NOT NULL,
    epoch text NOT NULL,
    revision bigint NOT NULL,
    open boolean NOT NULL,
    institution_id text NOT NULL,
    event_id text NOT NULL,
    code text NOT NULL,
    path text NOT NULL,
    message_zh text NOT NULL,
    message_en text NOT NULL,
    first_at timestamptz NOT NULL,
    changed_at timestamptz NOT NULL
);
CREATE INDEX data_defect_institution ON data_defect (institution_id, born);

CREATE TABLE dead_letter (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    stage text NOT NULL,
    key text NOT NULL,
    reason text NOT NULL,
    error text NOT NULL,
    body bytea NOT NULL,
    seq bigint NOT NULL,
    request_id text NOT NULL,
    received_at timestamptz NOT NULL,
    at timestamptz NOT NULL,
    retried_at timestamptz
);
-- A detector that restarts may send a dead letter again.
CREATE UNIQUE INDEX dead_letter_once ON dead_letter (stage, key, seq, md5(body)) WHERE retried_at IS NULL;

CREATE TABLE judged (
    topic text NOT NULL,
    partition integer NOT NULL,
    log_id text NOT NULL,
    "offset" bigint NOT NULL,
    entries bigint NOT NULL,
    events bigint NOT NULL,
    too_late bigint NOT NULL,
    as_of bigint NOT NULL,
    last_seq bigint NOT NULL,
    crossings text NOT NULL,
    PRIMARY KEY (topic, partition)
);
"""

READERS = """
CREATE TABLE app_user (
    name text PRIMARY KEY,
    role text NOT NULL CHECK (role IN ('handler', 'supervisor', 'admin', 'auditor')),
    token_sha256 bytea NOT NULL UNIQUE,
    created_at timestamptz NOT NULL,
    revoked_at timestamptz
);
"""

WEBHOOKS = """
CREATE TABLE webhook (
    webhook_id text PRIMARY KEY,
    url text NOT NULL,
    events text[] NOT NULL,
    institutions text[] NOT NULL,
    rules text[] NOT NULL,
    min_severity smallint NOT NULL,
    payload text NOT NULL CHECK (payload IN ('thin', 'full')),
    secret bytea NOT NULL,
    old_secret bytea,
    old_secret_until timestamptz,
    created_by text NOT NULL,
    created_at timestamptz NOT NULL,
    failing_since timestamptz,
    disabled_at timestamptz,
    disabled_reason text
);

-- The outbox: one row for one event to one endpoint, written with the change itself. `coalescing`: a
-- change that waits for further ones; the last of them is what is sent.
CREATE TABLE webhook_delivery (
    delivery_id text PRIMARY KEY,
    born bigint GENERATED ALWAYS AS IDENTITY,
    webhook_id text NOT NULL REFERENCES webhook ON DELETE CASCADE,
    event text NOT NULL,
    alert_id text NOT NULL,
    version integer NOT NULL,
    state text NOT NULL CHECK (state IN ('pending', 'delivered', 'failed')),
    coalescing boolean NOT NULL,
    tries integer NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL,
    next_at timestamptz NOT NULL,
    lease_until timestamptz,
    request_id text NOT NULL,
    last_try_at timestamptz,
    last_status integer,
    last_error text,
    last_response text
);
CREATE INDEX webhook_delivery_due ON webhook_delivery (webhook_id, next_at, born) WHERE state = 'pending';
CREATE INDEX webhook_delivery_listed ON webhook_delivery (webhook_id, born);
CREATE INDEX webhook_delivery_alert ON webhook_delivery (alert_id);
CREATE UNIQUE INDEX webhook_delivery_coalescing ON webhook_delivery (webhook_id, alert_id)
    WHERE coalescing AND state = 'pending';
"""


def upgrade() -> None:
    """Make the tables."""
    for script in (STORED, READERS, WEBHOOKS):
        for statement in _statements(script):
            op.execute(statement)


def downgrade() -> None:
    """Drop them again."""
    op.execute(
        "DROP TABLE webhook_delivery, webhook, app_user, judged, dead_letter, data_defect,"
        " alert_version, alert_voice, alert, alert_ledger"
    )


def _statements(script: str) -> list[str]:
    """asyncpg takes one statement at a time."""
    lines = [line for line in script.splitlines() if not line.lstrip().startswith("--")]
    return [part.strip() for part in "\n".join(lines).split(";") if part.strip()]
