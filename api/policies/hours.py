"""Weekly windows in a time zone: when help may begin."""

from collections.abc import Mapping, Sequence
from datetime import datetime, time
from enum import StrEnum
from functools import cache
from typing import Annotated, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from pydantic import AfterValidator, Field, StringConstraints, field_validator

from api.kit.schema import Body

MAX_WINDOWS = 21
"""Three a day."""


class Day(StrEnum):
    """Days of the week, as `datetime.weekday` counts them."""

    MONDAY = "monday"
    TUESDAY = "tuesday"
    WEDNESDAY = "wednesday"
    THURSDAY = "thursday"
    FRIDAY = "friday"
    SATURDAY = "saturday"
    SUNDAY = "sunday"


_DAYS = [str(day) for day in Day]
_DAY_END = "24:00"


@cache
def _zones() -> frozenset[str]:
    """Read from the disk once."""
    return frozenset(available_timezones())


def _known_zone(name: str) -> str:
    if name not in _zones():
        raise ValueError("a time zone of the IANA database, such as Asia/Tokyo or Europe/Vienna")
    return name


def _each_once(days: list[Day]) -> list[Day]:
    return [day for day in Day if day in days]


TimeZone = Annotated[str, StringConstraints(max_length=60), AfterValidator(_known_zone)]
Clock = Annotated[str, StringConstraints(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]
ClockEnd = Annotated[str, StringConstraints(pattern=r"^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$")]


class Window(Body):
    """A stretch of certain days. One that ends before it begins reaches into the next morning."""

    days: Annotated[list[Day], Field(min_length=1, max_length=7), AfterValidator(_each_once)] = Field(
        description="Days on which the window begins.", examples=[["monday", "tuesday"]]
    )
    begin: Clock = Field(description="From this time of day on.", examples=["09:00"])
    end: ClockEnd = Field(description="Until just before this time; `24:00` is the end of the day.", examples=["18:00"])

    @field_validator("end")
    @classmethod
    def _not_empty(cls, end: str, info: Any) -> str:
        if end == info.data.get("begin"):
            raise ValueError("a window that ends when it begins is empty; the whole day is 00:00 to 24:00")
        return end


def _in_order(windows: list[Window]) -> list[Window]:
    once = {_window_key(window.model_dump(mode="json")): window for window in windows}
    return [once[key] for key in sorted(once)]


class Schedule(Body):
    """Windows of the week in one time zone; open while any of them is."""

    time_zone: TimeZone = Field(description="A name of the IANA database.", examples=["Asia/Tokyo"])
    windows: Annotated[list[Window], Field(min_length=1, max_length=MAX_WINDOWS), AfterValidator(_in_order)]


def schedules_in_order(schedules: list[Schedule]) -> list[Schedule]:
    """One form, in whatever order they were written."""
    once = {schedule_key(schedule.model_dump(mode="json")): schedule for schedule in schedules}
    return [once[key] for key in sorted(once)]


def is_open(schedule: Mapping[str, Any], at: datetime) -> bool:
    """Whether a schedule (as JSON) is open at an aware time, by the clocks on the wall of its zone.

    In a zone that this machine does not know (any more) it is closed, and so it is at the ends of time.
    """
    try:
        local = at.astimezone(ZoneInfo(schedule["time_zone"]))
    except (ZoneInfoNotFoundError, OverflowError):
        return False
    today, yesterday = _DAYS[local.weekday()], _DAYS[local.weekday() - 1]
    return any(_holds(window, local.time(), today, yesterday) for window in schedule["windows"])


def schedule_key(schedule: Mapping[str, Any]) -> tuple[Any, ...]:
    """By which two schedules are the same, and in which order they stand."""
    return (schedule["time_zone"], tuple(map(_window_key, schedule["windows"])))


def schedule_words(schedule: Mapping[str, Any]) -> str:
    """A schedule for people."""
    windows = [f"{_day_words(window['days'])} {window['begin']}–{window['end']}" for window in schedule["windows"]]
    return f"{', '.join(windows)} ({schedule['time_zone']})"


def _window_key(window: Mapping[str, Any]) -> tuple[Any, ...]:
    return (tuple(window["days"]), window["begin"], window["end"])


def _holds(window: Mapping[str, Any], now: time, today: str, yesterday: str) -> bool:
    text = f"{now:%H:%M}"
    begin, end, days = window["begin"], window["end"], window["days"]
    if begin < end:
        return today in days and begin <= text < end
    return (today in days and text >= begin) or (yesterday in days and text < end)


def _day_words(days: Sequence[str]) -> str:
    """`Mon–Fri` for days in a row, else their names."""
    numbers = [_DAYS.index(day) for day in days]
    names = [day[:3].title() for day in days]
    in_a_row = len(numbers) > 2 and numbers == list(range(numbers[0], numbers[-1] + 1))
    return f"{names[0]}–{names[-1]}" if in_a_row else ", ".join(names)
