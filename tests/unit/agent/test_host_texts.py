"""Every text a customer reads is there in every language, with the same values in it."""

import re
from pathlib import Path
from string import Formatter

import agent.host.ui
from texts import LANGUAGES, catalogue

HOST = {lang: {key: text for key, text in catalogue(lang).items() if key.startswith("host.")} for lang in LANGUAGES}


def test_the_same_texts_in_every_language() -> None:
    first, *others = (set(HOST[lang]) for lang in LANGUAGES)
    assert all(first == other for other in others)


def test_the_same_values_in_every_language() -> None:
    for key in HOST["en"]:
        values = [{name for _, name, _, _ in Formatter().parse(HOST[lang][key]) if name} for lang in LANGUAGES]
        assert all(names == values[0] for names in values), key


def test_every_text_that_is_used_is_there() -> None:
    folder = Path(agent.host.ui.__file__).parent
    used = {
        key
        for file in folder.rglob("*.py")
        for key in re.findall(r'(?:say|_hint|_button)\((?:"\w+", )?"([a-z_.]+)"', file.read_text("utf-8"))
    }
    assert len(used) > 25
    assert not {key for key in used if f"host.{key.removeprefix('host.')}" not in HOST["en"]}
