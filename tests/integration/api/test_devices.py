"""Devices: enrolled by proof of their key, reached by those who may, when they may, and gone at once when they should be."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from api.device_self.service import OFFLINE_AFTER
from api.devices.connecting import ANSWER_WITHIN
from api.upkeep import tick
from tests.integration.api.device import Machine, enrolled, ticket
from tests.integration.api.plans import scans, watched
from tests.integration.api.support import Api, Person, problem, stored_in, wait_until
from wire import devices, tokens


async def call(api: Api, machine: Machine, person: Person | None = None, **body: Any) -> dict[str, Any]:
    return await api.post(f"/v1/devices/{machine.id}/sessions", {"mode": "control", **body}, person)


async def refused(api: Api, machine: Machine, person: Person, status: int, slug: str) -> list[str]:
    answer = await api.http.post(f"/v1/devices/{machine.id}/sessions", json={"mode": "control"}, headers=person.headers)
    return list(problem(answer, status, slug)["because"])


async def actions(api: Api, machine: Machine) -> list[str]:
    """What the administrative log says of a device, oldest first."""
    found = (await api.get("/v1/audit-events", target_id=machine.id))["items"]
    return [event["action"] for event in reversed(found)]


async def test_from_token_to_session(api: Api) -> None:
    """The whole way: a token, a key, a proof, presence, a call, and the device as host without any code."""
    machine = Machine(api)
    answer = await machine.enrol(await ticket(api), platform="Linux 6.1")
    assert answer.json()["organisation"] == "acme"
    assert answer.json()["fingerprint"] == devices.fingerprint(machine.public)
    seen = await api.get(f"/v1/devices/{machine.id}")
    assert (seen["online"], seen["state"], seen["connection"]["refused_because"]) == (False, "enabled", ["offline"])
    assert (await machine.prove()).status_code == 200
    waiting = asyncio.create_task(machine.wait(20))

    async def online() -> bool:
        return bool((await api.get(f"/v1/devices/{machine.id}"))["online"])

    await wait_until(online)
    session = await call(api, machine, reference={"system": "zendesk", "id": "4711"})
    assert (session["state"], session["code"], session["join_url"]) == ("waiting", None, None)
    assert session["device"] == {"id": machine.id, "name": "Reception"}
    heard = (await waiting).json()
    assert heard["consent"] == "ask"
    assert [one["session_id"] for one in heard["calls"]] == [session["id"]]
    admission = (await machine.take_up(session["id"])).json()
    assert admission["participant"]["role"] == "host"
    assert tokens.unverified_claims(admission["statement"])["device"] == {"id": machine.id, "name": "Reception"}
    viewer = await api.post(f"/v1/sessions/{session['id']}/ticket")
    assert viewer["statement"] == admission["statement"]
    assert (await machine.wait()).json()["calls"] == []
    shown = await api.get(f"/v1/devices/{machine.id}")
    assert (shown["session_id"], shown["connection"]["refused_because"]) == (session["id"], ["busy"])
    assert await actions(api, machine) == ["device.enrolled", "device.online", "device.called"]


# ---- enrolment and proof


async def test_a_token_is_good_for_so_many_machines_and_not_for_ever(api: Api) -> None:
    token = await ticket(api, uses=2)
    answers = [await machine.enrol(token) for machine in (Machine(api), Machine(api))]
    assert [answer.status_code for answer in answers] == [201, 201]
    problem(await Machine(api).enrol(token), 401, "enrolment-refused")
    short, gone = await ticket(api, expires_in_hours=1), await ticket(api)
    listed = (await api.get("/v1/device-enrolments"))["items"]
    assert [(one["uses"], one["used"], one["usable"]) for one in listed] == [(1, 0, True), (1, 0, True), (2, 2, False)]
    assert not any("token" in one for one in listed)
    await api.http.delete(f"/v1/device-enrolments/{listed[0]['id']}", headers=api.alice.headers)
    problem(await Machine(api).enrol(gone), 401, "enrolment-refused")
    api.clock.advance(hours=1)
    problem(await Machine(api).enrol(short), 401, "enrolment-refused")
    stored = stored_in(api.folder)
    assert token.encode() not in stored


async def test_of_two_that_want_the_last_use_one_gets_it(api: Api) -> None:
    token = await ticket(api, uses=3)
    answers = await asyncio.gather(*(Machine(api).enrol(token) for _ in range(10)))
    assert sorted(answer.status_code for answer in answers) == [201] * 3 + [401] * 7


async def test_a_failed_enrolment_uses_nothing_up(api: Api) -> None:
    token, machine = await ticket(api), Machine(api)
    problem(await machine.enrol(token, signature=Machine(api).enrolment(token)["signature"]), 401, "enrolment-refused")
    assert (await machine.enrol(token)).status_code == 201


async def test_a_lost_answer_can_be_fetched_again(api: Api) -> None:
    token, machine = await ticket(api), Machine(api)
    body, headers = machine.enrolment(token), {"Idempotency-Key": "one"}
    first, again = [await api.http.post("/v1/devices/enrol", json=body, headers=headers) for _ in range(2)]
    assert (first.status_code, first.json()) == (201, again.json())
    assert len((await api.get("/v1/devices"))["items"]) == 1


@pytest.mark.rule("R35")
async def test_evil_no_device_is_taken_over(api: Api) -> None:
    """Not with another key, not with another's key, not with another's proof, and not twice with one's own."""
    victim, evil = await enrolled(api), await enrolled(api, api.gina)
    problem(await evil.prove(victim.id), 401, "token-refused")
    token = await ticket(api, api.gina)
    stolen = victim.public.hex()
    for body in (
        evil.enrolment(token, public_key=stolen),
        evil.enrolment(
            token, public_key=stolen, signature=evil.key.sign(devices.enrolment(token, victim.public)).hex()
        ),
        Machine(api, victim.key).enrolment("ten_" + "x" * 43),
    ):
        problem(await api.http.post("/v1/devices/enrol", json=body), 401, "enrolment-refused")
    problem(await Machine(api, victim.key).enrol(token), 409, "already-exists")
    overheard = victim.proof(await victim.challenge())
    assert (await api.http.post("/v1/devices/token", json=overheard)).status_code == 200
    problem(await api.http.post("/v1/devices/token", json=overheard), 401, "token-refused")
    foreign = victim.proof(await evil.challenge(evil.id), victim.id)
    problem(await api.http.post("/v1/devices/token", json=foreign), 401, "token-refused")
    old = victim.proof(await victim.challenge())
    api.clock.advance(seconds=60)
    problem(await api.http.post("/v1/devices/token", json=old), 401, "token-refused")
    for challenge in ("", "x", old["challenge"][:-1] + "A", "A" * 64):
        answer = await api.http.post("/v1/devices/token", json=victim.proof(challenge))
        problem(answer, 401, "token-refused")
    assert (await victim.prove()).status_code == 200


