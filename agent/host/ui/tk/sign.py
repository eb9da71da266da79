"""The sign: a small bar that stays on top of everything while the screen is seen."""

import tkinter as tk
from collections.abc import Callable
from functools import partial
from tkinter import ttk
from typing import Any, Final

from agent.host.ui.tk import look as colours
from agent.host.ui.tk.look import Look

_TOP: Final = 8
_EDGES: Final = 60
"""Pixels beside the words that belong to gaps and margins."""
_PADDING: Final = 32
"""Pixels of a small button beside its words, with the gap to the next."""
_HINT: Final = "#b9c4d2"
_CHECK_MS: Final = 500
_RAISE_MS: Final = 150
_NOTICE_MS: Final = 10_000


class Sign:
    """Cannot be minimised, closed or covered for long; it can be dragged aside, not off the screen."""

    def __init__(self, root: tk.Tk, look: Look, pressed: Callable[[int, str, str], None]) -> None:
        self._root = root
        self._look = look
        self._pressed = pressed
        self._window: tk.Toplevel | None = None
        self._number = 0
        self._place: tuple[int, int] | None = None
        self._grip = (0, 0)
        self._raising = False
        self._notice: tk.Label | None = None

    def show(self, sign: dict[str, Any]) -> None:
        """Show it, or change what it says."""
        self._number = sign["id"]
        if self._window is None:
            self._make()
        assert self._window is not None
        for child in self._window.winfo_children():
            child.destroy()
        self._fill(self._window, sign)
        self._window.update_idletasks()
        self._put()
        self._window.update_idletasks()
        self._window.deiconify()
        self._window.lift()

    def notice(self, text: str) -> None:
        """A second line for a while."""
        if self._window is None or self._notice is None:
            return
        label = self._notice
        label.configure(text=text)
        label.pack(fill="x", side="bottom", padx=14, pady=(0, 6))
        self._window.after(_NOTICE_MS, _forget, label)
        self._window.update_idletasks()
        self._put()

    def hide(self) -> None:
        """Take it away."""
        if self._window is not None:
            self._window.destroy()
            self._window = None

    def _make(self) -> None:
        window = tk.Toplevel(self._root, background=colours.SASH, class_="Tasuki")
        window.withdraw()
        window.overrideredirect(True)
        window.attributes("-topmost", True)
        window.protocol("WM_DELETE_WINDOW", lambda: self._pressed(self._number, "stop", ""))
        window.bind("<Visibility>", self._seen)
        window.bind("<Unmap>", lambda _event: self._root.after_idle(self._back))
        window.bind("<ButtonPress-1>", self._grab)
        window.bind("<B1-Motion>", self._drag)
        self._window = window
        self._place = None
        self._root.after(_CHECK_MS, self._check, window)

    def _fill(self, window: tk.Toplevel, sign: dict[str, Any]) -> None:
        bar = tk.Frame(window, background=colours.BAND)
        bar.pack(fill="both", expand=True, pady=(0, 3))
        self._notice = tk.Label(
            bar, background=colours.BAND, foreground="#d6dee9", font=self._look.small, anchor="w", justify="left"
        )
        line = tk.Frame(bar, background=colours.BAND)
        line.pack(side="top", fill="x", padx=14, pady=(7, 7 if not sign["more"] else 2))
        self._more(bar, sign["more"])
        dot = tk.Label(line, text="●", font=self._look.strong, background=colours.BAND)
        dot.configure(foreground=colours.DOTS[sign["state"]])
        dot.pack(side="left", padx=(0, 8))
        self._buttons(line, sign["buttons"])
        words = tk.Frame(line, background=colours.BAND)
        words.pack(side="left", padx=(0, 18))
        line.update_idletasks()
        room = self._root.winfo_screenwidth() - line.winfo_reqwidth() - _EDGES
        for text, letters, colour in (
            (sign["text"], self._look.strong, "#ffffff"),
            (sign["hint"], self._look.small, _HINT),
        ):
            if text:
                tk.Label(
                    words,
                    text=self._look.text(text),
                    font=letters,
                    foreground=colour,
                    background=colours.BAND,
                    anchor="w",
                    justify="left",
                    wraplength=room,
                ).pack(fill="x")

    def _more(self, bar: tk.Frame, buttons: list[dict[str, Any]]) -> None:
        """The smaller choices under the sentence, in as many rows as the screen's width makes of them."""
        row: list[dict[str, Any]] = []
        room = self._root.winfo_screenwidth() - _EDGES
        for button in buttons:
            if row and sum(self._look.small.measure(one["text"]) + _PADDING for one in (*row, button)) > room:
                self._row(bar, row)
                row = []
            row.append(button)
        if row:
            self._row(bar, row)

    def _row(self, bar: tk.Frame, buttons: list[dict[str, Any]]) -> None:
        line = tk.Frame(bar, background=colours.BAND)
        line.pack(side="top", fill="x", padx=14, pady=(0, 7))
        self._buttons(line, buttons)

    def _buttons(self, line: tk.Frame, buttons: list[dict[str, Any]]) -> None:
        """Packed before the words: however long a name is, Stop is there."""
        for button in reversed(buttons):
            ttk.Button(
                line,
                text=button["text"],
                style=f"{button['style']}.TButton",
                takefocus=False,
                command=partial(self._pressed, self._number, button["name"], ""),
            ).pack(side="right", padx=(8, 0), anchor="n")

    def _put(self) -> None:
        """At its place, all of it on the screen."""
        window = self._window
        if window is None:
            return
        width, height = window.winfo_reqwidth(), window.winfo_reqheight()
        across, down = self._root.winfo_screenwidth() - width, self._root.winfo_screenheight() - height
        left, top = self._place or (across // 2, _TOP)
        window.geometry(f"{width}x{height}+{min(max(left, 0), max(across, 0))}+{min(max(top, 0), max(down, 0))}")

    def _grab(self, event: "tk.Event[tk.Misc]") -> None:
        if self._window is not None:
            self._grip = (event.x_root - self._window.winfo_x(), event.y_root - self._window.winfo_y())

    def _drag(self, event: "tk.Event[tk.Misc]") -> None:
        if isinstance(event.widget, ttk.Button):
            return
        self._place = (event.x_root - self._grip[0], event.y_root - self._grip[1])
        self._put()

    def _seen(self, event: "tk.Event[tk.Misc]") -> None:
        if str(event.state) != "VisibilityUnobscured" and not self._raising:
            self._raising = True
            self._root.after(_RAISE_MS, self._raise)

    def _raise(self) -> None:
        self._raising = False
        if self._window is not None:
            self._window.lift()

    def _back(self) -> None:
        if self._window is not None and not self._window.winfo_viewable():
            self._window.withdraw()
            self._window.deiconify()
            self._window.lift()

    def _check(self, window: tk.Toplevel) -> None:
        """Whatever moved, hid or covered it: it comes back."""
        if self._window is not window:
            return
        self._put()
        self._back()
        window.attributes("-topmost", True)
        self._root.after(_CHECK_MS, self._check, window)


def _forget(label: tk.Label) -> None:
    if label.winfo_exists():
        label.pack_forget()
