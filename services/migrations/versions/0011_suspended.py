"""Data defects: who sent the facts of a placeholder person; indexes for those who look for a few of many."""

from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

SHARES = "ALTER TABLE data_defect ADD COLUMN shares jsonb NOT NULL DEFAULT '[]'"
# Few among many others, and asked for by themselves.
SUSPENDED = "CREATE INDEX data_defect_suspended ON data_defect (born) WHERE code = 'placeholder_person'"
CHANGED = "CREATE INDEX data_defect_changed ON data_defect (changed_at)"


def upgrade() -> None:
    """Make them."""
    for statement in (SHARES, SUSPENDED, CHANGED):
        op.execute(statement)


def downgrade() -> None:
    """Forget who sent them."""
    op.execute("DROP INDEX data_defect_changed, data_defect_suspended")
    op.execute("ALTER TABLE data_defect DROP COLUMN shares")
