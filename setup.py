"""Compiles the Cython kernels; everything else is in pyproject.toml."""

import os
import sys

from Cython.Build import cythonize
from setuptools import Extension, setup

FLAGS = [] if sys.platform == "win32" else ["-O3"]
DIRECTIVES = {"language_level": 3, "embedsignature": True}
KERNELS = ["ext/_framediff.pyx", "ext/_frames.pyx", "ext/_predict.pyx", "relay/transport.pyx"]


def extension(path: str) -> Extension:
    name = path.removesuffix(".pyx").replace("/", ".")
    # Without a compiler the Python twins serve; TASUKI_BUILD_EXT=required makes that an error (release builds).
    return Extension(name, [path], extra_compile_args=FLAGS, optional=os.environ.get("TASUKI_BUILD_EXT") != "required")


setup(ext_modules=cythonize([extension(path) for path in KERNELS], compiler_directives=DIRECTIVES))
