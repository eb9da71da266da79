"""The one window that asks: a title, what there is to know, a warning, perhaps a field, and buttons."""

import tkinter as tk
import unicodedata
from collections.abc import Callable
from functools import partial
from tkinter import ttk
from typing import Any, Final

from agent.host.ui.tk import look as colours
from agent.host.ui.tk.look import Look

Page = dict[str, Any]
Pressed = Callable[[int, str, str], None]
"""Number of the page, name of the button, what the field held."""

_WIDTH: Final = 600
_MARGIN: Final = 32
_FRAME: Final = 40
"""Pixels kept for the frame that the desktop draws around a window."""
_DIGITS: Final = 6
ASIDE: Final = "stranger"
"""The button that stands apart from the answers, so that nobody presses it for one."""


class PageWindow:
    """Shows one page at a time in the root window; closing it is the page's own safe answer."""

    def __init__(self, root: tk.Tk, look: Look, pressed: Pressed) -> None:
        self._root = root
        self._look = look
        self._pressed = pressed
        self._page: Page = {}
        self._frame: tk.Frame | None = None
        self._entry: tk.Entry | None = None
        self._notice: tk.Label | None = None
        self._buttons: dict[str, ttk.Button] = {}
        root.protocol("WM_DELETE_WINDOW", lambda: self._press(self._page.get("close", "")))
        root.bind("<Escape>", lambda _event: self._press(self._page.get("close", "")))
        root.resizable(False, False)
        root.withdraw()

    def show(self, page: Page) -> None:
        """Replace what is shown by `page` (see `window.py` for its members)."""
        self.hide()
        self._page = page
        self._frame = tk.Frame(self._root, background=colours.BACKGROUND)
        self._frame.pack(fill="both", expand=True)
        self._root.title(page["window"])
        self._band(page["window"])
        body = tk.Frame(self._frame, background=colours.BACKGROUND, padx=_MARGIN, pady=self._look.gap + 6)
        body.pack(fill="both", expand=True)
        self._foot(body, page)
        self._label(body, page["title"], self._look.title).pack(fill="x")
        if page.get("problem"):
            self._box(body, page["problem"], colours.PROBLEM, colours.PROBLEM_TEXT).pack(
                fill="x", pady=(self._look.gap, 0)
            )
        if page.get("big"):
            self._label(body, page["big"], self._look.digits).pack(fill="x", pady=(self._look.gap, 0))
        for text in page.get("paragraphs", []):
            self._label(body, text, self._look.body).pack(fill="x", pady=(10, 0))
        self._rows(body, page.get("rows", []))
        self._field(body, page.get("field"))
        self._typed()
        self._appear()

    def notice(self, text: str) -> None:
        """One more line, under everything else."""
        if self._notice is not None:
            self._notice.configure(text=self._look.text(text))
            self._notice.pack(fill="x", side="bottom", pady=(12, 0))
            self._place()

    def hide(self) -> None:
        """Show nothing."""
        if self._frame is not None:
            self._frame.destroy()
        self._frame = self._entry = self._notice = None
        self._buttons = {}
        self._page = {}
        self._root.withdraw()

    def _band(self, text: str) -> None:
        band = tk.Canvas(self._frame, height=46, width=_WIDTH, background=colours.BAND, highlightthickness=0)
        band.create_polygon(0, 46, 26, 0, 44, 0, 18, 46, fill=colours.SASH, outline="")
        band.create_text(58, 23, text=text, anchor="w", fill=colours.BAND_TEXT, font=self._look.strong)
        band.pack(fill="x")

    def _label(self, parent: tk.Misc, text: str, letters: Any, colour: str = colours.TEXT) -> tk.Label:
        return tk.Label(
            parent,
            text=self._look.text(text),
            font=letters,
            foreground=colour,
            background=parent["background"],
            anchor="w",
            justify="left",
            wraplength=_WIDTH - 2 * _MARGIN,
        )

    def _foot(self, body: tk.Misc, page: Page) -> None:
        """Buttons, small print and warning: packed first, so that a small screen cuts anything but these."""
        self._row_of_buttons(body, page["buttons"])
        self._notice = self._label(body, "", self._look.small, colours.QUIET)
        if page.get("footer"):
            footer = self._label(body, page["footer"], self._look.small, colours.QUIET)
            footer.pack(fill="x", side="bottom", pady=(self._look.gap - 4, 0))
        if page.get("warning"):
            box = self._box(body, page["warning"], colours.WARNING, colours.WARNING_TEXT)
            box.pack(fill="x", side="bottom", pady=(self._look.gap, 0))

    def _box(self, parent: tk.Misc, text: str, back: str, colour: str) -> tk.Frame:
        box = tk.Frame(parent, background=back, padx=16, pady=11)
        label = self._label(box, text, self._look.body, colour)
        label.configure(wraplength=_WIDTH - 2 * _MARGIN - 32)
        label.pack(fill="x")
        return box

    def _rows(self, parent: tk.Misc, rows: list[list[str]]) -> None:
        if not rows:
            return
        panel = tk.Frame(parent, background=colours.PANEL, padx=16, pady=10)
        panel.pack(fill="x", pady=(self._look.gap, 0))
        panel.columnconfigure(1, weight=1)
        for number, (name, value) in enumerate(rows):
            left = self._label(panel, name, self._look.body, colours.QUIET)
            left.grid(row=number, column=0, sticky="nw", padx=(0, 20), pady=self._look.gap // 5)
            right = self._label(panel, value, self._look.strong)
            right.configure(wraplength=_WIDTH - 2 * _MARGIN - 210)
            right.grid(row=number, column=1, sticky="nw", pady=self._look.gap // 5)

    def _field(self, parent: tk.Misc, name: str | None) -> None:
        if name is None:
            return
        self._label(parent, name, self._look.body, colours.QUIET).pack(fill="x", pady=(self._look.gap, 4))
        check = (self._root.register(_may_be_typed), "%P")
        self._entry = tk.Entry(
            parent,
            font=self._look.digits,
            width=8,
            justify="center",
            validate="key",
            validatecommand=check,
            relief="flat",
            background=colours.PANEL,
            foreground=colours.TEXT,
            insertbackground=colours.TEXT,
            highlightthickness=2,
            highlightbackground=colours.LINE,
            highlightcolor=colours.PRIMARY,
        )
        self._entry.pack(anchor="w", ipady=6)
        self._entry.bind("<KeyRelease>", lambda _event: self._typed())
        self._entry.bind("<Return>", lambda _event: self._submit())
        self._entry.bind("<KP_Enter>", lambda _event: self._submit())

    def _row_of_buttons(self, parent: tk.Misc, buttons: list[dict[str, Any]]) -> None:
        row = tk.Frame(parent, background=colours.BACKGROUND)
        row.pack(fill="x", side="bottom", pady=(self._look.gap + 6, 0))
        for button in reversed(buttons):
            name = button["name"]
            made = ttk.Button(
                row, text=button["text"], style=f"{button['style']}.TButton", command=partial(self._press, name)
            )
            aside = name == ASIDE
            made.pack(side="left" if aside else "right", padx=(0, 12) if aside else (12, 0))
            made.bind("<Return>", partial(self._press_by_key, name))
            self._buttons[name] = made
        for button in buttons:
            if button.get("delayed"):
                self._buttons[button["name"]].state(["disabled"])
                self._root.after(button["delayed"], self._arm, self._page["id"], button["name"])
        for button in sorted(buttons, key=lambda one: one["name"] == ASIDE):  # Tab: as they are read, that one last
            self._buttons[button["name"]].lift()

    def _arm(self, number: int, name: str) -> None:
        if self._page.get("id") == number:
            self._buttons[name].state(["!disabled"])

    def _appear(self) -> None:
        self._place()
        self._root.update_idletasks()
        self._root.deiconify()
        self._root.lift()
        self._root.attributes("-topmost", bool(self._page.get("front")))
        self._root.focus_force()
        focus = self._entry or self._buttons.get(self._page.get("focus", ""))
        if focus is not None:
            focus.focus_set()

    def _place(self) -> None:
        self._root.update_idletasks()
        width = max(_WIDTH, self._root.winfo_reqwidth())
        height = min(self._root.winfo_reqheight(), self._root.winfo_screenheight() - _FRAME)
        left = (self._root.winfo_screenwidth() - width) // 2
        top = max(0, (self._root.winfo_screenheight() - height) // 3)
        self._root.geometry(f"{width}x{height}+{left}+{top}")

    def _typed(self) -> None:
        """The button that goes on works once six digits are there."""
        button = self._buttons.get("submit")
        if self._entry is not None and button is not None:
            button.state(["!disabled" if len(_digits(self._entry.get())) == _DIGITS else "disabled"])

    def _submit(self) -> None:
        self._typed()  # Enter may come before the last digit's key is let go
        if self._entry is not None and len(_digits(self._entry.get())) == _DIGITS:
            self._press("submit")

    def _press_by_key(self, name: str, _event: "tk.Event[ttk.Button]") -> None:
        self._press(name)

    def _press(self, name: str) -> None:
        if not name or not self._page or self._buttons[name].instate(["disabled"]):
            return
        text = _digits(self._entry.get()) if self._entry is not None else ""
        for button in self._buttons.values():
            button.state(["disabled"])
        self._pressed(self._page["id"], name, text)


def _digits(text: str) -> str:
    return "".join(char for char in unicodedata.normalize("NFKC", text) if char not in " -")


def _may_be_typed(text: str) -> bool:
    digits = _digits(text)
    return len(digits) <= _DIGITS and (digits == "" or (digits.isascii() and digits.isdigit()))
