"""One Alembic tree for the whole product: 0001 ingest, 0002 detector, 0003 alerts, then as they come."""
