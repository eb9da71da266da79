"""Colours, letters and styles of the customer's window."""

import tkinter as tk
from tkinter import font, ttk
from typing import Final

BACKGROUND: Final = "#ffffff"
BAND: Final = "#233044"
BAND_TEXT: Final = "#ffffff"
SASH: Final = "#d94f30"
TEXT: Final = "#1b2430"
QUIET: Final = "#5c6878"
LINE: Final = "#e3e7ec"
PANEL: Final = "#f5f7f9"
WARNING: Final = "#fff4d6"
WARNING_TEXT: Final = "#6b4a00"
PROBLEM: Final = "#fde5e0"
PROBLEM_TEXT: Final = "#8f1f0b"
PRIMARY: Final = "#1f6f54"
PRIMARY_DARK: Final = "#175540"
STOP: Final = "#c4321c"
STOP_DARK: Final = "#9d2613"
DOTS: Final = {
    "control": "#ff5a45",
    "view": "#ffb020",
    "own": "#5ecb8c",
    "chat": "#6fb1ff",
    "look": "#6fb1ff",
    "use": "#5ecb8c",
    "paused": "#9aa7b8",
}
"""The dot of the sign: what can happen to this machine now."""

_SMALL_SCREEN: Final = 720
"""Pixels of height below which letters and gaps are smaller, so that all of the question is seen."""
_FAMILIES: Final = {
    "en": ("Noto Sans", "Segoe UI", "Helvetica Neue", "Cantarell", "Ubuntu", "DejaVu Sans", "Liberation Sans"),
    "ja": ("Noto Sans CJK JP", "Noto Sans JP", "Yu Gothic UI", "Meiryo", "Hiragino Sans", "IPAGothic", "DejaVu Sans"),
}


class Look:
    """Fonts (`title`, `body`, `small`, `strong`, `digits`) for a language, and the ttk styles made of them."""

    def __init__(self, root: tk.Tk, lang: str) -> None:
        self._lang = lang
        known = set(font.families(root))
        family = next((name for name in _FAMILIES.get(lang, _FAMILIES["en"]) if name in known), "TkDefaultFont")
        smaller = 2 if root.winfo_screenheight() < _SMALL_SCREEN else 0
        self.gap = 18 - 4 * smaller
        """Pixels between the parts of a page."""
        self.title = font.Font(root, family=family, size=17 - smaller, weight="bold")
        self.body = font.Font(root, family=family, size=12 - smaller)
        self.strong = font.Font(root, family=family, size=12 - smaller, weight="bold")
        self.small = font.Font(root, family=family, size=10 - smaller // 2)
        self.digits = font.Font(root, family="DejaVu Sans Mono" if "DejaVu Sans Mono" in known else family, size=30)
        self._styles(root)

    def text(self, text: str) -> str:
        """`text` as a label wraps it well: Japanese breaks anywhere, not just at its few spaces."""
        return text.replace(" ", "\u00a0") if self._lang == "ja" else text

    def _styles(self, root: tk.Tk) -> None:
        style = ttk.Style(root)
        style.theme_use("clam")
        root.configure(background=BACKGROUND)
        self._button(style, "Primary.TButton", (PRIMARY, PRIMARY_DARK), "#ffffff", PRIMARY)
        self._button(style, "Chat.TButton", (PRIMARY, PRIMARY_DARK), "#ffffff", PRIMARY)
        style.configure("Chat.TButton", padding=(12, 5), width=0)
        self._button(style, "Plain.TButton", ("#ffffff", "#eef1f4"), TEXT, "#9aa5b3")
        self._button(style, "Stop.TButton", (STOP, STOP_DARK), "#ffffff", STOP)
        self._button(style, "Sign.TButton", ("#37465c", "#4a5b74"), "#ffffff", "#37465c")
        self._button(style, "Stop.Sign.TButton", (STOP, STOP_DARK), "#ffffff", STOP)
        self._button(style, "Small.Sign.TButton", (BAND, "#37465c"), "#d6dee9", "#4a5b74")
        self._button(style, "Quiet.TButton", ("#ffffff", "#eef1f4"), QUIET, "#c3cad3")
        style.configure("Quiet.TButton", padding=(10, 10), width=0, font=self.small)
        for name in ("Sign.TButton", "Stop.Sign.TButton"):
            style.configure(name, padding=(14, 4), width=0)
        style.configure("Small.Sign.TButton", padding=(8, 1), width=0, font=self.small)

    def _button(self, style: ttk.Style, name: str, faces: tuple[str, str], text: str, border: str) -> None:
        plain, active = faces
        style.configure(
            name,
            font=self.strong,
            foreground=text,
            background=plain,
            bordercolor=border,
            lightcolor=plain,
            darkcolor=plain,
            focuscolor=text,
            padding=(22, 10),
            relief="solid",
            borderwidth=1,
        )
        style.map(
            name,
            background=[("disabled", "#dfe4ea"), ("active", active), ("pressed", active)],
            lightcolor=[("disabled", "#dfe4ea"), ("active", active)],
            darkcolor=[("disabled", "#dfe4ea"), ("active", active)],
            bordercolor=[("disabled", "#dfe4ea"), ("focus", TEXT)],
            foreground=[("disabled", "#8894a3")],
        )
