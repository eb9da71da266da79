"""Policies: made, assigned, asked beforehand with reasons, held by sessions and tickets, and carried to sessions that run."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from api.policies.members import RULES
from api.sessions.modes import FEATURES, Feature, Mode
from tests.integration.api import signing_in
from tests.integration.api.support import Api, Installation, Person, ShiftedClock, problem, running
from tests.property.api.policies import MEMBERS, normal
from wire import tokens
from wire.policy import Policies

HERE = "192.0.2.7"
"""The address that tests ask from."""


async def make(api: Api, members: dict[str, Any], name: str = "Second line") -> str:
    return str((await api.post("/v1/policies", {"name": name, "members": members}))["id"])


async def patch(api: Api, path: str, person: Person | None = None, status: int = 200, **body: Any) -> dict[str, Any]:
    answer = await api.http.patch(path, json=body, headers=(person or api.alice).headers)
    assert answer.status_code == status, answer.text
    return dict(answer.json())


async def assign(api: Api, policy_id: str | None, person: Person | None = None) -> None:
    """To an operator, or to the organisation."""
    await patch(api, f"/v1/operators/{person.id}" if person else "/v1/organization", policy_id=policy_id)


async def effective(api: Api, person: Person, asked_by: Person | None = None, **params: Any) -> dict[str, Any]:
    return await api.get(f"/v1/operators/{person.id}/effective-policy", asked_by or api.alice, **params)


async def refused(api: Api, person: Person, **body: Any) -> dict[str, Any]:
    answer = await api.http.post("/v1/sessions", json={"mode": "control", **body}, headers=person.headers)
    return problem(answer, 403, "policy-refused")


# ---- the resource


async def test_a_policy_is_made_seen_changed_and_deleted(api: Api) -> None:
    members = {
        "modes": ["view", "control"],
        "networks": ["192.0.2.7", "192.0.2.0/24"],
        "applications": {"deny": ["KeePass"]},
    }
    made = await api.post("/v1/policies", {"name": "First line", "members": members})
    assert made["members"]["modes"] == ["control", "view"]
    assert made["members"]["networks"] == ["192.0.2.0/24"]
    assert made["members"]["applications"] == {"allow": None, "deny": ["keepass"]}
    assert made["members"]["recording"] is None
    assert made["assigned"] == {"organization": False, "operators": 0}
    path = f"/v1/policies/{made['id']}"
    assert await api.get(path) == made
    assert (await api.get("/v1/policies"))["items"] == [made]
    changed = await patch(api, path, members={"networks": None, "chat": False})
    assert changed["members"] == made["members"] | {"networks": None, "chat": False}
    assert (await patch(api, path, name="Line one"))["members"] == changed["members"]
    assert (await api.http.delete(path, headers=api.alice.headers)).status_code == 204
    problem(await api.http.get(path, headers=api.alice.headers), 404, "not-found")
    log = (await api.get("/v1/audit-events"))["items"]
    told = [(event["action"], event["target"]["id"]) for event in log if event["action"].startswith("policy.")]
    assert [action for action, _ in told] == ["policy.deleted", "policy.changed", "policy.changed", "policy.created"]
    assert {target for _, target in told} == {made["id"]}
    [_, first] = [event["data"] for event in log if event["action"] == "policy.changed"]
    assert first["before"] == {"chat": None, "networks": ["192.0.2.0/24"]}
    assert first["after"] == {"chat": False, "networks": None}


@pytest.mark.parametrize(
    "members",
    [
        {"modes": ["everything"]}, {"networks": ["192.0.2.1/24"]}, {"networks": ["anywhere"]}, {"chat": "perhaps"},
        {"recording": "impossible"}, {"verification": "none"}, {"max_session_seconds": 5}, {"unknown": True},
        {"hours": [{"time_zone": "Mars/Olympus", "windows": [{"days": ["monday"], "begin": "09:00", "end": "10:00"}]}]},
        {"hours": [{"time_zone": "UTC", "windows": []}]}, {"file_to_customer": True}, {"networks": "192.0.2.0/24"},
        {"hours": [{"time_zone": "UTC", "windows": [{"days": ["monday"], "begin": "09:00", "end": "09:00"}]}]},
        {"applications": {"deny": ["x" * 90] * 64}}, {"applications": {"deny": [f"{n:090}" for n in range(64)]}},
    ],
)  # fmt: skip
async def test_a_policy_that_cannot_be_meant_is_422(api: Api, members: dict[str, Any]) -> None:
    body = {"name": "x", "members": members}
    answer = await api.http.post("/v1/policies", json=body, headers=api.alice.headers)
    if members == {"applications": {"deny": ["x" * 90] * 64}}:
        assert answer.status_code == 201, "one name, however often it is written"
        return
    (name,) = members
    assert problem(answer, 422, "invalid")["errors"][0]["pointer"].startswith(f"#/members/{name}")


async def test_names_are_taken_and_other_organisations_are_apart(api: Api) -> None:
    policy = await make(api, {})
    taken = await api.http.post("/v1/policies", json={"name": "Second line"}, headers=api.alice.headers)
    problem(taken, 409, "already-exists")
    await api.post("/v1/policies", {"name": "Second line"}, api.gina)
    for method in ("GET", "PATCH", "DELETE"):
        body = {"name": "mine"} if method == "PATCH" else None
        answer = await api.http.request(method, f"/v1/policies/{policy}", headers=api.gina.headers, json=body)
        problem(answer, 404, "not-found")
    answer = await api.http.patch("/v1/organization", json={"policy_id": policy}, headers=api.gina.headers)
    assert problem(answer, 422, "invalid")["errors"][0]["pointer"] == "#/policy_id"
    answer = await api.http.get(f"/v1/operators/{api.bob.id}/effective-policy", headers=api.gina.headers)
    problem(answer, 404, "not-found")


async def test_one_that_is_assigned_cannot_be_deleted(api: Api) -> None:
    policy = await make(api, {"chat": False})
    await assign(api, policy)
    await assign(api, policy, api.bob)
    assert (await api.get(f"/v1/policies/{policy}"))["assigned"] == {"organization": True, "operators": 1}
    assert (await api.get("/v1/organization"))["policy_id"] == policy
    assert (await api.get(f"/v1/operators/{api.bob.id}"))["policy_id"] == policy
    deleted = await api.http.delete(f"/v1/policies/{policy}", headers=api.alice.headers)
    problem(deleted, 409, "conflict")
    await assign(api, None)
    await assign(api, None, api.bob)
    assert (await api.http.delete(f"/v1/policies/{policy}", headers=api.alice.headers)).status_code == 204


async def test_operators_see_what_holds_for_them_and_change_nothing(api: Api) -> None:
    ours, mine = await make(api, {}, "Everybody"), await make(api, {}, "Bob's")
    await make(api, {}, "Others'")
    await assign(api, ours)
    await assign(api, mine, api.bob)
    assert {item["id"] for item in (await api.get("/v1/policies", api.bob))["items"]} == {ours, mine}
    for method, path in (
        ("POST", "/v1/policies"),
        ("PATCH", f"/v1/policies/{mine}"),
        ("DELETE", f"/v1/policies/{mine}"),
    ):
        answer = await api.http.request(method, path, json={"name": "x"}, headers=api.bob.headers)
        problem(answer, 403, "scope-missing")
    other = await api.http.get(f"/v1/operators/{api.alice.id}/effective-policy", headers=api.bob.headers)
    problem(other, 404, "not-found")
    assert (await effective(api, api.bob, api.bob, mode="view"))["allowed"] is True


# ---- what holds, and why


async def test_what_holds_is_told_with_reasons_before_a_customer_finds_out(api: Api) -> None:
    everybody = await make(api, {"max_session_seconds": 1800, "file_from_customer": "ask"}, "Everybody")
    night = await make(
        api, {"modes": ["view"], "max_session_seconds": 3600, "file_from_customer": "off"}, "Night shift"
    )
    await assign(api, everybody)
    await assign(api, night, api.bob)
    told = await effective(api, api.bob, mode="control")
    assert told["allowed"] is False
    [refusal] = told["refused_because"]
    assert refusal["member"] == "modes"
    assert refusal["sentence"] == "This operator may not use the mode control."
    assert [(reason["layer"], reason["id"], reason["sentence"]) for reason in refusal["because"]] == [
        ("operator-policy", night, "The policy “Night shift” allows only the modes view.")
    ]
    assert set(told["members"]) == set(RULES)
    longest = told["members"]["max_session_seconds"]
    assert longest["value"] == 1800
    assert [reason["name"] for reason in longest["because"]] == ["The policy “Everybody”"]
    assert told["members"]["file_from_customer"]["value"] == "off"
    assert told["members"]["chat"] == {"value": True, "because": []}
    view = await effective(api, api.bob, mode="view")
    assert view["allowed"] is True
    assert set(view["features"]) == FEATURES[Mode.VIEW]
    [reason] = view["members"]["file_to_customer"]["because"]
    assert reason["sentence"] == "The mode view does not allow sending files to the customer."


async def test_demands_that_exclude_each_other_are_refused_with_both_reasons(api: Api) -> None:
    await assign(api, await make(api, {"recording": "required", "verification": "link"}, "A"))
    await assign(api, await make(api, {"verification": "digits"}, "B"), api.bob)
    told = await effective(api, api.bob, mode="view")
    assert told["members"]["recording"]["value"] == told["members"]["verification"]["value"] == "impossible"
    assert {one["member"] for one in told["refused_because"]} == {"recording", "verification"}
    names = {reason["name"] for one in told["refused_because"] for reason in one["because"]}
    assert names == {"This server", "The policy “A”", "The policy “B”"}
    answer = await refused(api, api.bob, mode="view")
    assert {one["member"] for one in answer["refused_because"]} == {"recording", "verification"}


async def test_from_where_and_when(api: Api) -> None:
    api.clock.advance(hours=(12 - api.clock.now().hour) % 24)  # the window below is within one day
    now = api.clock.now()
    day = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"][now.weekday()]
    opens, closes = now + timedelta(minutes=60), now + timedelta(minutes=120)
    window = {"days": [day], "begin": f"{opens:%H:%M}", "end": f"{closes:%H:%M}"}
    policy = await make(api, {"hours": [{"time_zone": "UTC", "windows": [window]}]})
    await assign(api, policy, api.bob)
    assert (await refused(api, api.bob))["refused_because"][0]["member"] == "hours"
    later = now + timedelta(minutes=90)
    assert (await effective(api, api.bob, at=later.isoformat()))["allowed"] is True
    appointment = await api.create(api.bob, starts_at=later.isoformat())
    ticket = await api.http.post(f"/v1/sessions/{appointment['id']}/ticket", headers=api.bob.headers)
    problem(ticket, 403, "policy-refused")
    await patch(api, f"/v1/policies/{policy}", members={"hours": None, "networks": ["10.0.0.0/8"]})
    assert (await refused(api, api.bob))["refused_because"][0]["member"] == "networks"
    assert (await effective(api, api.bob, mode="view"))["allowed"] is True, (
        "about somebody else, from nowhere in particular"
    )
    assert (await effective(api, api.bob, address=HERE))["allowed"] is False
    assert (await effective(api, api.bob, address="10.9.8.7"))["allowed"] is True
    assert (await effective(api, api.bob, api.bob))["address"] == HERE
    assert (await effective(api, api.bob, api.bob))["allowed"] is False
    made_for_bob = await api.create(operator_id=api.bob.id)
    ticket = await api.http.post(f"/v1/sessions/{made_for_bob['id']}/ticket", headers=api.bob.headers)
    problem(ticket, 403, "policy-refused")
    for wrong in ({"address": "here"}, {"address": ""}, {"at": "now"}, {"mode": "none"}):
        path = f"/v1/operators/{api.bob.id}/effective-policy"
        problem(await api.http.get(path, params=wrong, headers=api.alice.headers), 422, "invalid")
    await patch(api, f"/v1/policies/{policy}", members={"hours": [{"time_zone": "Asia/Tokyo", "windows": [window]}]})
    assert (await effective(api, api.bob, at="9999-12-31T23:59:59Z"))["allowed"] is False


async def test_who_is_in_may_come_back_after_hours(api: Api) -> None:
    """A reloaded page asks for a new ticket: that must not cut a session that runs."""
    policy = await make(api, {})
    await assign(api, policy)
    session, fresh = await api.active(), await api.create()
    days = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
    closed = [day for number, day in enumerate(days) if (number - api.clock.now().weekday()) % 7 in {3, 4}]
    hours = [{"time_zone": "UTC", "windows": [{"days": closed, "begin": "10:00", "end": "11:00"}]}]
    await patch(api, f"/v1/policies/{policy}", members={"hours": hours})
    await api.post(f"/v1/sessions/{session['id']}/ticket")
    new = await api.http.post(f"/v1/sessions/{fresh['id']}/ticket", headers=api.alice.headers)
    assert problem(new, 403, "policy-refused")["refused_because"][0]["member"] == "hours"


async def test_a_reason_is_a_reference_or_a_purpose(api: Api) -> None:
    await assign(api, await make(api, {"reason_required": True}))
    assert (await effective(api, api.bob))["requires"] == ["reason_required"]
    assert (await effective(api, api.bob, reason=False))["allowed"] is False
    assert (await refused(api, api.bob))["refused_because"][0]["member"] == "reason_required"
    assert (await api.create(api.bob, reference={"system": "crm", "id": "1"}))["purpose"] is None
    assert (await api.create(api.bob, purpose="The printer is on fire"))["purpose"] == "The printer is on fire"


async def test_how_the_operator_works_is_held_when_they_come_in(api: Api) -> None:
    policy = await make(api, {"native_viewer_required": True})
    await assign(api, policy, api.bob)
    session = await api.create(api.bob)
    path = f"/v1/sessions/{session['id']}/ticket"
    console = api.bob.headers | {"Origin": "http://localhost:8080"}
    answer = problem(await api.http.post(path, headers=console), 403, "policy-refused")
    assert answer["refused_because"][0]["member"] == "native_viewer_required"
    assert (await api.http.post(path, headers=api.bob.headers)).status_code == 201
    for member in ("second_factor_required", "machines_required"):
        await patch(api, f"/v1/policies/{policy}", members={"native_viewer_required": None, member: True})
        assert [one["member"] for one in (await refused(api, api.bob))["refused_because"]] == [member]
        assert (await effective(api, api.bob, api.bob))["allowed"] is False
        assert (await effective(api, api.bob))["requires"] == [member]
        by_alice = await api.create(operator_id=api.bob.id)
        ticket = await api.http.post(f"/v1/sessions/{by_alice['id']}/ticket", headers=api.bob.headers)
        assert problem(ticket, 403, "policy-refused")["refused_because"][0]["member"] == member
        await patch(api, f"/v1/policies/{policy}", members={member: None})


async def test_a_second_factor_that_was_shown_is_enough(api: Api) -> None:
    await assign(api, await make(api, {"second_factor_required": True}), api.bob)
    assert (await refused(api, api.bob))["refused_because"][0]["sentence"] == "Sign in with a second factor first."
    app, _ = await signing_in.with_totp(api)
    await api.later()
    code = app.at(api.clock.now())
    bob = signing_in.signed_in(api.bob, await signing_in.verify(api, await signing_in.pending(api), "totp", code))
    assert (await effective(api, bob, bob))["allowed"] is True
    session = await api.create(bob)
    assert (await api.http.post(f"/v1/sessions/{session['id']}/ticket", headers=bob.headers)).status_code == 201


async def test_a_session_has_what_was_asked_for_and_is_allowed(api: Api) -> None:
    assert (await api.create(api.bob))["features"] == ["chat"]
    asked = ["clipboard_from_customer", "file_to_customer", "chat"]
    assert (await api.create(api.bob, features=asked))["features"] == sorted(asked)
    await assign(api, await make(api, {"chat": False, "file_to_customer": "ask", "clipboard_from_customer": "off"}))
    session = await api.create(api.bob, features=asked)
    assert session["features"] == ["file_to_customer"]
    host = (await api.join(session["code"])).json()
    for name in ("ticket", "resume_ticket", "statement"):
        assert tokens.unverified_claims(host[name])["features"] == ["file_to_customer"]
    held = tokens.unverified_claims(host["statement"])["policy"]
    assert (held["file_to_customer"], held["clipboard_from_customer"], held["print"]) == ("ask", "off", "off")
    wrong = await api.http.post("/v1/sessions", json={"mode": "view", "features": asked}, headers=api.bob.headers)
    assert problem(wrong, 422, "invalid")["errors"][0]["pointer"] == "#/features"


@pytest.mark.parametrize("mode", [Mode.VIEW, Mode.SHARE, Mode.PRESENT])
async def test_no_files_and_nothing_of_the_customers_machine_where_the_mode_is_not_for_it(api: Api, mode: Mode) -> None:
    never = {Feature.FILE_TO_CUSTOMER, Feature.FILE_FROM_CUSTOMER, Feature.PRINT, Feature.CLIPBOARD_TO_CUSTOMER}
    if mode.shows_operator:
        never |= {Feature.SCREENSHOT, Feature.SYSTEM_INFORMATION, Feature.CLIPBOARD_FROM_CUSTOMER}
    assert not never & set((await effective(api, api.alice, mode=str(mode)))["features"])
    for feature in never:
        answer = await api.http.post(
            "/v1/sessions", json={"mode": mode, "features": [feature]}, headers=api.alice.headers
        )
        problem(answer, 422, "invalid")


# ---- one decision


class Office:
    """A running api on a loop of its own, for examples that are drawn."""

    def __init__(self, installation: Installation) -> None:
        self._loop = asyncio.new_event_loop()
        self._running = running(installation, ShiftedClock())
        self.api = self.do(self._running.__aenter__())
        self.do(self.api.register_relays())
        self.ours, self.bobs = (self.do(make(self.api, {}, name)) for name in ("ours", "Bob's"))
        self.do(assign(self.api, self.ours))
        self.do(assign(self.api, self.bobs, self.api.bob))
        self.answers: set[bool] = set()

    def do(self, work: Any) -> Any:
        return self._loop.run_until_complete(work)

    def close(self) -> None:
        self.do(self._running.__aexit__(None, None, None))
        self._loop.close()


@pytest.fixture
def office(installation: Installation) -> Iterator[Office]:
    office = Office(installation)
    yield office
    office.close()


FEW = st.sets(st.sampled_from(sorted(MEMBERS)), max_size=3).flatmap(
    lambda names: st.fixed_dictionaries({name: MEMBERS[name] for name in sorted(names)})
)
"""A policy that says little enough that something remains."""
NOTHING = dict.fromkeys(MEMBERS)


def test_what_is_asked_beforehand_is_what_happens(office: Office) -> None:
    """For any two policies: `allowed` is whether the session is made, `features` bounds what it gets."""

    async def compare(ours: dict[str, Any], bobs: dict[str, Any], mode: Mode, hours: int, reason: bool) -> None:
        api = office.api
        await patch(api, f"/v1/policies/{office.ours}", members=NOTHING | ours)
        await patch(api, f"/v1/policies/{office.bobs}", members=NOTHING | bobs)
        at = datetime.now(UTC) + timedelta(hours=hours)
        params = {"mode": str(mode), "at": at.isoformat(), "reason": reason}
        told = await effective(api, api.bob, api.bob, **params)
        body: dict[str, Any] = {"mode": mode, "starts_at": at.isoformat(), "features": sorted(FEATURES[mode])}
        if reason:
            body["purpose"] = "because"
        answer = await api.http.post("/v1/sessions", json=body, headers=api.bob.headers)
        assert told["allowed"] == (answer.status_code == 201), (told["refused_because"], answer.text)
        office.answers.add(told["allowed"])
        if told["allowed"]:
            assert answer.json()["features"] == told["features"]
            return
        said = {one["member"] for one in told["refused_because"]}
        assert said == {one["member"] for one in answer.json()["refused_because"]}

    @settings(
        max_examples=60, deadline=None, derandomize=True, database=None, suppress_health_check=[HealthCheck.too_slow]
    )
    @given(FEW.filter(normal), FEW, st.sampled_from(Mode), st.integers(1, 200), st.booleans())
    def check(ours: dict[str, Any], bobs: dict[str, Any], mode: Mode, hours: int, reason: bool) -> None:
        office.do(compare(ours, bobs, mode, hours, reason))

    check()
    assert office.answers == {True, False}, "both answers were drawn"


# ---- sessions that run


async def policy_commands(api: Api, which: int = 0) -> list[dict[str, Any]]:
    return [one for one in (await api.relay("GET", "commands", which=which))["commands"] if one["type"] == "policy"]


def believing(joined: dict[str, Any], jwks: dict[str, Any]) -> Policies:
    """As an endpoint believes: by the keys and the issuer it got with the statement."""
    claims = tokens.unverified_claims(joined["statement"])
    keys = {key["kid"]: key for key in jwks["keys"]}
    return Policies(keys, issuer=claims["iss"], session=claims["sub"], clock=lambda: datetime.now(UTC).timestamp())


@pytest.mark.rule("R36")
@pytest.mark.parametrize("whose", ["organization", "operator"])
async def test_a_policy_that_is_narrowed_reaches_a_session_that_runs(api: Api, whose: str) -> None:
    await narrowing_reaches(api, whose)


async def narrowing_reaches(api: Api, whose: str) -> None:
    """The whole way through the api, on whichever database."""
    policy = await make(api, {"max_session_seconds": 7200})
    await assign(api, policy, api.alice if whose == "operator" else None)
    session = await api.active(features=["chat", "clipboard_to_customer"])
    waiting = asyncio.create_task(api.relay("GET", "commands", wait=20))
    await asyncio.sleep(0)
    narrower = {"clipboard_to_customer": "off", "max_session_seconds": 600, "max_bytes_per_second": 100_000}
    await patch(api, f"/v1/policies/{policy}", members=narrower)
    async with asyncio.timeout(5):
        [command] = (await waiting)["commands"]
    assert (command["type"], command["session_id"]) == ("policy", session["id"])
    assert len(await policy_commands(api, which=1)) == 1, "every relay of the session is told"
    jwks = await api.get("/.well-known/jwks.json")
    ends = believing(session["joined"], jwks)
    narrowing = ends.take(command["token"])
    assert narrowing is not None
    assert (sorted(narrowing.features), narrowing.seconds) == (["chat"], 600)
    shown = await api.get(f"/v1/sessions/{session['id']}")
    assert (shown["features"], shown["limits"]) == (["chat"], {"seconds": 600, "bytes_per_second": 100_000})
    resumed = (
        await api.http.post("/v1/resume", headers={"Authorization": f"Bearer {session['joined']['resume_ticket']}"})
    ).json()
    claims = tokens.unverified_claims(resumed["resume_ticket"])
    assert (claims["features"], claims["limits"]["bytes_per_second"]) == (["chat"], 100_000)
    assert ends.take(resumed["policy"]) is None, "the same one again"
    ticket = await api.post(f"/v1/sessions/{session['id']}/ticket")
    assert (ticket["features"], ticket["limits"]["seconds"]) == (["chat"], 600)
    assert ticket["statement"] == session["joined"]["statement"], "what both sides were given stays"
    await patch(api, f"/v1/policies/{policy}", members=dict.fromkeys(narrower))
    assert len(await policy_commands(api)) == 1, "what is widened holds for new sessions"
    assert (await api.get(f"/v1/sessions/{session['id']}"))["features"] == ["chat"]
    await patch(api, f"/v1/policies/{policy}", members={"chat": False})
    [_, second] = await policy_commands(api)
    again = ends.take(second["token"])
    assert again is not None
    assert (again.version, sorted(again.features)) == (narrowing.version + 1, [])
    assert ends.take(command["token"]) is None, "an older one undoes nothing"
    events = (await api.get(f"/v1/sessions/{session['id']}/events"))["items"]
    assert [event["data"]["features"] for event in events if event["type"] == "session.narrowed"] == [["chat"], []]


async def test_a_mode_that_a_policy_takes_away_ends_the_session(api: Api) -> None:
    policy = await make(api, {})
    await assign(api, policy, api.alice)
    session, other = await api.active(), await api.active(mode="view")
    await patch(api, f"/v1/policies/{policy}", members={"modes": ["view"]})
    ended = await api.get(f"/v1/sessions/{session['id']}")
    assert (ended["state"], ended["ended_by"], ended["reason"]) == ("ended", "administrator", "policy")
    assert (await api.get(f"/v1/sessions/{other['id']}"))["state"] == "active"


async def test_assigning_a_policy_reaches_sessions_too_and_others_are_left_alone(api: Api) -> None:
    policy = await make(api, {"chat": False})
    session, other = await api.active(), await api.active()
    await api.post(f"/v1/sessions/{other['id']}/end", status=200)
    waiting = await api.create()
    await assign(api, policy, api.bob)
    assert await policy_commands(api) == []
    await assign(api, policy, api.alice)
    assert [command["session_id"] for command in await policy_commands(api)] == [session["id"]]
    host = (await api.join(waiting["code"])).json()
    assert tokens.unverified_claims(host["statement"])["features"] == [], "nobody had its statement yet"
    assert host["policy"] is None


async def test_what_ends_cannot_see_is_not_sent_to_them(api: Api) -> None:
    policy = await make(api, {})
    await assign(api, policy)
    session = await api.active()
    await patch(api, f"/v1/policies/{policy}", members={"networks": ["10.0.0.0/8"], "reason_required": True})
    assert await policy_commands(api) == []
    ticket = await api.http.post(f"/v1/sessions/{session['id']}/ticket", headers=api.alice.headers)
    problem(ticket, 403, "policy-refused")
