"""Alerts of rules on trial: stored, and in no list but their own."""

from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Mark them."""
    op.execute("ALTER TABLE alert ADD COLUMN shadow boolean NOT NULL DEFAULT false")
    # Few among many others, and asked for by themselves.
    op.execute("CREATE INDEX alert_shadow ON alert (born) WHERE shadow")


def downgrade() -> None:
    """Forget which they are."""
    op.execute("ALTER TABLE alert DROP COLUMN shadow")
