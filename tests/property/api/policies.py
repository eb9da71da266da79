"""Random policies for property tests: every member, every form that is accepted."""

from typing import Any

from hypothesis import strategies as st

from api.policies.hours import Day
from api.policies.members import Members, said
from api.sessions.modes import Mode

ASK = st.sampled_from(["off", "ask", "allow"])
FLAG = st.booleans()
SECONDS = st.integers(60, 7 * 86_400)
TIMES = st.sampled_from(["00:00", "08:30", "09:00", "12:00", "18:00", "23:59"])
WINDOW = st.fixed_dictionaries(
    {
        "days": st.lists(st.sampled_from([str(day) for day in Day]), min_size=1, max_size=7),
        "begin": TIMES,
        "end": TIMES | st.just("24:00"),
    }
).filter(lambda window: window["begin"] != window["end"])
SCHEDULE = st.fixed_dictionaries(
    {
        "time_zone": st.sampled_from(["UTC", "Asia/Tokyo", "America/New_York"]),
        "windows": st.lists(WINDOW, min_size=1, max_size=3),
    }
)
NETWORK = st.sampled_from(
    [
        "10.0.0.0/8",
        "10.1.0.0/16",
        "10.1.2.0/25",
        "10.1.2.128/25",
        "192.0.2.7",
        "0.0.0.0/0",
        "2001:db8::/32",
        "::1",
        "::/0",
    ]
)
NAMES = st.lists(st.sampled_from(["Firefox", "firefox", "Writer", "KeePass", "日本語"]), max_size=4)

MEMBERS: dict[str, st.SearchStrategy[Any]] = {
    "modes": st.lists(st.sampled_from([str(mode) for mode in Mode]), max_size=7),
    "chat": FLAG,
    **dict.fromkeys(
        (
            "file_to_customer",
            "file_from_customer",
            "clipboard_to_customer",
            "clipboard_from_customer",
            "print",
            "voice",
            "video",
            "screenshot",
            "system_information",
            "application_selection",
        ),
        ASK,
    ),
    "application_selection_required": FLAG,
    "applications": st.fixed_dictionaries({"allow": st.none() | NAMES, "deny": NAMES}),
    "recording": st.sampled_from(["off", "allowed", "required"]),
    "local_input_priority": FLAG,
    "max_session_seconds": SECONDS,
    "idle_seconds": SECONDS,
    "max_bytes_per_second": st.integers(1 << 14, 1 << 34),
    "hours": st.lists(SCHEDULE, max_size=3),
    "reason_required": FLAG,
    "verification": st.sampled_from(["digits", "link", "either"]),
    "networks": st.lists(NETWORK, max_size=4),
    "machines_required": FLAG,
    "second_factor_required": FLAG,
    "store_device_identifiers": FLAG,
    "native_viewer_required": FLAG,
    "pq_required": FLAG,
}
"""One strategy for each member, as somebody would write it."""

WRITTEN = st.fixed_dictionaries({}, optional=MEMBERS)
"""A policy as it is sent: any members, in any order and form."""


def normal(written: dict[str, Any]) -> dict[str, Any]:
    """As it is stored."""
    return said(Members.model_validate(written))


POLICY = WRITTEN.map(normal)
"""A policy as it is stored."""
