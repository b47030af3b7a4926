"""Stock events: what institutions counted, bought and sold, and what they took back of it."""

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

STOCK = """
    CREATE TABLE stock_event (
        institution_id text NOT NULL,
        event_id text NOT NULL,
        moment bigint NOT NULL,
        day integer NOT NULL,
        month text NOT NULL,
        recorded bigint NOT NULL,
        at_is_date boolean NOT NULL,
        historical boolean NOT NULL,
        product_code text NOT NULL,
        movement text NOT NULL,
        quantity numeric(18,4) NOT NULL,
        cancels text NOT NULL,
        cancels_event text NOT NULL,
        PRIMARY KEY (institution_id, event_id)
    )
"""
BY_DAY = "CREATE INDEX stock_event_day ON stock_event USING brin (day) WITH (pages_per_range = 32)"
CANCELLED = "CREATE INDEX stock_event_cancels ON stock_event (institution_id, cancels) WHERE cancels <> ''"


def upgrade() -> None:
    """Create the table."""
    for statement in (STOCK, BY_DAY, CANCELLED):
        op.execute(statement)


def downgrade() -> None:
    """Drop it; the inbox can make it again."""
    op.execute("DROP TABLE stock_event")
