"""What the judge of months publishes is no load: `registry_version.loaded` is the version of the last load,
by which months are judged; `version` grows with what is published too."""

from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """All that is there was loaded."""
    op.execute("ALTER TABLE registry_version ADD COLUMN loaded bigint NOT NULL DEFAULT 0")
    op.execute("UPDATE registry_version SET loaded = version")


def downgrade() -> None:
    """Every month is judged again."""
    op.execute("ALTER TABLE registry_version DROP COLUMN loaded")
