"""Names that tell things apart: of files in a folder, of columns in a row."""

from __future__ import annotations

import unicodedata


def distinct(name: str, taken: set[str]) -> str:
    """`name`, or `name_2`, `name_3`, … where that is `taken`; what is returned is taken from then on.

    Letter case, and how an accent is put together, make no difference: on many disks they make none.
    """
    found, number = name, 1
    while (key := unicodedata.normalize("NFC", found).casefold()) in taken:
        number += 1
        found = f"{name}_{number}"
    taken.add(key)
    return found
