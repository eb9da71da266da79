"""What fuzz targets over bytes share: atheris, coverage of chosen packages, a folder that remembers interesting inputs."""

import contextlib
import sys
from collections.abc import Callable, Iterable, Iterator
from hashlib import sha256
from pathlib import Path

FOLDER = Path(__file__).parents[2] / ".fuzz"
MEMORY_MB = 512
"""More than this for one input is a finding."""
ONE_INPUT_SECONDS = 10
NOT_HERE = 3
"""Exit code of a target whose tool does not exist on this system."""


@contextlib.contextmanager
def instrumented(*packages: str) -> Iterator[None]:
    """What is imported inside is covered, as far as it belongs to `packages`."""
    try:
        import atheris  # noqa: PLC0415 - not on every system
    except ImportError:
        print("atheris is not available on this system")
        raise SystemExit(NOT_HERE) from None
    with atheris.instrument_imports(include=list(packages)):
        yield


def run(name: str, one_input: Callable[[bytes], None], seconds: float, seeds: Iterable[bytes] = ()) -> None:
    """Search for inputs with which `one_input` raises. Does not come back: libFuzzer ends the process, 0 when all is well."""
    import atheris  # noqa: PLC0415

    corpus = FOLDER / name / "corpus"
    corpus.mkdir(parents=True, exist_ok=True)
    for seed in seeds:
        (corpus / sha256(seed).hexdigest()[:16]).write_bytes(seed)
    arguments = [
        sys.argv[0],
        f"-max_total_time={max(1, int(seconds))}",
        f"-artifact_prefix={FOLDER / name}/",
        f"-rss_limit_mb={MEMORY_MB}",
        f"-timeout={ONE_INPUT_SECONDS}",
        "-print_final_stats=1",
        str(corpus),
    ]
    atheris.Setup(arguments, one_input)
    atheris.Fuzz()
