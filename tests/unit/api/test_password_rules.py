"""What a new password must be: NIST's rules by default, older ones as settings, guessable and leaked ones refused."""

import hashlib
import string
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from api.auth.passwords import normalised
from api.operators.models import Operator
from api.organizations.models import Organization
from api.organizations.settings import (
    OrganizationSettings,
    PasswordPatch,
    SettingsPatch,
    merged,
    settings_of,
    shortest_password,
    stored,
)
from api.passwords import rules
from api.passwords.leaked import LeakedListError, LeakedPasswords
from api.problems import Invalid

DEFAULT = OrganizationSettings()
NAMES = ["acme", "Acme Support", "alice", "Alice Example", "alice@example.com"]
NOTHING_LEAKED = LeakedPasswords(None)
OLD_RULES = merged(
    DEFAULT, SettingsPatch.model_validate({"password": {"min_length": 8, "max_length": 20, "require_symbols": True}})
)


def why(password: str, how: OrganizationSettings = DEFAULT, role: str = "operator") -> str | None:
    text = normalised(password)
    return rules.shape(text, how, role) or rules.content(text, how, NAMES, NOTHING_LEAKED)


@pytest.mark.parametrize(
    ("password", "good"),
    [
        ("correct horse battery staple", True), ("correct horse", False), ("a" * 40, False), ("ababababababababab", False),
        ("acme acme acme alice", False), ("パスワードは長いほどよいものです", True), ("x" * 1025 + "abcdef", False), ("", False),
        ("alice-acme-2026", False), ("qwertyuiopasdfgh", False), ("passwordpassword", False), ("k7m2p-q9xwz-3hdtn", True),
        ("Alice1!Alice1!Alice1!", False), ("harbor lantern seven maple " * 5, True), ("my cat ate alice's homework", True),
        ("123456789012345678", False), ("iloveyouiloveyou", False), ("ｃｏｒｒｅｃｔ horse battery", True),
    ],
)  # fmt: skip
def test_the_default_rules(password: str, good: bool) -> None:
    assert (why(password) is None) is good


@pytest.mark.parametrize(
    ("password", "good"),
    [
        ("vt7!kQ92", True), ("vt7!kQ9", False), ("vtxkQplm", False), ("vt7kQ92x", False), ("!!7!!9!!", False),
        ("vt7!kQ92vt8?kR03xy#1", True), ("vt7!kQ92vt8?kR03xy#1z", False), ("Passw0rd!", False), ("Acme2026!", False),
    ],
)  # fmt: skip
def test_the_older_rules_as_settings(password: str, good: bool) -> None:
    assert (why(password, OLD_RULES) is None) is good


def test_a_shorter_password_is_enough_where_a_second_factor_is_enforced() -> None:
    how = merged(DEFAULT, SettingsPatch.model_validate({"second_factor": "administrators"}))
    assert (shortest_password(how, "administrator"), shortest_password(how, "operator")) == (8, 15)
    assert why("vt7kQ92x", how, "administrator") is None
    assert why("vt7kQ92x", how, "operator") is not None


def test_one_code_point_is_one_character_in_one_spelling() -> None:
    composed, decomposed = "é" * 7 + "äöüßñçåø", ("e\u0301" * 7) + "a\u0308o\u0308u\u0308ßn\u0303c\u0327a\u030aø"
    assert normalised(composed) == normalised(decomposed)
    assert rules.shape(normalised(decomposed), DEFAULT, "operator") is None
    assert rules.shape(normalised(decomposed[2:]), DEFAULT, "operator") is not None


@settings(max_examples=60, deadline=None)
@given(st.text(alphabet=string.ascii_letters + string.digits + " .-!#", min_size=1, max_size=130))
def test_whatever_is_taken_is_long_enough_and_not_made_of_one_letter(password: str) -> None:
    if why(password) is None:
        assert len(normalised(password)) >= 15
        assert len(set(password)) >= 5


def test_guessable_ones_are_taken_only_when_the_organisation_says_so() -> None:
    careless = merged(
        DEFAULT, SettingsPatch.model_validate({"password": {"refuse_guessable": False, "refuse_leaked": False}})
    )
    assert why("aaaaaaaaaaaaaaaaaaaa", careless) is None


