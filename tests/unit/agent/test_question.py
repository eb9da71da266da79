"""What a customer is shown of a statement: nothing hidden, nothing that deceives the eye."""

from typing import Any

import pytest

from agent.host.ui.digits import six_digits
from agent.host.ui.question import Question, server_name, shown
from agent.host.ui.wording import Wording

STATEMENT: dict[str, Any] = {
    "operator": {"id": "opr_1", "name": "Alice", "verified": "password"},
    "organisation": {"id": "org_1", "name": "Acme"},
    "mode": "control",
    "features": ["chat", "teleport"],
    "recording": "off",
}


def test_everything_is_said_in_both_languages() -> None:
    question = Question.from_statement(STATEMENT | {"recording": "required"}, "https://support.acme.example/join/1")
    for lang, words in (("en", ("signed in with a password", "mouse")), ("ja", ("パスワード", "マウス"))):
        text = " ".join(value for _, value in Wording(lang).rows(question))
        for word in ("Alice", "Acme", "support.acme.example", "teleport", *words):
            assert word in text


@pytest.mark.parametrize(
    ("verified", "words"),
    [
        ("password", "signed in with a password"), ("api-key", "a program that holds a key"),
        ("hook", "another system of the organisation"), ("passkey", "checked by: passkey"),
    ],
)  # fmt: skip
def test_how_the_operator_is_known_is_said(verified: str, words: str) -> None:
    statement = STATEMENT | {"operator": {"id": "opr_1", "name": "Alice", "verified": verified}}
    said = Wording("en").operator(Question.from_statement(statement, "https://a.example"))
    assert said.startswith("Alice (")
    assert words in said


@pytest.mark.parametrize("missing", ["operator", "organisation", "mode"])
def test_a_statement_that_does_not_say_who_asks_is_refused(missing: str) -> None:
    gone = {k: v for k, v in STATEMENT.items() if k != missing}
    for statement in (gone, STATEMENT | {missing: None if missing != "operator" else {}}):
        with pytest.raises(ValueError, match="who asks"):
            Question.from_statement(statement, "https://a.example")


def test_a_session_for_whoever_is_free_names_the_organisation() -> None:
    question = Question.from_statement(STATEMENT | {"operator": None}, "https://a.example")
    assert Wording("en").operator(question) == "Whoever of Acme is free"


@pytest.mark.parametrize("name", ["", " \n ", "\x1b\u202e", 7])
def test_a_name_that_shows_nothing_is_refused(name: object) -> None:
    with pytest.raises(ValueError, match="who asks"):
        Question.from_statement(STATEMENT | {"operator": {"name": name, "verified": "password"}}, "https://a.example")


@pytest.mark.parametrize(
    ("evil", "harmless"),
    [
        ("\x1b[2JBank", "[2JBank"),
        ("Ali\u202ece\u200b", "Alice"),
        ("a\r\nNothing is shared\t!", "a Nothing is shared !"),
        ("x" * 200, "x" * 47 + "…"),
        ("襷 太郎", "襷 太郎"),
    ],
)
def test_evil_names_are_tamed(evil: str, harmless: str) -> None:
    assert shown(evil) == harmless


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://support.acme.example/join", "support.acme.example"),
        ("https://support.acme.example:443", "support.acme.example"),
        ("http://localhost:8080", "localhost:8080"),
        ("https://аcme.example", "xn--cme-5cd.example"),
        ("https://user:secret@real.example/", "real.example"),
    ],
)
def test_the_server_is_shown_as_it_is(url: str, name: str) -> None:
    assert server_name(url) == name


@pytest.mark.parametrize("url", ["", "acme", "https://", "https://a:b"])
def test_no_server_is_an_error(url: str) -> None:
    with pytest.raises(ValueError, match="no server address"):
        server_name(url)


@pytest.mark.rule("R17")
@pytest.mark.parametrize(
    ("typed", "digits"),
    [
        ("123456", "123456"),
        (" 12-34 56 ", "123456"),
        ("０１２３４５", "012345"),
        ("12345", None),
        ("1234567", None),
        ("12345x", None),
        ("١٢٣٤٥٦", None),
        ("", None),
    ],
)
def test_digits_as_people_type_them(typed: str, digits: str | None) -> None:
    assert six_digits(typed) == digits


@pytest.mark.parametrize("by", ["operator", "customer", "administrator", "system"])
@pytest.mark.parametrize(
    "reason", ["ended", "refused", "verification_failed", "lost", "expired", "time_limit", "error", "x"]
)
@pytest.mark.parametrize("lang", ["en", "ja"])
def test_every_ending_has_words(by: str, reason: str, lang: str) -> None:
    lines = Wording(lang).ended(by, reason)
    assert len(lines) >= 2
    assert all(line and "{" not in line for line in lines)
