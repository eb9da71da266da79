"""Rules for the whole suite."""

import gc
import os

import pytest
from hypothesis import settings

settings.register_profile("tasuki", deadline=None)  # a loaded machine is no fault of the code
settings.load_profile("tasuki")

# Each test that starts an app allocates and frees a million objects. As the collector is set by default, it walks over all
# that was imported again and again meanwhile: a fifth of the processor time of the tests of the api.
gc.set_threshold(20_000, 10, 10)


def pytest_collection_finish() -> None:
    """What was imported and collected stays to the end, so no later collection looks at it."""
    gc.collect()
    gc.freeze()


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """In CI a skipped test is a failure: it would hide that a tool is missing (tools/system-packages installs them all)."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if reporter is None:
        return
    skipped = reporter.stats.get("skipped", [])
    if os.environ.get("CI") == "true" and skipped and session.exitstatus == pytest.ExitCode.OK:
        reporter.write_line(f"{len(skipped)} skipped: under CI=true that is a failure, see above for what is missing")
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
