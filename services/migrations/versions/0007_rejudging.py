"""Judging anew after a change of reference data: how far it has come, so that it goes on after a restart.

`rejudging` has a row while the embedded runtime judges its memories again: version of the reference data,
the last key done, how many are done and how many there were at the start. The index makes the keys of all
memories cheap to count and to page: each memory has one cell without a name. relay_sent.announced: offset
of the last word, in that partition, that the reference data changed (-1: none).
"""

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

REJUDGING = """
    CREATE TABLE rejudging (
        one boolean PRIMARY KEY DEFAULT true CHECK (one),
        version bigint NOT NULL,
        after text NOT NULL,
        done bigint NOT NULL,
        total bigint NOT NULL,
        began_at timestamptz NOT NULL
    ) WITH (fillfactor = 50)
"""
HEADS = "CREATE INDEX memory_cell_head ON memory_cell (key) WHERE cell = ''"
ANNOUNCED = "ALTER TABLE relay_sent ADD COLUMN announced bigint NOT NULL DEFAULT -1"


def upgrade() -> None:
    """Make them."""
    for statement in (REJUDGING, HEADS, ANNOUNCED):
        op.execute(statement)


def downgrade() -> None:
    """Drop them: what was not yet judged anew stays as it is until the registry changes again."""
    op.execute("ALTER TABLE relay_sent DROP COLUMN announced")
    op.execute("DROP INDEX memory_cell_head")
    op.execute("DROP TABLE rejudging")
