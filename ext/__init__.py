"""Kernels over plain bytes and integers: compiled where there is a compiler, else their Python twins.

`IMPLEMENTATION` says which is in use; the environment variable TASUKI_PURE=1 forces the twins. A kernel knows nothing of
protocols, logging or settings.
"""

import importlib
import os
from types import ModuleType
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from ext import _framediff, _frames, _predict


def _pick(name: str) -> ModuleType:
    if os.environ.get("TASUKI_PURE") != "1":
        try:
            return importlib.import_module(f"ext.{name}")
        except ImportError:
            pass
    return importlib.import_module(f"ext.{name}_py")


if not TYPE_CHECKING:
    _framediff, _frames, _predict = _pick("_framediff"), _pick("_frames"), _pick("_predict")

copy_rectangle = _framediff.copy_rectangle
count_messages = _frames.count
diff_tiles = _framediff.diff_tiles
trim = _framediff.trim
paste = _framediff.paste
forward = _predict.forward
frame_head = _frames.head
inverse = _predict.inverse
put_frame_head = _frames.put_head
unmask = _frames.unmask

IMPLEMENTATION: Final = "python" if _framediff.__name__.endswith("_py") else "compiled"

__all__ = [
    "IMPLEMENTATION",
    "TILE",
    "copy_rectangle",
    "count_messages",
    "diff_tiles",
    "forward",
    "frame_head",
    "inverse",
    "paste",
    "put_frame_head",
    "trim",
    "unmask",
]

TILE: Final = 64
"""Side of a tile of `diff_tiles`, in pixels."""
