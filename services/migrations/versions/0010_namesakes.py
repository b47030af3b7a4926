"""What an event is a version of, as numbers: by them the inbox finds who else stands under the same id.

`fact`: the settlement, admission, discharge, check or inspection that an event tells of or takes back.
`also`: the lines of its encounter, where it tells or takes back any; of another cancellation, itself. NULL
where there is none. Both are the first eight bytes, as a signed integer, of the SHA-256 of institution, kind
and id, joined by 0x1f (services.ingest.naming).
"""

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

COLUMNS = "ALTER TABLE inbox ADD COLUMN fact bigint, ADD COLUMN also bigint"
# The names of what came before, by the same rule as at the door.
NAME = """
CREATE FUNCTION pg_temp.number_of(institution text, kind text, id text) RETURNS bigint LANGUAGE sql AS $$
    SELECT ('x' || encode(substr(sha256(convert_to(
        institution || chr(31) || kind || chr(31) || id, 'UTF8')), 1, 8), 'hex'))::bit(64)::bigint
$$
"""
BACKFILL = """
WITH told AS MATERIALIZED (
    SELECT xid, seq, institution_id, event_id, type, convert_from(body, 'UTF8')::jsonb AS event
    FROM inbox WHERE kind = 'event' AND institution_id IS NOT NULL AND type <> 'stock' AND type <> ''
), called AS (
    SELECT *, event #>> '{cancels,type}' AS taken, event #>> '{cancels,id}' AS taken_id,
           event ->> 'encounter_id' AS encounter
    FROM told WHERE event #>> '{cancels,type}' IS DISTINCT FROM 'stock'
), named AS (
    SELECT xid, seq,
        CASE WHEN type IN ('admission', 'discharge') THEN pg_temp.number_of(institution_id, type, encounter)
             WHEN type = 'settlement' THEN pg_temp.number_of(institution_id, type, event ->> 'settlement_id')
             WHEN type = 'fee_lines' THEN NULL
             WHEN taken = 'fee_lines' OR taken IS NULL THEN pg_temp.number_of(institution_id, type, event_id)
             ELSE pg_temp.number_of(institution_id, taken, taken_id) END AS fact,
        CASE WHEN type = 'fee_lines' OR event #>> '{amounts,total}' LIKE '-%'
                  OR jsonb_array_length(coalesce(event -> 'lines', '[]')) > 0
             THEN pg_temp.number_of(institution_id, 'fee_lines', encounter)
             WHEN taken = 'fee_lines' THEN pg_temp.number_of(institution_id, taken, taken_id)
             WHEN taken IS NOT NULL THEN pg_temp.number_of(institution_id, type, event_id) END AS also
    FROM called
)
UPDATE inbox SET fact = named.fact, also = named.also FROM named
WHERE (inbox.xid, inbox.seq) = (named.xid, named.seq)
"""
INDEXES = tuple(
    f"CREATE INDEX inbox_{name} ON inbox ({name}, key) WHERE {name} IS NOT NULL" for name in ("fact", "also")
)


def upgrade() -> None:
    """Add, fill and index them."""
    for statement in (COLUMNS, NAME, BACKFILL, *INDEXES):
        op.execute(statement)


def downgrade() -> None:
    """Drop them."""
    op.execute("ALTER TABLE inbox DROP COLUMN fact, DROP COLUMN also")