@pytest.mark.rule("R35")
async def test_a_token_of_another_kind_is_none_of_a_device_nor_a_devices_of_another(api: Api) -> None:
    machine = await enrolled(api)
    for headers in (api.alice.headers, {"Authorization": f"Bearer {api.relay_tokens[0]}"}):
        problem(await api.http.get("/v1/devices/me/wait", headers=headers), 401, "token-refused")
    problem(await api.http.get("/v1/devices", headers=machine.headers), 401, "token-refused")
    api.clock.advance(minutes=10)
    problem(await machine.wait(), 401, "token-refused")


async def test_nobody_learns_which_ids_are_devices(api: Api) -> None:
    machine, stranger = await enrolled(api), Machine(api, id=f"dev_{'0' * 26}")
    real, unknown = await Machine(api).prove(machine.id), await stranger.prove()
    told = [{name: value for name, value in a.json().items() if name != "instance"} for a in (real, unknown)]
    assert (told[0], real.status_code) == (told[1], unknown.status_code)


# ---- presence


async def test_a_device_that_falls_silent_is_offline_and_comes_back(api: Api) -> None:
    machine = await enrolled(api)
    api.clock.advance(seconds=OFFLINE_AFTER.total_seconds() - 5)
    await tick(api.app.state.context, datetime.now(UTC))
    assert (await api.get(f"/v1/devices/{machine.id}"))["online"]
    assert (await machine.wait()).status_code == 200
    await api.later(seconds=OFFLINE_AFTER.total_seconds() + 1)
    await tick(api.app.state.context, datetime.now(UTC))
    assert (await api.get("/v1/devices", online="true"))["items"] == []
    assert await refused(api, machine, api.alice, 409, "device-unavailable") == ["offline"]
    assert (await machine.wait()).status_code == 200
    assert await actions(api, machine) == ["device.enrolled", "device.online", "device.offline", "device.online"]