def test_names_of_an_account_are_what_an_attacker_would_try() -> None:
    organization = Organization(code="acme", name="Acme Support")  # type: ignore[call-arg]
    operator = Operator(login="a.example", name="Alice Example", email="alice@acme.test")  # type: ignore[call-arg]
    assert {"acme", "Support", "Alice", "alice@acme.test", "example"} <= set(rules.names_of(organization, operator))


def pwned(words: list[str], counts: bool = True) -> list[str]:
    found = {hashlib.sha1(word.encode()).hexdigest().upper(): index for index, word in enumerate(words)}
    return [f"{digest}:{10 ** (index % 9)}" if counts else digest for digest, index in sorted(found.items())]


@settings(max_examples=40, deadline=None)
@given(words=st.lists(st.text(min_size=1, max_size=12), min_size=1, max_size=60, unique=True), data=st.data())
def test_a_sorted_file_is_searched_by_halves(
    tmp_path_factory: pytest.TempPathFactory, words: list[str], data: st.DataObject
) -> None:
    end = data.draw(st.sampled_from(["\n", "\r\n"]))
    path = tmp_path_factory.mktemp("leaked") / "pwned.txt"
    kept = [word for index, word in enumerate(words) if index % 3]
    if not kept:
        return
    path.write_bytes((end.join(pwned(kept, data.draw(st.booleans()))) + data.draw(st.sampled_from(["", end]))).encode())
    leaked = LeakedPasswords(path)
    for word in words:
        common = LeakedPasswords(None).contains(word)
        assert leaked.contains(word) is (word in kept or common)


def test_a_folder_of_ranges(tmp_path: Path) -> None:
    digest = hashlib.sha1(b"harbor lantern seven maple").hexdigest().upper()
    (tmp_path / f"{digest[:5]}.txt").write_text(f"{'0' * 35}:3\r\n{digest[5:]}:12\r\n")
    leaked = LeakedPasswords(tmp_path)
    assert leaked.contains("harbor lantern seven maple")
    assert not leaked.contains("harbor lantern seven maples")
    assert rules.content("harbor lantern seven maple", DEFAULT, NAMES, leaked) is not None


@pytest.mark.parametrize(
    "text", ["", "hello\n", "password:3\n", "F" * 40 + ":1\n" + "0" * 40 + ":1\n", "0" * 40 + ":1\nnonsense\n"]
)
def test_a_file_of_another_kind_is_refused_at_the_start(tmp_path: Path, text: str) -> None:
    path = tmp_path / "list.txt"
    path.write_text(text)
    with pytest.raises(LeakedListError):
        LeakedPasswords(path)
    with pytest.raises(LeakedListError):
        LeakedPasswords(tmp_path)


def test_common_leaked_passwords_are_known_without_a_file() -> None:
    assert NOTHING_LEAKED.contains("PASSWORD1")
    assert not NOTHING_LEAKED.contains("harbor lantern seven maple")


def test_settings_are_stored_as_what_differs_and_merged_member_by_member() -> None:
    organization = Organization(settings={})  # type: ignore[call-arg]
    assert settings_of(organization) == DEFAULT
    assert stored(DEFAULT) == {}
    once = merged(DEFAULT, SettingsPatch.model_validate({"lock": {"failures": 5}}))
    twice = merged(
        once, SettingsPatch.model_validate({"lock": {"minutes": 30}, "networks": ["10.1.2.3/8", "10.0.0.0/8"]})
    )
    assert stored(twice) == {"lock": {"failures": 5, "minutes": 30}, "networks": ["10.0.0.0/8"]}
    assert OrganizationSettings.model_validate(stored(twice)) == twice


def test_a_longest_that_is_shorter_than_the_shortest_is_refused() -> None:
    with pytest.raises(Invalid) as caught:
        merged(DEFAULT, SettingsPatch.model_validate({"password": {"min_length": 30, "max_length": 20}}))
    assert caught.value.members["errors"][0]["pointer"] == "#/settings/password"


@pytest.mark.parametrize(
    "given", [{"min_length": 7}, {"max_length": 19}, {"reuse_last": 13}, {"refuse_leaked": None}, {"unknown": 1}]
)
def test_bounds_of_the_settings(given: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        PasswordPatch.model_validate(given)
