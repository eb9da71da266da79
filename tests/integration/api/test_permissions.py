"""Every operation × every kind of caller, against the table of permission_table.py and the running app (R01, R28)."""

import functools
import re
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api.auth.permissions import BY_ROLE, Scope, effective
from api.operators.models import Role
from tests.integration.api.described import openapi_document
from tests.integration.api.device import enrolled
from tests.integration.api.people import new_operator
from tests.integration.api.permission_table import TABLE
from tests.integration.api.support import Api, Person, problem

pytestmark = [pytest.mark.rule("R01"), pytest.mark.rule("R28")]

OWN_TOKENS = frozenset({"relay", "device", "resume_ticket"})
UNKNOWN = "01JZZZZZZZZZZZZZZZZZZZZZZZ"


@dataclass(frozen=True)
class Row:
    """One line of the table."""

    method: str
    path: str
    needs: tuple[str, ...]

    @property
    def name(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def scope(self) -> str | None:
        """The scope, or None where it is not for operators and keys."""
        return None if self.needs[0] in OWN_TOKENS | {"nobody"} else self.needs[0]

    @property
    def url(self) -> str:
        """With ids of the right shape that nothing has."""
        return re.sub(r"\{(\w+?)(_id)?\}", lambda found: f"{_PREFIXES.get(found[1], 'x')}_{UNKNOWN}", self.path)


_PREFIXES = {
    "session": "ses", "operator": "opr", "device": "dev", "group": "dgr", "enrolment": "den", "key": "key",
    "integration": "int", "endpoint": "whe", "policy": "pol", "passkey": "psk", "machine": "mch",
}  # fmt: skip


@functools.cache
def rows() -> list[Row]:
    lines = [line.split(maxsplit=2) for line in TABLE.strip().splitlines()]
    return [Row(method, path, tuple(needs.split(" + "))) for method, path, needs in lines]


@functools.cache
def document() -> dict[str, dict[str, Any]]:
    """The operations of the OpenAPI document, by name as in the table."""
    return {
        f"{method.upper()} {path}": operation
        for path, methods in openapi_document()["paths"].items()
        for method, operation in methods.items()
    }


def example(row: Row) -> Any:
    """The documented body, where there is one."""
    content = document()[row.name].get("requestBody", {}).get("content", {})
    return content.get("application/json", {}).get("example", {})


async def status(api: Api, row: Row, headers: dict[str, str], body: Any = None) -> tuple[int, str]:
    """Status and slug of an answer. The body is empty: what is allowed is refused for that, and changes nothing."""
    answer = await api.http.request(row.method, row.url, headers=headers, json=body if body is not None else {})
    slug = answer.json().get("slug", "") if answer.status_code >= 400 else ""
    return answer.status_code, slug


def test_every_operation_is_in_the_table_and_the_document_says_the_same() -> None:
    assert len({row.name for row in rows()}) == len(rows())
    assert {row.name for row in rows()} == set(document()), "write the line of a new route by hand, and review it"
    for row in rows():
        needed = document()[row.name].get("security", [])
        schemes = {scheme: scopes for alternative in needed for scheme, scopes in alternative.items()}
        if row.scope is None:
            assert set(schemes) == set(row.needs) - {"nobody"}, row
        else:
            assert schemes["operator"] == [need for need in row.needs if need != "person"], row


def test_reading_is_for_readers_and_writing_for_writers() -> None:
    """The names of scopes mean what they say; an auditor can change nothing but their own sign-in."""
    auditor = {str(scope) for scope in BY_ROLE[Role.AUDITOR]}
    for row in rows():
        if row.scope is not None:
            assert row.scope.endswith(":read") == (row.method == "GET"), row
            assert row.scope not in auditor or row.method == "GET" or row.scope == "me:write", row


@pytest.mark.parametrize(
    "sent",
    [None, "Bearer ", "Bearer x", "Bearer tsk_" + "x" * 43, "Bearer rly_" + "x" * 43, "Basic eDp5", "Bearer a.b.c"],
)
async def test_nobody(api: Api, sent: str | None) -> None:
    headers = {"Authorization": sent} if sent else {}
    for row in rows():
        if row.needs != ("nobody",):
            code, slug = await status(api, row, headers)
            assert (code, slug) in {(401, "unauthenticated"), (401, "token-refused")}, (row, code, slug)


async def everybody(api: Api) -> dict[Role, Person]:
    """One person of each role."""
    auditor = await new_operator(api, "ada", Role.AUDITOR)
    return {Role.ADMINISTRATOR: api.alice, Role.OPERATOR: api.bob, Role.AUDITOR: auditor}


@pytest.mark.parametrize("role", list(Role))
async def test_each_role(api: Api, role: Role) -> None:
    """Refused for the scope exactly where the role has not got it; other kinds of token's routes refuse it as no token."""
    person = (await everybody(api))[role]
    mine = {str(scope) for scope in BY_ROLE[role]}
    for row in rows():
        code, slug = await status(api, row, person.headers)
        if row.scope is None:
            if row.needs != ("nobody",):
                assert code == 401, (row, code, slug)
        elif row.scope in mine:
            assert code != 401, (row, slug)
            assert slug not in {"scope-missing", "step-up-required"}, row
        else:
            assert (code, slug) == (403, "scope-missing"), (row, code, slug)


@pytest.mark.parametrize("scope", list(Scope))
async def test_each_scope_of_a_key(api: Api, scope: Scope) -> None:
    """A key of an administrator with one scope: that scope's routes and no other; never what is done in person."""
    made = await api.post("/v1/api-keys", {"name": "x", "scopes": [scope]})
    headers = {"Authorization": f"Bearer {made['key']}"}
    for row in rows():
        if row.scope == scope:
            in_person = {"person", "fresh"} & set(row.needs)
            code, slug = await status(api, row, headers, example(row) if in_person else None)
            assert code != 401, (row, slug)
            assert (code == 403 and slug == "forbidden") if in_person else slug != "scope-missing", (row, code, slug)
        elif row.scope is not None:
            assert await status(api, row, headers) == (403, "scope-missing"), row
        elif row.needs != ("nobody",):
            assert (await status(api, row, headers))[0] == 401, row


async def test_who_proved_it_long_ago_must_prove_it_again(api: Api) -> None:
    """Even an administrator, for everything that could hurt; and for nothing else."""
    api.clock.advance(seconds=api.app.state.context.settings.step_up_after.total_seconds() - 3600)
    refreshed = await api.http.post("/v1/auth/refresh", json={"refresh_token": api.alice.refresh_token})
    assert refreshed.status_code == 200, refreshed.text
    headers = {"Authorization": f"Bearer {refreshed.json()['access_token']}"}
    api.clock.advance(seconds=7200)
    for row in rows():
        if row.scope is not None:
            code, slug = await status(api, row, headers)
            assert (slug == "step-up-required") == ("fresh" in row.needs), (row, code, slug)


@pytest.mark.parametrize("kind", sorted(OWN_TOKENS))
async def test_tokens_of_other_kinds(api: Api, kind: str) -> None:
    """A relay's, a device's and a participant's token open their own routes, and nothing else."""
    session = await api.create()
    tokens = {
        "relay": api.relay_tokens[0],
        "device": (await enrolled(api)).token,
        "resume_ticket": (await api.join(session["code"])).json()["resume_ticket"],
    }
    headers = {"Authorization": f"Bearer {tokens[kind]}"}
    for row in sorted(rows(), key=lambda row: row.method == "DELETE"):
        if row.needs != ("nobody",):
            code, slug = await status(api, row, headers)
            assert (code == 401) == (row.needs != (kind,)), (row, code, slug)


@given(
    roles=st.lists(st.sampled_from(list(Role)), min_size=2, max_size=4),
    wanted=st.sets(st.sampled_from([*Scope, "everything", "*", ""])),
)
@settings(max_examples=300, derandomize=True, database=None)
def test_a_key_is_never_worth_more_than_its_maker(roles: list[Role], wanted: set[str]) -> None:
    """Whatever its maker was when it was made, and became since."""
    maker, *later = roles
    granted = effective(maker, wanted)
    assert granted <= BY_ROLE[maker]
    for role in later:
        now = effective(role, granted)
        assert now <= BY_ROLE[role]
        assert now <= granted
        assert now == {scope for scope in granted if scope in BY_ROLE[role]}


async def test_a_key_follows_its_maker_in_the_running_app(api: Api) -> None:
    """The same through the api: made by an administrator, whose role then changes."""
    carol = await new_operator(api, "carol", Role.ADMINISTRATOR)
    made = await api.post("/v1/api-keys", {"name": "x", "scopes": [str(scope) for scope in Scope]}, carol)
    headers = {"Authorization": f"Bearer {made['key']}"}
    for role in (Role.OPERATOR, Role.AUDITOR, Role.ADMINISTRATOR):
        changed = await api.http.patch(f"/v1/operators/{carol.id}", json={"role": role}, headers=api.alice.headers)
        assert changed.status_code == 200, changed.text
        me = await api.http.get("/v1/me", headers=headers)
        assert set(me.json()["scopes"]) == {str(scope) for scope in BY_ROLE[role]}
    gone = await api.http.delete(f"/v1/operators/{carol.id}", headers=api.alice.headers)
    assert gone.status_code == 204, gone.text
    problem(await api.http.get("/v1/me", headers=headers), 401, "token-refused")