async def test_a_call_that_is_not_answered_expires(api: Api) -> None:
    machine = await enrolled(api)
    session = await call(api, machine)
    await api.later(seconds=ANSWER_WITHIN.total_seconds())
    assert (await machine.prove()).status_code == 200
    assert (await machine.wait()).json()["calls"] == []
    problem(await machine.take_up(session["id"]), 409, "session-ended")
    await tick(api.app.state.context, datetime.now(UTC))
    assert (await api.get(f"/v1/sessions/{session['id']}"))["state"] == "expired"
    assert (await call(api, machine))["state"] == "waiting"


async def test_one_session_at_a_time_and_only_its_own(api: Api) -> None:
    machine, other = await enrolled(api), await enrolled(api)
    made = await asyncio.gather(
        *(
            api.http.post(f"/v1/devices/{machine.id}/sessions", json={"mode": "view"}, headers=api.alice.headers)
            for _ in range(5)
        )
    )
    assert sorted(answer.status_code for answer in made) == [201] + [409] * 4
    (session,) = [answer.json() for answer in made if answer.status_code == 201]
    problem(await other.take_up(session["id"]), 404, "not-found")
    by_code = await api.create()
    problem(await machine.take_up(by_code["id"]), 404, "not-found")
    taken = await asyncio.gather(*(machine.take_up(session["id"]) for _ in range(4)))
    assert sorted(answer.status_code for answer in taken) == [200] + [409] * 3


@pytest.mark.parametrize("mode", ["share", "present"])
async def test_nothing_is_shown_to_a_device(api: Api, mode: str) -> None:
    machine = await enrolled(api)
    answer = await api.http.post(f"/v1/devices/{machine.id}/sessions", json={"mode": mode}, headers=api.alice.headers)
    problem(answer, 422, "invalid")


# ---- who and when


async def test_only_administrators_until_somebody_is_listed(api: Api) -> None:
    machine = await enrolled(api)
    path = f"/v1/devices/{machine.id}"
    problem(await api.http.get(path, headers=api.bob.headers), 404, "not-found")
    assert (await api.get("/v1/devices", api.bob))["items"] == []
    answer = await api.http.post(f"{path}/sessions", json={"mode": "control"}, headers=api.bob.headers)
    problem(answer, 404, "not-found")
    await patch(api, machine, access={"operator_ids": [api.bob.id]})
    assert (await api.get(path, api.bob))["connection"] == {"allowed": True, "refused_because": []}
    session = await call(api, machine, api.bob)
    assert session["operator"]["id"] == api.bob.id
    await api.post(f"/v1/sessions/{session['id']}/end", status=200)
    await patch(api, machine, access=None)
    problem(await api.http.get(path, headers=api.bob.headers), 404, "not-found")


async def test_a_group_lists_for_its_devices_unless_they_list_themselves(api: Api) -> None:
    group = await api.post("/v1/device-groups", {"name": "East", "access": {"operator_ids": [api.bob.id]}})
    machine = await enrolled(api, group_id=group["id"])
    assert [one["id"] for one in (await api.get("/v1/devices", api.bob, group_id=group["id"]))["items"]] == [machine.id]
    await patch(api, machine, access={})
    assert (await api.get("/v1/devices", api.bob))["items"] == []
    await patch(api, machine, access=None)
    assert len((await api.get("/v1/devices", api.bob))["items"]) == 1
    gone = await api.http.delete(f"/v1/device-groups/{group['id']}", headers=api.alice.headers)
    assert gone.status_code == 204
    assert (await api.get("/v1/devices", api.bob))["items"] == []
    assert (await api.get(f"/v1/devices/{machine.id}"))["group_id"] is None


async def test_by_policy(api: Api) -> None:
    """All operators who have a policy may be listed at once."""
    policy = await api.post("/v1/policies", {"name": "Night shift"})
    machine = await enrolled(api)
    await patch(api, machine, access={"policy_ids": [policy["id"]]})
    assert (await api.get("/v1/devices", api.bob))["items"] == []
    given = await api.http.patch(
        f"/v1/operators/{api.bob.id}", json={"policy_id": policy["id"]}, headers=api.alice.headers
    )
    assert given.status_code == 200, given.text
    (seen,) = (await api.get("/v1/devices", api.bob))["items"]
    assert seen["access"] == {"operator_ids": [], "policy_ids": [policy["id"]]}
    assert (await call(api, machine, api.bob))["state"] == "waiting"


