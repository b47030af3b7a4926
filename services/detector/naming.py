"""Marks of names: what little of a line's name is kept, so that likeness of two names can still be told.

A mark holds a sign for each different character of the name, brackets, digits and punctuation left out. Of
two marks, the signs both have over the signs either has is near enough to the same share of characters.
"""

import re
import unicodedata
from functools import lru_cache
from zlib import crc32

BRACKETED = re.compile(r"\([^()]*\)|\[[^\[\]]*\]|【[^【】]*】")
SIGNS = 64
FIRST_SIGN = ord("0")


@lru_cache(maxsize=50_000)
def mark_of(name: str) -> str:
    """The mark of a name: its signs in order, each once; "" where nothing of it tells names apart."""
    plain = BRACKETED.sub("", unicodedata.normalize("NFKC", name).casefold())
    letters = {letter for letter in plain if letter.isalpha()}
    return "".join(sorted({chr(FIRST_SIGN + crc32(letter.encode()) % SIGNS) for letter in letters}))
