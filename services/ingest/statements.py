"""The inbox's SQL: one statement a commit, so that a commit costs one round trip.

The texts are put together from constants of this module only; hence S608 is silenced.
"""

# ruff: noqa: S608

TOTALS = """
INSERT INTO inbox_totals AS t (writer, entries, events, bytes, as_of)
    SELECT {writer}, n, {events}, bytes, as_of FROM summed WHERE n > 0
    ON CONFLICT (writer) DO UPDATE SET entries = t.entries + excluded.entries,
        events = t.events + excluded.events, bytes = t.bytes + excluded.bytes,
        as_of = greatest(t.as_of, excluded.as_of)
"""

APPEND_EVENTS = f"""
WITH input AS MATERIALIZED (
    SELECT * FROM unnest($1::admitted_event[])
), ins AS (
    INSERT INTO inbox (kind, institution_id, event_id, key, type, body, content_hash, occurred_at,
        occurred_day, total_fen, fund_fen, fact, also, request_id, historical, received_at)
    SELECT 'event', input.*, $3 FROM input
    ON CONFLICT (institution_id, event_id) DO NOTHING
    RETURNING institution_id, event_id, octet_length(body) AS size, occurred_at
), kept AS (
    INSERT INTO vault (domain, pseudonym, nonce, sealed)
    SELECT * FROM unnest($2::sealed_identifier[])
    ON CONFLICT DO NOTHING
), summed AS (
    SELECT count(*) AS n, coalesce(sum(size), 0) AS bytes, coalesce(max(occurred_at), 0) AS as_of FROM ins
), totals AS ({TOTALS.format(writer="$4", events="n")})
SELECT n, bytes::bigint,
    CASE WHEN n < (SELECT count(*) FROM input)
        THEN ARRAY(SELECT ARRAY[institution_id, event_id] FROM ins) END,
    pg_notify('qingfeng_inbox', '')
FROM summed
"""
"""→ inserted rows, their bytes, [[institution_id, event_id]] of them unless all were inserted."""

HASHES = """
SELECT institution_id, event_id, content_hash FROM inbox
JOIN unnest($1::text[], $2::text[]) AS wanted (institution_id, event_id) USING (institution_id, event_id)
"""

APPEND_OTHERS = f"""
WITH ins AS (
    INSERT INTO inbox (kind, key, body, received_at, occurred_at)
    SELECT $1::text, r.key, r.body, $4, $5 FROM unnest($2::text[], $3::bytea[]) AS r (key, body)
    RETURNING octet_length(body) AS size, occurred_at
), summed AS (
    SELECT count(*) AS n, coalesce(sum(size), 0) AS bytes, coalesce(max(occurred_at), 0) AS as_of FROM ins
), totals AS ({TOTALS.format(writer="$6", events="CASE $1::text WHEN 'event' THEN n ELSE 0 END")})
SELECT n, pg_notify('qingfeng_inbox', '') FROM summed
"""

APPEND_TICK = f"""
WITH ins AS (
    INSERT INTO inbox (kind, institution_id, event_id, key, body, received_at, occurred_at)
    VALUES ('tick', '', $1, '', '', $2, $2)
    ON CONFLICT (institution_id, event_id) DO NOTHING RETURNING occurred_at
), summed AS (
    SELECT count(*) AS n, 0 AS bytes, coalesce(max(occurred_at), 0) AS as_of FROM ins
), totals AS ({TOTALS.format(writer="$3", events="0")})
SELECT n, pg_notify('qingfeng_inbox', '') FROM summed
"""
