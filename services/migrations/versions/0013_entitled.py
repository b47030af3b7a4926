"""Who may not read alerts may not have them sent: endpoints that an admin made to hear whole alerts, before
that was refused, hear thin ones. A supervisor may set them to whole again."""

from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Whole stays only what one who may read alerts made."""
    op.execute(
        """
        UPDATE webhook SET payload = 'thin' WHERE payload = 'full'
            AND created_by NOT IN (SELECT name FROM app_user WHERE role = 'supervisor')
        """
    )


def downgrade() -> None:
    """What was taken back stays taken back."""
