"""Which partition a key belongs to: one function for relay, inner topics and tables.

It may never change for topics that exist: the state of a key would stay where its messages no longer go.
"""

from zlib import crc32


def partition_of(key: str, partitions: int) -> int:
    """The partition of a key, of so many."""
    return crc32(key.encode()) % partitions
