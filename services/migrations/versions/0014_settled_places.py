"""Where an institution's settlements were posted to have taken place: few pairs, by which a list of a region
finds the institutions whose alerts it has to look at."""

from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Of all that was screened so far."""
    op.execute(
        """
        CREATE TABLE settled_place (
            institution_id text NOT NULL,
            region text NOT NULL,
            PRIMARY KEY (institution_id, region)
        )
        """
    )
    op.execute(
        "INSERT INTO settled_place SELECT DISTINCT institution_id, region FROM screening WHERE region <> ''"
    )


def downgrade() -> None:
    """As before."""
    op.execute("DROP TABLE settled_place")
