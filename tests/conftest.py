"""Rules for every test: NumPy on one thread, no workspace around, Ctrl-C heard, and in CI nothing is skipped in silence.

Two workers share the tests file by file (`--dist loadfile`), the longest first. `--times FILE` writes how long each took.
"""

import gc
import json
import os
import signal
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

os.environ["OPENBLAS_NUM_THREADS"] = "1"
os.environ["LEFTCONTEXT_WORKSPACE"] = ""

import hypothesis
import pytest
from support.sizes import LONG

hypothesis.settings.register_profile("no clock", deadline=None)  # a busy machine takes its time
hypothesis.settings.load_profile("no clock")

# What a test starts would inherit that SIGINT is ignored, as it is where a shell starts the tests in the background.
if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    signal.signal(signal.SIGINT, lambda *_: None)  # what is started begins with the default in place of a handler

# What needs more than the tests install: transformers, and minutes in Pyodide. `make test-long` collects them.
collect_ignore = [] if LONG else ["audit/test_hugging_face.py", "judge/test_in_pyodide.py"]

HERE = Path(__file__).parent
BROWSER = "browser"
# The files that take longest, in this order, as the table in benchmarks/README.md says; the others come after them.
LONGEST = (
    "hostile/test_hostile.py",
    "course/test_variants.py",
    "report/test_report.py",
    "cli/test_cli.py",
    "torch_jax/test_torch_jax.py",
    "course/test_build.py",
    "grading/test_grade.py",
    "feedback/test_render.py",
    "grading/test_idioms.py",
    "test_install.py",
    "grading/test_points_and_dates.py",
    "grading/test_faults.py",
    "test_names.py",
    "grading/test_checker_sandbox.py",
    "model/test_demo.py",
    "sandbox/test_usage.py",
    "model/test_english_model.py",
    "judge/test_judge.py",
    "sandbox/test_levels.py",
    "widgets/test_widgets.py",
    "test_set_up.py",
    "grading/test_bank_at_every_level.py",
    "grading/test_reading.py",
    "plots/test_charts.py",
    "bugs/test_buggy_models.py",
    "browser/test_built_site.py",
    "browser/test_train_in_page.py",
    "browser/test_story_writer.py",
    "browser/test_everywhere.py",
    "browser/test_masks.py",
    "browser/test_tokens.py",
    "browser/test_flow.py",
    "browser/test_train_and_generate.py",
    "browser/test_feedback_opened.py",
    "browser/test_accessibility.py",
    "browser/test_large_map.py",
    "browser/test_attention_map.py",
    "browser/test_softmax_and_sampling.py",
)
_seconds: Counter[str] = Counter()
_tests: Counter[str] = Counter()
_workers: defaultdict[str, set[str]] = defaultdict(set)


@pytest.fixture
def one_torch_thread() -> Iterator[None]:
    """PyTorch on one thread: two would wait for each other on a busy machine."""
    torch = pytest.importorskip("torch")
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--times FILE`: write how long each file's tests took."""
    parser.addoption("--times", type=Path, help="write how long each file's tests took, as JSON")


def pytest_configure() -> None:
    """No garbage is collected while the tests are collected: nothing that is imported then is garbage."""
    gc.disable()


def pytest_collection_finish() -> None:
    """From here on the garbage collector passes over what has been imported."""
    gc.freeze()
    gc.enable()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Put long files first, and the browser's last: from the first of them on, Playwright's event loop runs to the end.

    Tests with the mark `long` are left out, unless `make test-long` runs them, `-m` asks for them, or one is named by its id.
    """
    if not LONG and not config.option.markexpr and not any("::" in name for name in config.args):
        left_out = [item for item in items if item.get_closest_marker("long")]
        items[:] = [item for item in items if not item.get_closest_marker("long")]
        config.hook.pytest_deselected(items=left_out)
    items.sort(key=_turn)


def _turn(item: pytest.Item) -> tuple[bool, int, str]:
    name = item.path.relative_to(HERE).as_posix()
    return name.startswith(BROWSER), LONGEST.index(name) if name in LONGEST else len(LONGEST), name


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Count what a test took, with what its fixtures took."""
    name = report.nodeid.split("::")[0]
    _seconds[name] += report.duration
    _tests[name] += report.when == "call"
    _workers[name].add(getattr(report, "worker_id", ""))


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Write the times; where CI is set, a test that was skipped although it could have run fails the whole."""
    _fail_where_files_were_divided(session)
    times = session.config.getoption("times")
    if times is not None and not hasattr(session.config, "workerinput"):
        times.parent.mkdir(parents=True, exist_ok=True)
        rows = [{"file": name, "tests": _tests[name], "seconds": taken} for name, taken in _seconds.most_common()]
        times.write_text(json.dumps(rows, indent=1), encoding="utf-8")
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


def _fail_where_files_were_divided(session: pytest.Session) -> None:
    """Two workers with tests of one file make its fixtures twice, which takes twice the time and is seen nowhere else."""
    divided = sorted(name for name, workers in _workers.items() if len(workers) > 1)
    if divided:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
        reporter = session.config.pluginmanager.get_plugin("terminalreporter")
        if reporter is not None:
            reporter.write_line(f"\nThese files were divided between workers: {', '.join(divided)}", red=True)


def _reason(report: pytest.TestReport) -> str:
    return report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
