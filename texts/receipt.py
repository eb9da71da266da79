"""A receipt (wire/receipt.py) in words: the same for the terminal, the printed page, and both sides. Pure.

Takes a receipt that was verified: its members are there and of their kinds. What is in them was written by others, so whoever
prints it on a terminal or page cleans or escapes it there.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from typing import Any

from texts import catalogue, translate

KNOWN_CLOCK_ERROR_SECONDS = 5
"""A clock that is off by less is not worth a sentence."""
_UNITS = ("B", "kB", "MB", "GB", "TB")


@dataclass(frozen=True, slots=True)
class Allowed:
    """One thing that one person was allowed: its words, its times as text, and as parts (0 to 1) of the session."""

    name: str
    what: str
    times: tuple[str, ...]
    parts: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class Words:
    """The sentences of one receipt, in one language and one time zone."""

    receipt: Mapping[str, Any]
    lang: str
    zone: tzinfo = UTC

    def say(self, key: str, **values: object) -> str:
        """One text of the catalogue; `key` without its ``receipt.``."""
        return translate(f"receipt.{key}", self.lang, **values)

    @property
    def server(self) -> Mapping[str, Any]:
        """What the server saw."""
        seen: Mapping[str, Any] = self.receipt["server"]
        return seen

    @property
    def host(self) -> Mapping[str, Any] | None:
        """What the machine said whose screen was shown."""
        said: Mapping[str, Any] | None = self.receipt["host"]
        return said

    @property
    def organisation(self) -> str:
        """Its name."""
        return str(self.server["organisation"]["name"])

    @property
    def operator(self) -> str:
        """Who helped: who was let in first, else who asked."""
        people = [one for one in self.server["people"] if one["operator"] and not one["guest"]]
        people.sort(key=lambda one: (one["admitted_at"] is None, one["sender"]))
        asked = self.server["asked_by"]
        return str(people[0]["operator"]["name"] if people else asked["name"] if asked else self.say("somebody"))

    @property
    def customer(self) -> str:
        """Who was helped, as the organisation wrote it."""
        named = self.server["customer"]
        return str(named["name"]) if named else self.say("customer")

    @property
    def begun(self) -> bool:
        """Whether anybody was ever let in."""
        return self.server["started_at"] is not None

    def lead(self) -> str:
        """What it was, in one sentence."""
        if not self.begun:
            return self.say("lead.never")
        values = {"operator": self.operator, "organisation": self.organisation, "customer": self.customer}
        return self._known("lead", self.server["mode"], "view", **values)

    def rows(self) -> list[tuple[str, str]]:
        """Label and value of what the server saw."""
        seen, ended = self.server, self._moment(self.server["ended_at"])
        begun = self._moment(seen["started_at"] or seen["created_at"])
        minutes, seconds = divmod(seen["seconds"], 60)
        span = self.say("span", date=f"{begun:%Y-%m-%d}", begin=f"{begun:%H:%M:%S}", end=self._until(ended, begun))
        if self.begun:
            span = self.say("span.length", span=span, length=self.say("length", minutes=minutes, seconds=seconds))
        rows = [("when", span)]
        rows += [("asked", self._asked()), ("organisation", self.organisation)]
        rows += [("customer", self.customer)] if seen["customer"] else []
        rows += [("device", str(seen["device"]["name"]))] if seen["device"] else []
        rows += [
            ("mode", self._known("mode", seen["mode"])),
            ("recording", self._known("recording", seen["recording"])),
        ]
        if reference := seen["reference"]:
            rows.append(("reference", f"{reference['system']} {reference['id']}"))
        rows.append(("ended", " ".join(self.ended())))
        if any(seen["bytes"].values()):
            host, viewers = (size(seen["bytes"][name]) for name in ("from_host", "from_viewers"))
            rows.append(("bytes", self.say("bytes", host=host, viewers=viewers)))
        return [(self.say(f"row.{name}"), value) for name, value in rows]

    def ended(self) -> list[str]:
        """By whom and why."""
        reason = str(self.server["reason"])
        by = self._known("ended", self.server["ended_by"], "system")
        if reason == "ended":
            return [by]
        known = f"receipt.reason.{reason}" in catalogue(self.lang)
        return [by, self.say(f"reason.{reason}") if known else self.say("reason", reason=reason)]

    def name_of(self, sender: int) -> str:
        """Who had a place in the session."""
        person = next((one for one in self.server["people"] if one["sender"] == sender), None)
        if person is None:
            return f"#{sender}"
        if person["operator"] is not None:
            return str(person["operator"]["name"])
        return self.customer if person["side"] == "customer" else self.operator

    def people(self) -> list[tuple[str, str]]:
        """Name, and when they were there."""
        return [(self.name_of(one["sender"]), self._there(one)) for one in self.server["people"]]

    def allowed(self) -> list[Allowed]:
        """By person and thing, in the order in which they were first allowed."""
        found: dict[tuple[int, str], list[Mapping[str, Any]]] = {}
        for grant in self.host["grants"] if self.host else ():
            found.setdefault((grant["viewer"], grant["what"]), []).append(grant)
        return [
            Allowed(self.name_of(viewer), self._known("grant", what), *self._spans(spans))
            for (viewer, what), spans in found.items()
        ]

    def pauses(self) -> Allowed | None:
        """When nothing was seen."""
        if self.host is None or not self.host["pauses"]:
            return None
        return Allowed("", self.say("allowed.pauses"), *self._spans(self.host["pauses"]))

    def remarks(self) -> list[str]:
        """What else there is to say about what was allowed."""
        said = self.host
        if said is None:
            return [] if not self.begun else [self.say("allowed.unknown")]
        remarks = [] if said["grants"] else [self.say("allowed.none")]
        remarks += [
            self.say("allowed.refused", name=self.name_of(one["viewer"]), time=self.time(one["at"]))
            for one in said["answers"]
            if not one["yes"]
        ]
        if said["own_input"]:
            remarks.append(self.say("allowed.own", count=said["own_input"]))
        if said["left_out"]:
            remarks.append(self.say("allowed.left_out", count=said["left_out"]))
        if not said["complete"]:
            remarks.append(self.say("allowed.partial", time=self.time(said["received_at"])))
        if abs(ahead := said["clock_ahead_seconds"]) >= KNOWN_CLOCK_ERROR_SECONDS:
            remarks.append(self.say("allowed.ahead" if ahead > 0 else "allowed.behind", seconds=abs(ahead)))
        return remarks

    def files(self) -> list[str]:
        """What was transferred."""
        files = self.host["files"] if self.host else []
        return [f"{one['name']} ({size(one['bytes'])}), {self.time(one['at'])}" for one in files]

    def whose_word(self) -> list[str]:
        """What the server saw itself, and what it was told."""
        said = [self.say("word.server", organisation=self.organisation)]
        return said if self.host is None else [*said, self._known("word.host", self.host["side"], "customer")]

    def time(self, moment: str | None) -> str:
        """A time of day; with its date where that is another than the session's."""
        if moment is None:
            return self.say("allowed.open")
        when, first = self._moment(moment), self._moment(self.server["started_at"] or self.server["created_at"])
        return f"{when:%H:%M:%S}" if when.date() == first.date() else f"{when:%Y-%m-%d %H:%M:%S}"

    def zone_name(self) -> str:
        """In which zone the times are."""
        offset = f"{self._moment(self.server['ended_at']):%z}"
        return self.say("zone", zone="UTC" if offset.strip("+-0") == "" else f"UTC{offset[:3]}:{offset[3:5]}")

    def _moment(self, text: str) -> datetime:
        return datetime.fromisoformat(text).astimezone(self.zone)

    def _until(self, end: datetime, begun: datetime) -> str:
        return f"{end:%H:%M:%S}" if end.date() == begun.date() else f"{end:%Y-%m-%d %H:%M:%S}"

    def _asked(self) -> str:
        asked = self.server["asked_by"]
        if asked is None:
            return self.say("somebody")
        return f"{asked['name']} ({self._known('verified', asked['verified'])})"

    def _there(self, person: Mapping[str, Any]) -> str:
        if person["joined_at"] is None:
            said = self.say("people.never")
        else:
            end = person["left_at"] or self.server["ended_at"]
            said = self.say("people.here", begin=self.time(person["joined_at"]), end=self.time(end))
        said += f", {self.say('people.guest')}" if person["guest"] else ""
        return said + (
            f", {self.say('people.removed', time=self.time(person['removed_at']))}" if person["removed_at"] else ""
        )

    def _spans(self, spans: list[Mapping[str, Any]]) -> tuple[tuple[str, ...], tuple[tuple[float, float], ...]]:
        times = tuple(f"{self.time(one['from'])} – {self.time(one['until'])}" for one in spans)
        begin, end = (
            self._moment(text)
            for text in (self.server["started_at"] or self.server["created_at"], self.server["ended_at"])
        )
        length = max((end - begin).total_seconds(), 1.0)

        def part(text: str | None) -> float:
            moment = end if text is None else self._moment(text)
            return min(max((moment - begin).total_seconds() / length, 0.0), 1.0)

        return times, tuple((part(one["from"]), part(one["until"])) for one in spans)

    def _known(self, kind: str, name: object, other: str | None = None, **values: object) -> str:
        """The words for a name of ours; without one that of `other`, or the name itself."""
        if f"receipt.{kind}.{name}" in catalogue(self.lang):
            return self.say(f"{kind}.{name}", **values)
        return self.say(f"{kind}.{other}", **values) if other else str(name)


def size(count: int) -> str:
    """Bytes as people read them."""
    number, unit = float(count), 0
    while number >= 1000 and unit < len(_UNITS) - 1:
        number, unit = number / 1000, unit + 1
    return f"{count} B" if unit == 0 else f"{number:.1f} {_UNITS[unit]}"


def file_name(receipt: Mapping[str, Any]) -> str:
    """What a receipt is called on a disk, without its ending: the day and the organisation, in letters that every disk takes."""
    seen = receipt["server"]
    parts = [
        "tasuki-receipt",
        seen["ended_at"][:10],
        _plain(seen["organisation"]["name"]),
        _plain(receipt["session_id"][-6:]),
    ]
    return "-".join(filter(None, parts))


def _plain(text: str) -> str:
    """Letters and digits of ASCII, in small, with single dashes for the rest."""
    kept = "".join(char if char.isalnum() and char.isascii() else "-" for char in text.lower())
    return "-".join(part for part in kept.split("-") if part)[:40].strip("-")
