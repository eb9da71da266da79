"""Kernels over plain bytes and integers: compiled where there is a compiler, else their Python twins.

`IMPLEMENTATION` says which is in use; the environment variable TASUKI_PURE=1 forces the twins. A kernel knows nothing of
protocols, logging or settings.
"""

import importlib
import os
from types import ModuleType
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from ext import _framediff, _predict


def _pick(name: str) -> ModuleType:
    if os.environ.get("TASUKI_PURE") != "1":
        try:
            return importlib.import_module(f"ext.{name}")
        except ImportError:
            pass
    return importlib.import_module(f"ext.{name}_py")


if not TYPE_CHECKING:
    _framediff, _predict = _pick("_framediff"), _pick("_predict")

copy_rectangle = _framediff.copy_rectangle
diff_tiles = _framediff.diff_tiles
trim = _framediff.trim
paste = _framediff.paste
forward = _predict.forward
inverse = _predict.inverse

IMPLEMENTATION: Final = "python" if _framediff.__name__.endswith("_py") else "compiled"

__all__ = ["IMPLEMENTATION", "TILE", "copy_rectangle", "diff_tiles", "forward", "inverse", "paste", "trim"]

TILE: Final = 64
"""Side of a tile of `diff_tiles`, in pixels."""
