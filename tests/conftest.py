"""Rules for every test: NumPy on one thread, no workspace around, and in CI nothing is skipped in silence."""

import os

os.environ["OPENBLAS_NUM_THREADS"] = "1"
os.environ["LEFTCONTEXT_WORKSPACE"] = ""

import pytest


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Where CI is set, a test that was skipped although it could have run fails the whole."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if not os.environ.get("CI") or reporter is None or hasattr(session.config, "workerinput"):
        return
    allowed = os.environ.get("LEFTCONTEXT_MAY_SKIP", "").split()
    skipped = [(report.nodeid, _reason(report)) for report in reporter.stats.get("skipped", ())]
    unheard = [f"{test}: {reason}" for test, reason in skipped if not any(name in reason for name in allowed)]
    if unheard:
        reporter.write_line("")
        reporter.write_line("CI is set, so a skipped test is a failed one:", red=True)
        for line in unheard:
            reporter.write_line(f"  {line}")
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def _reason(report: pytest.TestReport) -> str:
    return report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