async def test_nobody_outside_the_organisation_is_listed(api: Api) -> None:
    machine = await enrolled(api)
    for access in ({"operator_ids": [api.gina.id]}, {"policy_ids": ["pol_none"]}):
        answer = await api.http.patch(f"/v1/devices/{machine.id}", json={"access": access}, headers=api.alice.headers)
        problem(answer, 422, "invalid")
    foreign = await api.post("/v1/device-groups", {"name": "West"}, api.gina)
    for path, body in (
        (f"/v1/devices/{machine.id}", {"group_id": foreign["id"]}),
        ("/v1/device-enrolments", {"name": "x", "group_id": foreign["id"]}),
    ):
        method = "PATCH" if "devices" in path else "POST"
        problem(await api.http.request(method, path, json=body, headers=api.alice.headers), 422, "invalid")


async def test_the_hours_hold_for_everybody(api: Api) -> None:
    machine = await enrolled(api)
    now = api.clock.now()
    far = now + timedelta(days=3)
    hours = {
        "time_zone": "UTC",
        "windows": [{"days": [f"{far:%A}".lower()], "begin": "00:00", "end": "24:00"}],
    }
    group = await api.post("/v1/device-groups", {"name": "Shop", "hours": hours})
    await patch(api, machine, group_id=group["id"])
    assert await refused(api, machine, api.alice, 403, "connection-not-allowed") == ["outside-hours"]
    always = {"time_zone": "UTC", "windows": [{"days": list(DAYS), "begin": "00:00", "end": "24:00"}]}
    await patch(api, machine, hours=always)
    assert (await call(api, machine))["state"] == "waiting"


DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


async def patch(api: Api, machine: Machine, **body: Any) -> dict[str, Any]:
    answer = await api.http.patch(f"/v1/devices/{machine.id}", json=body, headers=api.alice.headers)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


# ---- consent


@pytest.mark.rule("R12")
@pytest.mark.parametrize("wanted", ["never", "ask-if-present"])
async def test_the_server_alone_never_turns_asking_off(api: Api, wanted: str) -> None:
    machine = await enrolled(api)
    answer = await api.http.patch(f"/v1/devices/{machine.id}", json={"consent": wanted}, headers=api.alice.headers)
    problem(answer, 409, "conflict")
    group = await api.post("/v1/device-groups", {"name": "Kiosks", "consent": wanted})
    assert (await patch(api, machine, group_id=group["id"]))["effective_consent"] == "ask"
    assert (await machine.wait()).json()["consent"] == "ask"
    assert (await machine.say(unattended=True)).json()["consent"] == wanted
    assert (await api.get(f"/v1/devices/{machine.id}"))["effective_consent"] == wanted
    assert (await patch(api, machine, consent="ask"))["effective_consent"] == "ask"
    assert (await patch(api, machine, consent=wanted))["effective_consent"] == wanted
    assert (await machine.say(unattended=False)).json()["consent"] == "ask"
    assert (await actions(api, machine))[-1] == "device.unattended_ended"


# ---- the end


async def running(api: Api, machine: Machine) -> str:
    session = await call(api, machine)
    assert (await machine.take_up(session["id"])).status_code == 200
    await api.post(f"/v1/sessions/{session['id']}/ticket")
    await api.report(
        session["id"],
        {"type": "joined", "sender": 1},
        {"type": "joined", "sender": 2},
        {"type": "admitted", "sender": 2},
    )
    return str(session["id"])


