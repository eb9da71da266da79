"""Input applied to nothing: for tests of everything that applies input."""

from agent.host.input.base import Area, Injector
from agent.host.input.keysyms import is_known


class FakeInjector(Injector):
    """Records what would have happened in `done`, one tuple each: a name, then its numbers or text."""

    def __init__(self, width: int = 1280, height: int = 800) -> None:
        super().__init__(Area(0, 0, width, height))
        self.done: list[tuple[str | int, ...]] = []
        self.held: list[int] = []
        """Keysyms that are down."""

    def _key(self, down: bool, keysym: int) -> None:
        if not is_known(keysym):
            self.ignored["unknown key"] += 1
        elif down != (keysym in self.held):
            (self.held.append if down else self.held.remove)(keysym)
            self.done.append(("key", int(down), keysym))

    def _text(self, text: str) -> None:
        self.done.append(("text", text))

    def _release_keys(self) -> None:
        while self.held:
            self.done.append(("key", 0, self.held.pop()))

    def _move(self, x: int, y: int) -> None:
        self.done.append(("move", x, y))

    def _button(self, down: bool, button: int) -> None:
        self.done.append(("button", int(down), button))

    def _scroll(self, right: int, down: int) -> None:
        self.done.append(("scroll", right, down))
