"""The window for written messages: what was said, a line to type, and a button to send it."""

import tkinter as tk
from collections.abc import Callable
from tkinter import ttk
from typing import Any, Final

from agent.host.ui.tk import look as colours
from agent.host.ui.tk.look import Look

_WIDTH: Final = 380
_HEIGHT: Final = 320
_MARGIN: Final = 16
_TOP: Final = 110
"""Pixels from the upper edge: below the sign."""


class ChatWindow:
    """Comes up with the first message, without taking the keyboard away; closing it hides it until the next one."""

    def __init__(self, root: tk.Tk, look: Look, said: Callable[[str], None]) -> None:
        self._root, self._look, self._said = root, look, said
        self._window: tk.Toplevel | None = None
        self._log: tk.Text | None = None
        self._entry: tk.Entry | None = None

    def show(self, told: dict[str, Any]) -> None:
        """Open it, ready to type."""
        self._open(told)
        assert self._entry is not None
        self._entry.focus_force()

    def add(self, told: dict[str, Any]) -> None:
        """One more message at the end."""
        self._open(told)
        assert self._log is not None
        self._log.configure(state="normal")
        self._log.insert("end", f"{told['who']}\n", "mine" if told["mine"] else "theirs")
        self._log.insert("end", f"{told['text']}\n\n", "text")
        self._log.configure(state="disabled")
        self._log.see("end")

    def hide(self) -> None:
        """Take it away, with everything in it."""
        if self._window is not None:
            self._window.destroy()
        self._window = self._log = self._entry = None

    def _open(self, told: dict[str, Any]) -> None:
        if self._window is None:
            self._make(told)
        assert self._window is not None
        if not self._window.winfo_viewable():
            self._window.deiconify()
            self._window.lift()

    def _make(self, told: dict[str, Any]) -> None:
        window = tk.Toplevel(self._root, background=colours.BACKGROUND, class_="Tasuki")
        window.title(told["title"])
        left = self._root.winfo_screenwidth() - _WIDTH - _MARGIN
        window.geometry(f"{_WIDTH}x{_HEIGHT}+{max(0, left)}+{_TOP}")
        window.attributes("-topmost", True)
        window.protocol("WM_DELETE_WINDOW", window.withdraw)
        window.bind("<Escape>", lambda _event: window.withdraw())
        row = tk.Frame(window, background=colours.BACKGROUND, padx=12, pady=10)
        row.pack(side="bottom", fill="x")
        entry = tk.Entry(row, font=self._look.body, relief="solid", borderwidth=1, foreground=colours.TEXT)
        entry.configure(background=colours.PANEL, highlightthickness=2, highlightcolor=colours.PRIMARY)
        send = ttk.Button(row, text=told["send"], style="Chat.TButton", command=self._send)
        send.pack(side="right", padx=(8, 0))
        entry.pack(side="left", fill="x", expand=True, ipady=4)
        entry.bind("<Return>", lambda _event: self._send())
        log = tk.Text(window, font=self._look.body, wrap="word", relief="flat", padx=14, pady=10, takefocus=False)
        log.configure(state="disabled", background=colours.PANEL, foreground=colours.TEXT, cursor="arrow")
        log.tag_configure("theirs", font=self._look.small, foreground=colours.SASH)
        log.tag_configure("mine", font=self._look.small, foreground=colours.PRIMARY)
        log.pack(side="top", fill="both", expand=True)
        self._window, self._log, self._entry = window, log, entry

    def _send(self) -> None:
        if self._entry is not None and (text := self._entry.get().strip()):
            self._entry.delete(0, "end")
            self._said(text)
