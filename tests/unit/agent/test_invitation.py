"""What a customer types or clicks, before anything is joined."""

import pytest

from agent.commands.join import Invitation, _server, parse_invitation
from agent.commands.output import CommandError, clean
from agent.commands.store import encode_link_secret

SECRET = bytes(range(16))


@pytest.mark.parametrize("typed", ["12345678", "1234 5678", " 1234-5678 ", "1234\u30005678"])
def test_a_code_as_people_write_it(typed: str) -> None:
    assert parse_invitation(typed) == Invitation("12345678")


def test_a_link_names_its_server_and_its_secret() -> None:
    link = f"https://support.example.com/join/12345678#k={encode_link_secret(SECRET)}"
    assert parse_invitation(link) == Invitation("12345678", "https://support.example.com", SECRET)


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "12345",
        "1234567890123",
        "１２３４５６７８",
        "https://bank.example@evil.example/join/12345678",
        "https://user:pass@evil.example/join/12345678",
        "https://[x/join/12345678",
        "ftp://x.example/join/12345678",
        "https://x.example/12345678",
        "https://x.example/join/",
        "https://x.example/join/12345678#k=short",
    ],
)
def test_evil_and_broken_invitations_are_refused_in_one_sentence(typed: str) -> None:
    with pytest.raises(CommandError) as refused:
        parse_invitation(typed)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("asked", "given", "address"),
    [
        (None, "support.example", "https://support.example"),
        (None, "http://localhost:8080/", "http://localhost:8080"),
        ("https://support.example", None, "https://support.example"),
        ("https://support.example", "https://support.example:443", "https://support.example"),
    ],
)
def test_the_server_that_is_asked(asked: str | None, given: str | None, address: str) -> None:
    assert _server(Invitation("12345678", asked), given, "en") == address


@pytest.mark.parametrize(
    ("asked", "given", "says"),
    [
        (None, "http://support.example", "not encrypted"),
        ("http://192.0.2.1", None, "not encrypted"),
        ("https://evil.example", "https://support.example", "leave one of them out"),
    ],
)
def test_evil_servers_are_refused(asked: str | None, given: str | None, says: str) -> None:
    with pytest.raises(CommandError, match=says):
        _server(Invitation("12345678", asked), given, "en")


@pytest.mark.rule("R26")
def test_what_comes_from_elsewhere_cannot_move_the_cursor() -> None:
    assert clean("ended\x1b[2J\u202eevil\x07\nnext") == "ended[2Jevil\nnext"
