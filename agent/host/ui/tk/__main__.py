"""Run as ``python -m agent.host.ui.tk LANGUAGE`` by `window.WindowInterface`; ends when its stdin does."""

import json
import queue
import sys
import threading
import tkinter as tk
from typing import Any, Final

from agent.host.ui.tk.chat import ChatWindow
from agent.host.ui.tk.look import Look
from agent.host.ui.tk.page import PageWindow
from agent.host.ui.tk.sign import Sign

_POLL_MS: Final = 15
"""How often what was told is looked at."""


class App:
    """Draws what the lines on stdin say."""

    def __init__(self, lang: str) -> None:
        self._lines: queue.Queue[str | None] = queue.Queue()
        self._root = tk.Tk(className="Tasuki")
        look = Look(self._root, lang)
        self._pages = PageWindow(self._root, look, self._pressed)
        self._sign = Sign(self._root, look, self._pressed)
        self._chat = ChatWindow(self._root, look, lambda text: _tell(event="said", text=text))

    def run(self) -> None:
        """Until stdin ends: without the agent there is nothing to show."""
        threading.Thread(target=self._read, daemon=True).start()
        self._root.after(0, self._take)
        _tell(event="ready")
        self._root.mainloop()

    def _read(self) -> None:
        for line in sys.stdin:
            self._lines.put(line)
        self._lines.put(None)

    def _take(self) -> None:
        while not self._lines.empty():
            line = self._lines.get()
            if line is None:
                self._root.destroy()
                return
            self._do(json.loads(line))
        self._root.after(_POLL_MS, self._take)

    def _do(self, told: dict[str, Any]) -> None:
        match told["do"]:
            case "page":
                self._sign.hide()
                self._chat.hide()
                self._pages.show(told)
            case "sign":
                self._pages.hide()
                self._sign.show(told)
            case "chat":
                self._chat.show(told)
            case "line":
                self._chat.add(told)
            case "notice":
                self._pages.notice(told["text"])
                self._sign.notice(told["text"])
            case "ping":
                _tell(event="pong")

    def _pressed(self, number: int, name: str, text: str) -> None:
        _tell(event="pressed", id=number, name=name, text=text)


def _tell(**members: object) -> None:
    sys.stdout.write(json.dumps(members) + "\n")
    sys.stdout.flush()


def main() -> int:
    """Exit code 1 and one line saying why when there is no desktop to show a window on."""
    try:
        app = App(sys.argv[1] if len(sys.argv) > 1 else "en")
    except tk.TclError as error:
        _tell(event="failed", why=str(error))
        return 1
    app.run()
    return 0


if __name__ == "__main__":
    sys.exit(main())
