"""The catalogue of everything that people read: one JSON file per language, the same keys in each.

Python reads it here; the browser reads the same files. A text names what it is given as ``{name}``.
"""

import json
import os
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Final

LANGUAGES: Final = ("en", "ja")
"""The first is the one for everybody else."""


@cache
def catalogue(lang: str) -> Mapping[str, str]:
    """All texts of a language. Raises `KeyError` for one that is not in `LANGUAGES`."""
    if lang not in LANGUAGES:
        raise KeyError(lang)
    loaded: dict[str, str] = json.loads(files(__name__).joinpath(f"{lang}.json").read_text("utf-8"))
    return loaded


def translate(key: str, lang: str, **values: object) -> str:
    """The text `key` in `lang` with `values` put in. Raises `KeyError` for an unknown key or a missing value."""
    return catalogue(lang)[key].format_map(values)


def language_from_env(environ: Mapping[str, str] = os.environ) -> str:
    """The language of ``LC_ALL``, ``LC_MESSAGES`` or ``LANG`` (the first that is set), else English."""
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        if value := environ.get(name):
            lang = value[:2].lower()
            return lang if lang in LANGUAGES else LANGUAGES[0]
    return LANGUAGES[0]
