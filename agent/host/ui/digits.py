"""The six digits as people type them."""

import re
import unicodedata
from typing import Final

_DIGITS: Final = re.compile(r"[0-9]{6}", re.ASCII)
_BETWEEN: Final = re.compile(r"[\s\-]+")


def six_digits(typed: str) -> str | None:
    """Six ASCII digits out of `typed`, or None.

    Spaces and hyphens between them are dropped, and full-width digits (a Japanese keyboard left switched on) are
    read as what they are; nothing else is guessed.
    """
    digits = _BETWEEN.sub("", unicodedata.normalize("NFKC", typed))
    return digits if _DIGITS.fullmatch(digits) else None
