"""Every text is there in every language, with the same values in it; the pages use no other and leave none unused."""

import json
import re
from pathlib import Path

import pytest

from texts import LANGUAGES, catalogue, language_from_env, translate

ROOT = Path(__file__).resolve().parents[3]
WEB = ("app.", "console.", "docs.", "join.", "viewer.")
SOURCES = "\n".join(path.read_text() for path in sorted((ROOT / "web/app").rglob("*.js")))
MADE = re.compile(r"`((?:app|console|docs|join|viewer)\.[\w.]*)\$\{")
"""Keys that are put together: everything that starts so counts as used."""


def test_the_same_keys_and_values_in_every_language() -> None:
    first, *others = (catalogue(language) for language in LANGUAGES)
    for other in others:
        assert set(first) == set(other)
        for key, text in first.items():
            assert set(re.findall(r"\{(\w+)\}", text)) == set(re.findall(r"\{(\w+)\}", other[key])), key


@pytest.mark.parametrize("language", LANGUAGES)
def test_one_key_per_line_in_order_so_that_merges_are_easy(language: str) -> None:
    text = (ROOT / f"texts/{language}.json").read_text()
    assert text == json.dumps(dict(sorted(json.loads(text).items())), ensure_ascii=False, indent=2) + "\n"


def test_the_pages_use_only_texts_that_are_there() -> None:
    used = set(re.findall(r"'((?:app|console|docs|join|viewer)\.[a-z_.-]+[a-z])'", SOURCES))
    assert len(used) > 80
    assert used - set(catalogue("en")) == set()


def test_no_text_of_the_pages_is_unused() -> None:
    made = tuple(prefix for prefix in MADE.findall(SOURCES) if prefix not in WEB)
    phases = {f"viewer.{phase}" for phase in re.findall(r"'(\w+)'", (ROOT / "web/core/state.js").read_text())}
    left = []
    for key in catalogue("en"):
        if not key.startswith(WEB) or f"'{key}'" in SOURCES or key.startswith(made):
            continue
        base = key.removesuffix(".hint").removesuffix(".text")
        if base not in phases and f"'{base}'" not in SOURCES:
            left.append(key)
    assert left == []


@pytest.mark.parametrize(
    ("environ", "language"),
    [({}, "en"), ({"LANG": "ja_JP.UTF-8"}, "ja"), ({"LANG": "de_DE", "LC_ALL": "ja_JP"}, "ja"), ({"LANG": "C"}, "en")],
)
def test_the_language_of_a_terminal(environ: dict[str, str], language: str) -> None:
    assert language_from_env(environ) == language


def test_translate_puts_values_in() -> None:
    assert translate("docs.signed_in", "en", operator="Alice", organisation="Acme").startswith(
        "Signed in as Alice, Acme"
    )
    with pytest.raises(KeyError):
        translate("no.such.text", "en")
