"""What a receipt says in words and on paper: in both languages, whatever is in it, and nothing of others as markup."""

import re
from datetime import UTC, timedelta, timezone
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.receipts import receipt
from texts import LANGUAGES
from texts.receipt import Words, file_name, size
from texts.receipt_page import STYLE, file_in, page

TOKYO = timezone(timedelta(hours=9))


def never() -> dict[str, Any]:
    """A session that nobody ever came to."""
    made = receipt(started_at=None, claimed_at=None, seconds=0, outcome="expired", ended_by="system", reason="expired")
    made["server"] |= {"people": [], "customer": None, "asked_by": None, "bytes": {"from_host": 0, "from_viewers": 0}}
    return made | {"host": None}


def silent() -> dict[str, Any]:
    return receipt() | {"host": None}


def vanished() -> dict[str, Any]:
    made = receipt(reason="lost", ended_by="system")
    made["host"] |= {"complete": False, "ended": None, "left_out": 3, "clock_ahead_seconds": -90}
    made["host"]["grants"][-1]["until"] = None
    made["host"]["answers"].append({"viewer": 3, "yes": False, "at": "2026-12-02T00:00:01Z"})
    return made


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("made", [receipt(), never(), silent(), vanished(), receipt(mode="share")], ids=range(5))
def test_there_are_words_for_everything(made: dict[str, Any], lang: str) -> None:
    words = Words(made, lang, TOKYO)
    said = [words.lead(), *words.remarks(), *words.whose_word(), *(text for row in words.rows() for text in row)]
    assert all(said)
    assert not re.search(r"receipt\.[a-z]", page(made, b"x", "k", lang).partition("</style>")[2])


def test_what_is_not_known_is_said_to_be_unknown() -> None:
    assert "told the server nothing" in " ".join(Words(silent(), "en").remarks())
    said = " ".join(Words(vanished(), "en").remarks())
    assert "The last report came at 09:23:10" in said
    assert "90 seconds behind" in said
    assert "3 further changes" in said
    assert "No to Bob Example at 2026-12-02 00:00:01" in said
    assert "not told" in " ".join(time for one in Words(vanished(), "en").allowed() for time in one.times)
    assert Words(never(), "en").lead().startswith("The session ended before anything was allowed")


def test_evil_names_do_not_turn_the_reading_direction() -> None:
    """A name that ends with U+202E would write the rest of its sentence backwards: what was proven would say something else."""
    made = receipt()
    made["server"]["organisation"]["name"] = "Acme\u202e\u2066\u200f\u061c"
    made["server"]["customer"]["name"] = "\u202dHanako\x1b[31m"
    shown = page(made, b"x", "k", "en").partition("</style>")[2]
    assert not set(shown) & set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c\x1b")
    assert "Acme" in shown
    assert "Hanako" in shown


def test_what_this_version_has_no_words_for_is_shown_by_its_name() -> None:
    made = receipt(mode="telepathy", reason="because", ended_by="somebody")
    made["host"]["grants"][0]["what"] = "smell"
    words = Words(made, "en")
    assert words.allowed()[0].what == "smell"
    assert ("Kind of session", "telepathy") in words.rows()
    assert words.ended() == ["It ended by itself.", "Reason: because"]


def test_times_are_those_of_the_reader() -> None:
    assert Words(receipt(), "en", TOKYO).rows()[0][1].startswith("2026-12-01, 18:02:10 to 18:23:10")
    assert Words(receipt(), "en", TOKYO).zone_name() == "All times in UTC+09:00"
    assert Words(receipt(), "en", UTC).zone_name() == "All times in UTC"


@pytest.mark.parametrize(
    ("count", "text"), [(0, "0 B"), (999, "999 B"), (4_711_000, "4.7 MB"), (10**18, "1000000.0 TB")]
)
def test_sizes_as_people_read_them(count: int, text: str) -> None:
    assert size(count) == text


class Tags(HTMLParser):
    """Which elements a page has, and its attributes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}


PLAIN = Tags(page(receipt(), b"x", "k", "en"))


@given(st.text(max_size=60), st.sampled_from(LANGUAGES))
def test_evil_whatever_a_name_is_it_is_text(name: str, lang: str) -> None:
    made = receipt(customer={"name": name}, reference={"system": name, "id": name}, reason=name)
    made["server"]["organisation"]["name"] = made["host"]["grants"][0]["what"] = name
    made["server"]["people"][1]["operator"]["name"] = name
    shown = Tags(page(made, b"file", "k", lang))
    assert shown.tags == PLAIN.tags
    assert shown.attributes == PLAIN.attributes
    assert "style" not in shown.attributes
    assert re.fullmatch(r"[a-z0-9-]{1,90}", file_name(made))


def test_the_page_carries_its_file_and_one_style() -> None:
    shown = page(receipt(), b"the file", "k", "en")
    assert file_in(shown.encode()) == b"the file"
    assert shown.count("<style>") == 1
    assert "url(" not in STYLE
    assert "@import" not in STYLE
    assert file_in(b'<meta name="tasuki-receipt" content="====">') is None
