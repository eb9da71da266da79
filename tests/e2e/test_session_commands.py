"""`tasuki session …` over the running product: a customer who waits, is picked up, is handed over, and what is written down."""

import json
from typing import Any

import pytest

from agent.commands.output import NOT_ALLOWED
from tests.e2e.stack import COMPANY, PASSWORD, Stack, accept

pytestmark = pytest.mark.xdist_group("session_commands")


def said(stack: Stack, *words: str, **variables: str) -> Any:
    """The JSON of a command that must succeed."""
    done = stack.tasuki(*words, "--json", **variables)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def bob(stack: Stack) -> tuple[str, str]:
    """Another operator: id and access token, which the commands take as a key."""
    made = stack.ok("POST", "/v1/operators", {"login": "bob", "name": "Bob Example"})
    login = {"username": f"{COMPANY}/bob", "password": made["one_time_password"], "new_password": PASSWORD + "-bob"}
    return made["id"], stack.ok("POST", "/v1/auth/password", login)["access_token"]


def test_the_secret_of_a_link_stays_with_who_made_it(stack: Stack, bob: tuple[str, str]) -> None:
    """A waiting session is handed over, and its maker comes along as a guest's guest would: digits where the secret is not."""
    made = said(stack, "session", "create", "--customer-name", "Carol")
    assert "#k=" in made["link"]
    bob_id, token = bob
    said(stack, "session", "transfer", made["id"], bob_id)
    with stack.customer(made["link"]) as customer:
        with stack.viewer(made["id"], TASUKI_API_KEY=token, TASUKI_CONFIG_DIR=f"{stack.data}-bob") as viewer:
            digits = viewer.until("digits")["digits"]
            assert digits, "Bob never had the link's secret"
            accept(customer, digits)
            viewer.until("accepted")
            customer.until("Bob Example")
            stack.ok("POST", f"/v1/sessions/{made['id']}/end")
            viewer.until("ended")
        customer.until("ended")


def test_a_customer_waits_is_picked_up_and_handed_over(stack: Stack, bob: tuple[str, str]) -> None:
    made = said(stack, "session", "create", "--queue", "--reference", "crm:4711", "--customer-name", "Carol")
    assert made["operator"] is None
    assert "#k=" not in made["link"]
    assert "Nobody waits" in stack.tasuki("session", "queue", "list").stdout
    with stack.customer(made["code"]) as customer:
        customer.until("acme|Acme")
        (waiting,) = said(stack, "session", "queue", "list")["items"]
        assert (waiting["session_id"], waiting["reference"]["id"]) == (made["id"], "4711")
        assert "Carol" in stack.tasuki("session", "queue", "list").stdout
        assert "It is yours" in stack.tasuki("session", "queue", "pick-up", made["id"]).stdout
        with stack.viewer(made["id"]) as viewer:
            accept(customer, viewer.until("digits")["digits"])
            viewer.until("accepted")
            bob_id, token = bob
            moved = said(stack, "session", "transfer", made["id"], "bob example", "--note", "Knows printers.")
            assert moved["operator"]["id"] == bob_id
            viewer.until("ended")
        refused = stack.tasuki("view", made["id"], "--headless")
        assert refused.returncode == NOT_ALLOWED
        customer.seen = ""  # what is asked now is asked again
        with stack.viewer(made["id"], TASUKI_API_KEY=token) as viewer:
            accept(customer, viewer.until("digits")["digits"])
            viewer.until("accepted")
            customer.until("Bob Example")
        noted = said(stack, "session", "note", made["id"], "New driver.", "--closing-reason", "solved")
        assert [note["text"] for note in noted["notes"]] == ["Knows printers.", "New driver."]
        assert said(stack, "session", "end", made["id"])["state"] == "ended"
        customer.until("ended")
    found = said(stack, "session", "list", "--search", "driver", "--reference", "crm:4711")["items"]
    assert [session["id"] for session in found] == [made["id"]]
    assert "New driver." in stack.tasuki("session", "show", made["id"]).stdout


def test_appointments_guests_and_links(stack: Stack) -> None:
    far = stack.tasuki("session", "create", "--starts-at", "2199-01-01T09:00:00Z")
    assert far.returncode == 1
    assert "90 days" in far.stderr
    long = said(stack, "session", "create", "--digits", "12", "--customer-name", "Carol")
    assert len(long["code"]) == 12
    link = stack.tasuki("session", "invite", long["id"])
    assert long["join_url"] in link.stdout
    nobody = stack.tasuki("session", "guest", long["id"], "Nobody")
    assert nobody.returncode == 1
    assert "no colleagues" in nobody.stderr
    assert stack.tasuki("session", "note", long["id"]).returncode == 1
    again = said(stack, "session", "create", "--queue")
    sent = stack.tasuki("session", "queue", "refuse", again["id"], "--reason", "closed")
    assert "ended" in sent.stdout
