"""Detector: its place in the chain."""

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Nothing is stored yet."""


def downgrade() -> None:
    """Nothing is stored yet."""
