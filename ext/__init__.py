"""Kernels over plain bytes and integers: compiled where there is a compiler, else their Python twins.

`IMPLEMENTATION` says which is in use; the environment variable TASUKI_PURE=1 forces the twins. A kernel knows nothing of
protocols, logging or settings.
"""

import os
from typing import Final

IMPLEMENTATION: Final[str]

try:
    if os.environ.get("TASUKI_PURE") == "1":
        raise ImportError("the twins are asked for")
    from ext._framediff import copy_rectangle, diff_tiles, trim
    from ext._predict import forward, inverse

    IMPLEMENTATION = "compiled"
except ImportError:
    from ext._framediff_py import copy_rectangle, diff_tiles, trim
    from ext._predict_py import forward, inverse

    IMPLEMENTATION = "python"

__all__ = ["IMPLEMENTATION", "TILE", "copy_rectangle", "diff_tiles", "forward", "inverse", "trim"]

TILE: Final = 64
"""Side of a tile of `diff_tiles`, in pixels."""
