"""Detector: what the embedded runtime remembers of each key, a cell a fact or finding."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """One table; values are small and change whole, so they stay in line."""
    op.execute("""
        CREATE TABLE memory_cell (
            key text NOT NULL,
            cell text NOT NULL,
            body bytea NOT NULL,
            PRIMARY KEY (key, cell)
        )
    """)


def downgrade() -> None:
    """Forget all memories; the inbox can make them again."""
    op.execute("DROP TABLE memory_cell")
