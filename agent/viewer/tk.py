"""Run as ``python -m agent.viewer.tk LANGUAGE NAME`` by `screen.open_window`; ends when its stdin does."""

import json
import queue
import struct
import sys
import threading
import tkinter as tk
from typing import Any, Final

from agent.host.ui.question import shown
from texts import translate

_HEAD: Final = struct.Struct(">6H")
_POLL_MS: Final = 10
_EDGE: Final = 80
"""Pixels of the own screen that a large picture leaves free; the rest of it is reached by scrolling."""
_BUTTONS: Final = {1: 1, 2: 2, 3: 3, 8: 8, 9: 9}
_NOTCH: Final = 120


class App:
    """One canvas with the picture at its own size."""

    def __init__(self, lang: str, name: str) -> None:
        self._parts: queue.Queue[tuple[tuple[int, ...], bytes] | None] = queue.Queue()
        self._root = tk.Tk(className="Tasuki screen")
        self._root.title(translate("host.screen.title", lang, operator=shown(name)))
        self._root.withdraw()
        self._canvas = tk.Canvas(self._root, highlightthickness=0, background="#233044")
        across = tk.Scrollbar(self._root, orient="horizontal", command=self._canvas.xview)
        down = tk.Scrollbar(self._root, orient="vertical", command=self._canvas.yview)
        self._canvas.configure(xscrollcommand=across.set, yscrollcommand=down.set)
        self._canvas.grid(row=0, column=0, sticky="nsew")
        down.grid(row=0, column=1, sticky="ns")
        across.grid(row=1, column=0, sticky="ew")
        self._root.rowconfigure(0, weight=1)
        self._root.columnconfigure(0, weight=1)
        self._picture: tk.PhotoImage | None = None
        self._size = (0, 0)
        self._root.protocol("WM_DELETE_WINDOW", self._root.iconify)
        self._bind()

    def run(self) -> None:
        threading.Thread(target=self._read, daemon=True).start()
        self._root.after(0, self._take)
        self._root.mainloop()

    def _read(self) -> None:
        pipe = sys.stdin.buffer
        while len(head := pipe.read(_HEAD.size)) == _HEAD.size:
            fields = _HEAD.unpack(head)
            self._parts.put((fields, pipe.read(fields[4] * fields[5] * 3)))
        self._parts.put(None)

    def _take(self) -> None:
        while not self._parts.empty():
            part = self._parts.get()
            if part is None:
                self._root.destroy()
                return
            self._draw(*part)
        self._root.after(_POLL_MS, self._take)

    def _draw(self, fields: tuple[int, ...], pixels: bytes) -> None:
        width, height, x, y, w, h = fields
        if (width, height) != self._size:
            self._resize(width, height)
        small = tk.PhotoImage(data=b"P6 %d %d 255\n" % (w, h) + pixels, format="PPM")
        self._root.tk.call(str(self._picture), "copy", str(small), "-to", x, y)

    def _resize(self, width: int, height: int) -> None:
        self._size = (width, height)
        self._picture = tk.PhotoImage(width=width, height=height)
        self._canvas.delete("all")
        self._canvas.create_image(0, 0, image=self._picture, anchor="nw")
        self._canvas.configure(
            scrollregion=(0, 0, width, height),
            width=min(width, self._root.winfo_screenwidth() - _EDGE),
            height=min(height, self._root.winfo_screenheight() - _EDGE),
        )
        self._root.deiconify()

    # ---- mouse and keyboard

    def _bind(self) -> None:
        canvas = self._canvas
        canvas.bind("<Motion>", lambda event: _tell(do="move", **self._at(event)))
        canvas.bind("<B1-Motion>", lambda event: _tell(do="move", **self._at(event)))
        canvas.bind("<ButtonPress>", lambda event: self._button(event, down=True))
        canvas.bind("<ButtonRelease>", lambda event: self._button(event, down=False))
        canvas.bind("<MouseWheel>", lambda event: _tell(do="wheel", dy=-event.delta, **self._at(event)))
        self._root.bind("<KeyPress>", lambda event: _tell(do="key", down=True, keysym=event.keysym_num))
        self._root.bind("<KeyRelease>", lambda event: _tell(do="key", down=False, keysym=event.keysym_num))

    def _at(self, event: "tk.Event[Any]") -> dict[str, int]:
        return {"x": max(0, int(self._canvas.canvasx(event.x))), "y": max(0, int(self._canvas.canvasy(event.y)))}

    def _button(self, event: "tk.Event[Any]", *, down: bool) -> None:
        number = int(event.num)
        if number in (4, 5):
            if down:
                _tell(do="wheel", dy=_NOTCH if number == 5 else -_NOTCH, **self._at(event))
        elif number in _BUTTONS:
            _tell(do="button", down=down, button=number, **self._at(event))


def _tell(**members: object) -> None:
    sys.stdout.write(json.dumps(members) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    App(*sys.argv[1:3]).run()
