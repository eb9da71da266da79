"""What is said to the customer, in which order: the same sentences for the window and the terminal."""

from dataclasses import dataclass
from functools import partial
from typing import Final

from agent.host.asking import MAX_WRONG_DIGITS
from agent.host.ui.base import Problem, Sign
from agent.host.ui.question import Question
from texts import catalogue, translate

HOTKEY_NAME: Final = "Ctrl+Shift+F12"
PAUSE_HOTKEY_NAME: Final = "Ctrl+Shift+F11"


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
        if question.shared:
            return self.about("ask.title", question)
        return self.say(f"ask.title.{question.mode}", operator=question.operator)

    def about(self, key: str, question: Question) -> str:
        """A text that is another one where the operator's own machine is shown: then ``key.shared``, about the customer."""
        if question.shared:
            return self.say(f"{key}.shared", customer=question.customer or self.say("customer"))
        return self.say(key, operator=question.operator, organisation=question.organisation)

    def state(self, question: Question, sign: Sign) -> str:
        """``control``, ``view``, ``chat``, ``own``, ``paused``, ``look`` or ``use``: the colour and the words of the sign."""
        return sign.state or ("control" if question.mode in ("control", "manage") else "view")

    def sign(self, question: Question, sign: Sign) -> str:
        """The sentences that stay on the screen."""
        said = self.about(f"sign.{self.state(question, sign)}", question)
        if sign.away:
            said = f"{said} {self.say('sign.away')}"
        elif sign.held:
            said = f"{said} {self.say('sign.held')}"
        return f"{said} {self.say('sign.others', names=', '.join(sign.others))}" if sign.others else said

    def hotkeys(self) -> str:
        """What the key combinations do."""
        return self.say("sign.hotkey", stop=HOTKEY_NAME, pause=PAUSE_HOTKEY_NAME)

    def writer(self, question: Question, name: str, mine: bool) -> str:
        """Who wrote a message."""
        if mine:
            return self.say("chat.me")
        return name or (question.customer or self.say("customer") if question.shared else question.operator)

    def choices(self, question: Question, sign: Sign) -> list[tuple[str, str, str]]:
        """What can be done while the sign is shown: key, name of the act, and its words; stop and pause come first."""
        state = self.state(question, sign)
        if state in ("look", "use"):
            acts = [("s", "stop"), *([("m", "message")] if "chat" in sign.granted else [])]
            return [(key, act, self.say(f"act.{act}")) for key, act in acts]
        acts = [("s", "stop"), ("p", "resume" if state == "paused" else "pause")]
        if state == "own":
            acts.append(("g", "give_back"))
        elif sign.reduced and state != "paused":
            acts.append(("g", "resume"))
        if state in ("control", "own"):
            acts.append(("v", "view_only"))
        if "chat" in sign.granted and state != "paused":
            acts += [] if state == "chat" else [("c", "chat_only")]
            acts.append(("m", "message"))
        choices = [(key, act, self.say(f"act.{act}")) for key, act in acts]
        if not sign.reduced:
            each = [(name, "withdraw") for name in sign.granted] + [(name, "allow") for name in sign.withheld]
            for number, (name, act) in enumerate(each[:9], start=1):
                choices.append((str(number), f"{act} {name}", self.say(f"act.{act}", grant=self.grant(name))))
        return choices

    def grant(self, name: str) -> str:
        """One grant in a few words."""
        return self.say(f"grant.{name}") if f"host.grant.{name}" in catalogue(self.lang) else name

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
