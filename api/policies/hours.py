"""Schedules as policies keep them: plain JSON of `api.kit.hours.Hours` in one order, and in words."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from pydantic import ValidationError

from api.kit.hours import Day, Hours, Window

_DAYS = [str(day) for day in Day]


def in_order(schedules: list[Hours]) -> list[Hours]:
    """One form, whatever the order in which schedules, windows and days were written."""
    normal = [Hours(time_zone=one.time_zone, windows=_windows(one)) for one in schedules]
    return sorted({one.model_dump_json(): one for one in normal}.values(), key=_key)


def is_open(schedule: Mapping[str, Any], at: datetime) -> bool:
    """Whether a schedule is open at an aware time. In a zone that this machine does not know any more it is closed."""
    try:
        return Hours.model_validate(schedule).hold(at)
    except ValidationError:
        return False


def schedule_key(schedule: Mapping[str, Any]) -> tuple[Any, ...]:
    """By which two schedules are the same, and in which order they stand."""
    windows = tuple((tuple(window["days"]), window["start"], window["end"]) for window in schedule["windows"])
    return (schedule["time_zone"], windows)


def schedule_words(schedule: Mapping[str, Any]) -> str:
    """A schedule for people."""
    windows = [f"{_day_words(w['days'])} {w['start']}–{w['end']}" for w in schedule["windows"]]
    return f"{', '.join(windows) or 'never'} ({schedule['time_zone']})"


def _windows(schedule: Hours) -> list[Window]:
    given = [
        window.model_copy(update={"days": [day for day in Day if day in window.days]}) for window in schedule.windows
    ]
    once = {window.model_dump_json(): window for window in given}
    return [once[text] for text in sorted(once, key=lambda text: _window_key(once[text]))]


def _window_key(window: Window) -> tuple[Any, ...]:
    return (tuple(map(str, window.days)), window.start, window.end)


def _key(schedule: Hours) -> tuple[Any, ...]:
    return schedule_key(schedule.model_dump(mode="json"))


def _day_words(days: Sequence[str]) -> str:
    """`Mon–Fri` for days in a row, else their names."""
    numbers = [_DAYS.index(str(day)) for day in days]
    names = [str(day).title() for day in days]
    in_a_row = len(numbers) > 2 and numbers == list(range(numbers[0], numbers[-1] + 1))
    return f"{names[0]}–{names[-1]}" if in_a_row else ", ".join(names)
