"""Webhooks that can be trusted: what an endpoint may ask for, how it fares, every try, numbers without gaps.

webhook.headers: sealed JSON of the endpoint's own headers. rate: deliveries a second, NULL for as many as
there are. slowed: how often in a row it asked for less; until throttled_until it is left alone. paced_until:
up to when its rate is used up. webhook_counter stands apart from `webhook`, so that the transaction that
numbers deliveries and the one that claims them never wait for each other.

A delivery is about an alert, or carries its own `data`. tried_before: tries before it was last sent anew.
"""

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

UP = (
    """
    ALTER TABLE webhook
        ADD COLUMN regions text[] NOT NULL DEFAULT '{}',
        ADD COLUMN description text NOT NULL DEFAULT '',
        ADD COLUMN headers bytea,
        ADD COLUMN rate integer CHECK (rate BETWEEN 1 AND 1000),
        ADD COLUMN concurrency smallint NOT NULL DEFAULT 5 CHECK (concurrency BETWEEN 1 AND 5),
        ADD COLUMN disabled_by text,
        ADD COLUMN disabled_note text NOT NULL DEFAULT '',
        ADD COLUMN slowed integer NOT NULL DEFAULT 0,
        ADD COLUMN throttled_until timestamptz,
        ADD COLUMN paced_until timestamptz
    """,
    "UPDATE webhook SET disabled_by = 'system' WHERE disabled_at IS NOT NULL",
    """
    ALTER TABLE webhook_delivery
        ADD COLUMN sequence bigint NOT NULL DEFAULT 0,
        ADD COLUMN tried_before integer NOT NULL DEFAULT 0,
        ADD COLUMN data text,
        ALTER COLUMN alert_id DROP NOT NULL,
        ALTER COLUMN version DROP NOT NULL,
        ADD CONSTRAINT webhook_delivery_says CHECK ((alert_id IS NULL) = (data IS NOT NULL))
    """,
    """
    UPDATE webhook_delivery d SET sequence = n.sequence
    FROM (SELECT delivery_id, row_number() OVER (PARTITION BY webhook_id ORDER BY born) AS sequence
          FROM webhook_delivery) n
    WHERE n.delivery_id = d.delivery_id
    """,
    """
    CREATE TABLE webhook_counter (
        webhook_id text PRIMARY KEY REFERENCES webhook ON DELETE CASCADE,
        sequence bigint NOT NULL DEFAULT 0
    ) WITH (fillfactor = 50)
    """,
    """
    INSERT INTO webhook_counter (webhook_id, sequence)
    SELECT webhook_id, coalesce(max(d.sequence), 0)
    FROM webhook LEFT JOIN webhook_delivery d USING (webhook_id) GROUP BY webhook_id
    """,
    """
    CREATE TABLE webhook_try (
        delivery_id text NOT NULL REFERENCES webhook_delivery ON DELETE CASCADE,
        attempt integer NOT NULL,
        at timestamptz NOT NULL,
        latency_ms integer NOT NULL,
        status integer,
        error text,
        response text NOT NULL,
        PRIMARY KEY (delivery_id, attempt)
    )
    """,
    """
    INSERT INTO webhook_try (delivery_id, attempt, at, latency_ms, status, error, response)
    SELECT delivery_id, tries, last_try_at, 0, last_status, last_error, coalesce(last_response, '')
    FROM webhook_delivery WHERE last_try_at IS NOT NULL AND tries > 0
    """,
    "ALTER TABLE webhook_delivery DROP COLUMN last_status, DROP COLUMN last_error, DROP COLUMN last_response",
    # Few at any time: what is on its way.
    """
    CREATE INDEX webhook_delivery_leased ON webhook_delivery (webhook_id, lease_until)
        WHERE lease_until IS NOT NULL
    """,
    # A queue's rows die young: the places of the dead are wanted back soon.
    """
    ALTER TABLE webhook_delivery
        SET (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 5000)
    """,
)
DOWN = (
    "DELETE FROM webhook_delivery WHERE alert_id IS NULL",
    """
    ALTER TABLE webhook_delivery
        ADD COLUMN last_status integer, ADD COLUMN last_error text, ADD COLUMN last_response text
    """,
    """
    UPDATE webhook_delivery d SET last_status = t.status, last_error = t.error, last_response = t.response
    FROM webhook_try t WHERE t.delivery_id = d.delivery_id AND t.attempt = d.tries
    """,
    "DROP TABLE webhook_try, webhook_counter",
    "DROP INDEX webhook_delivery_leased",
    """
    ALTER TABLE webhook_delivery
        DROP COLUMN sequence, DROP COLUMN tried_before, DROP COLUMN data,
        ALTER COLUMN alert_id SET NOT NULL, ALTER COLUMN version SET NOT NULL,
        RESET (autovacuum_vacuum_scale_factor, autovacuum_vacuum_threshold)
    """,
    """
    ALTER TABLE webhook
        DROP COLUMN regions, DROP COLUMN description, DROP COLUMN headers, DROP COLUMN rate,
        DROP COLUMN concurrency, DROP COLUMN disabled_by, DROP COLUMN disabled_note, DROP COLUMN slowed,
        DROP COLUMN throttled_until, DROP COLUMN paced_until
    """,
)


def upgrade() -> None:
    """Make them; the last try that is known becomes the first that is kept."""
    for statement in UP:
        op.execute(statement)


def downgrade() -> None:
    """Back to the last try only, and to numbers shared by all endpoints."""
    for statement in DOWN:
        op.execute(statement)