@pytest.mark.rule("R36")
@pytest.mark.parametrize("how", ["disable", "wipe", "delete", "forget"])
async def test_its_session_ends_in_the_same_moment(api: Api, how: str) -> None:
    """The relay's command is written in the same transaction: what remains is its way there."""
    machine = await enrolled(api)
    session = await running(api, machine)
    waiting = asyncio.create_task(machine.wait(20))
    commands = asyncio.create_task(api.relay("GET", "commands", wait=20))
    if how == "delete":
        answer = await api.http.delete(f"/v1/devices/{machine.id}", headers=api.alice.headers)
    elif how == "forget":
        answer = await api.http.delete("/v1/devices/me", headers=machine.headers)
    else:
        answer = await api.http.post(f"/v1/devices/{machine.id}/{how}", headers=api.alice.headers)
    assert answer.status_code in {200, 204}, answer.text
    told = (await commands)["commands"][0]
    assert (told["type"], told["session_id"]) == ("end", session)
    shown = await api.get(f"/v1/sessions/{session}")
    assert (shown["state"], shown["ended_by"], shown["reason"]) == ("ended", "administrator", "device_disabled")
    slug = {"disable": "device-disabled", "delete": "token-refused"}.get(how, "device-wiped")
    heard = await waiting
    assert heard.json()["slug"] == slug, "the long poll answers at once"
    assert (await machine.wait()).json()["slug"] == slug
    assert (await machine.prove()).json()["slug"] == slug


async def test_a_disabled_device_is_enabled_again(api: Api) -> None:
    machine = await enrolled(api)
    shown = await api.post(f"/v1/devices/{machine.id}/disable", status=200)
    assert shown["state"] == "disabled"
    assert await refused(api, machine, api.alice, 409, "device-unavailable") == ["disabled"]
    await api.post(f"/v1/devices/{machine.id}/enable", status=200)
    assert (await machine.wait()).status_code == 200
    assert (await call(api, machine))["state"] == "waiting"


async def test_wiped_is_for_ever(api: Api) -> None:
    machine = await enrolled(api)
    await api.post(f"/v1/devices/{machine.id}/wipe", status=200)
    problem(await machine.prove(), 410, "device-wiped")
    assert (await Machine(api).prove(machine.id)).status_code == 401, "told only to the holder of the key"
    answer = await api.http.post(f"/v1/devices/{machine.id}/enable", headers=api.alice.headers)
    problem(answer, 410, "device-wiped")
    problem(await Machine(api, machine.key).enrol(await ticket(api)), 409, "already-exists")


async def test_keys_do_not_enrol_wipe_or_delete(api: Api) -> None:
    machine = await enrolled(api)
    made = await api.post("/v1/api-keys", {"name": "x", "scopes": ["devices:read", "devices:write", "devices:connect"]})
    headers = {"Authorization": f"Bearer {made['key']}"}
    for method, path in (
        ("POST", "/v1/device-enrolments"), ("POST", f"/v1/devices/{machine.id}/wipe"), ("DELETE", f"/v1/devices/{machine.id}"),
    ):  # fmt: skip
        answer = await api.http.request(method, path, json={"name": "x"}, headers=headers)
        problem(answer, 403, "forbidden")
    answer = await api.http.post(f"/v1/devices/{machine.id}/sessions", json={"mode": "view"}, headers=headers)
    assert answer.status_code == 201, answer.text


async def test_evil_nobody_unlisted_comes_in_as_a_guest_or_by_transfer(api: Api) -> None:
    """The list of the device holds for everybody who comes in, not only for who made the session."""
    machine = await enrolled(api)
    session = await running(api, machine)
    asked = await api.http.post(
        f"/v1/sessions/{session}/guests", json={"operator_id": api.bob.id}, headers=api.alice.headers
    )
    assert asked.status_code == 201, asked.text
    ticket_path = f"/v1/sessions/{session}/ticket"
    refused = await api.http.post(ticket_path, headers=api.bob.headers)
    assert problem(refused, 403, "connection-not-allowed")["because"] == ["not-listed"]
    await patch(api, machine, access={"operator_ids": [api.bob.id]})
    assert (await api.http.post(ticket_path, headers=api.bob.headers)).status_code == 201


async def test_no_large_table_is_read_through_for_a_device(api: Api) -> None:
    """Neither for its long polls, of which there are many, nor for lists and calls."""
    machine = await enrolled(api)
    with watched(api) as statements:
        await machine.wait()
        await api.get("/v1/devices", q="recep")
        await api.get("/v1/devices", api.bob)
        session = await call(api, machine)
        await machine.wait()
        await machine.take_up(session["id"])
        await api.post(f"/v1/devices/{machine.id}/disable", status=200)
    assert any("device_id" in statement for statement in statements)
    assert await scans(api, statements) == []
