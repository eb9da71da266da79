"""What is said to the customer, in which order: the same sentences for the window and the terminal."""

from dataclasses import dataclass
from functools import partial
from typing import Final

from agent.host.consent import MAX_WRONG_DIGITS
from agent.host.ui.base import Problem
from agent.host.ui.question import Question
from texts import catalogue, translate

HOTKEY_NAME: Final = "Ctrl+Shift+F12"


@dataclass(frozen=True, slots=True)
class Wording:
    """The sentences in one language (see `texts.LANGUAGES`)."""

    lang: str

    def say(self, key: str, **values: object) -> str:
        """One text of the catalogue; `key` without its ``host.``."""
        return translate(f"host.{key}", self.lang, **values)

    def rows(self, question: Question) -> list[tuple[str, str]]:
        """Label and value of everything a customer must know before a yes."""
        rows = [
            (self.say("row.operator"), self.operator(question)),
            (self.say("row.organisation"), question.organisation),
            (self.say("row.server"), question.server),
            (self.say("row.mode"), self.say(f"mode.{question.mode}")),
        ]
        if question.minutes is not None:
            rows.append((self.say("row.limit"), self.say("limit", minutes=question.minutes)))
        if question.recording in ("allowed", "required"):
            rows.append((self.say("row.recording"), self.say(f"recording.{question.recording}")))
        labels = [self.say("row.features"), *("" for _ in question.features)]
        rows += [(label, self.feature(name)) for label, name in zip(labels, question.features, strict=False)]
        return rows

    def operator(self, question: Question) -> str:
        """The operator's name and how the server knows it."""
        if f"host.operator.{question.verified}" in catalogue(self.lang):
            return self.say(f"operator.{question.verified}", operator=question.operator, verified=question.verified)
        return self.say("operator.other", operator=question.operator, verified=question.verified)

    def feature(self, name: str) -> str:
        """A feature in plain words; one that this agent has no words for is shown by its name, never hidden."""
        key = f"host.feature.{name}"
        return translate(key, self.lang) if key in catalogue(self.lang) else name

    def problem(self, attempt: int, problem: Problem | None) -> str:
        """Why the digits are asked again, or nothing."""
        if problem is None:
            return ""
        return self.say(f"digits.{problem.value}", left=MAX_WRONG_DIGITS + 1 - attempt)

    def ask_title(self, question: Question) -> str:
        """The question itself."""
        return self.say(f"ask.title.{question.mode}", operator=question.operator)

    def sign(self, question: Question, paused: bool) -> str:
        """The sentence that stays on the screen."""
        state = "paused" if paused else question.mode
        return self.say(f"sign.{state}", operator=question.operator, organisation=question.organisation)

    def ended(self, by: str, reason: str) -> list[str]:
        """Who ended it and why, and that nobody sees anything any more."""
        known = catalogue(self.lang)
        say = partial(translate, lang=self.lang)
        if (key := f"host.ended.{by}.{reason}") in known:
            lines = [say(key)]
        elif by in ("customer", "operator", "administrator"):
            lines = [say(f"host.ended.{by}")]
            lines += [] if reason == "ended" else [say("host.ended.reason", reason=reason)]
        else:
            lines = [say("host.ended.system", reason=reason)]
        return [*lines, say("host.ended.unseen")]
