"""The alerts service's desk and courier, for the pages that tell of it."""

from tests.alerts.conftest import desk, post

__all__ = ["desk", "post"]
