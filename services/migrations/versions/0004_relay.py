"""Kafka: what the relay has sent, and how far the alerts consumer has read.

`relay` is one row. log_id: identity of the log ('' while no relay ever ran on this database); registry:
the registry version published (-1: none); intended: how many entries, by `progress.count`, the batch in
hand reaches, and chunk: how many went into one record, so that it is sent again exactly as it was; trimmed:
entries and events that the inbox had forgotten when this log began, hence never sent to it.
"""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

RELAY = """
    CREATE TABLE relay (
        one boolean PRIMARY KEY DEFAULT true CHECK (one),
        log_id text NOT NULL DEFAULT '',
        registry bigint NOT NULL DEFAULT -1,
        intended bigint NOT NULL DEFAULT 0,
        chunk integer NOT NULL DEFAULT 0,
        trimmed_entries bigint NOT NULL DEFAULT 0,
        trimmed_events bigint NOT NULL DEFAULT 0
    )
"""
RELAY_SENT = """
    CREATE TABLE relay_sent (
        topic text NOT NULL,
        partition integer NOT NULL,
        "offset" bigint NOT NULL,
        number bigint NOT NULL,
        PRIMARY KEY (topic, partition)
    ) WITH (fillfactor = 50)
"""
CONSUMER_OFFSET = """
    CREATE TABLE consumer_offset (
        topic text NOT NULL,
        partition integer NOT NULL,
        log_id text NOT NULL,
        "offset" bigint NOT NULL,
        PRIMARY KEY (topic, partition)
    ) WITH (fillfactor = 50)
"""


def upgrade() -> None:
    """Make the tables."""
    for statement in (RELAY, "INSERT INTO relay DEFAULT VALUES", RELAY_SENT, CONSUMER_OFFSET):
        op.execute(statement)


def downgrade() -> None:
    """Drop them: a relay that comes later sends everything again."""
    op.execute("DROP TABLE consumer_offset, relay_sent, relay")
