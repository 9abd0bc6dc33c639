"""An IPython shell without a kernel: it runs a cell and hands back its outputs, as a notebook stores them."""

from __future__ import annotations

import ast
import contextlib
import inspect
import io
import linecache
import re
import shutil
import subprocess
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from IPython.core.compilerop import CachingCompiler
from IPython.core.displayhook import DisplayHook
from IPython.core.displaypub import DisplayPublisher
from IPython.core.inputtransformer2 import TransformerManager
from IPython.core.interactiveshell import InteractiveShell

from autograder.grading.forked import ending_forks
from autograder.grading.rpc.errors import CELLS
from autograder.notebook.test_result import CUT, Output

MAX_TEXT = 200_000  # characters of one cell's prints; a debugging print fits, a flood does not
MAX_DATA = 4_000_000  # characters of one displayed object
BASH = shutil.which("bash")  # where there is one: dash can't `wait` in the sandbox
NO_MODULE = ""  # the name of none
ASYNC = re.compile(r"await|async")
PLAIN_FLAGS = CachingCompiler().flags
PLACE = re.compile(r"^(?:Cell|Input) In ?\[\d+\].*?, line (\d+)", re.MULTILINE)  # as IPython says it


class _Outputs:
    """What the running cell has shown so far, in order."""

    def __init__(self) -> None:
        self.items: list[Output] = []
        self.room = MAX_TEXT

    def stream(self, name: str, text: str) -> None:
        if self.room <= 0:
            return
        if len(text) > self.room:
            text = text[: self.room] + CUT
        self.room -= len(text)
        if self.items and self.items[-1].get("name") == name:
            self.items[-1]["text"] += text
        else:
            self.items.append({"output_type": "stream", "name": name, "text": text})

    def data(self, kind: str, data: dict[str, Any], metadata: dict[str, Any], **more: Any) -> None:
        size = sum(len(part) if isinstance(part, str | bytes) else 100 for part in data.values())
        if size <= MAX_DATA and len(self.items) < 1000:
            self.items.append({"output_type": kind, "data": data, "metadata": metadata, **more})


class _Stream(io.TextIOBase):
    def __init__(self, shell: Shell, name: str) -> None:
        self.shell, self.stream_name = shell, name

    @property
    def encoding(self) -> str:  # type: ignore[override]
        return "utf-8"

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        self.shell.outputs.stream(self.stream_name, text)
        return len(text)


class _Publisher(DisplayPublisher):
    def publish(self, data: Any, metadata: Any = None, source: Any = None, **_: Any) -> None:
        self.shell.outputs.data("display_data", dict(data), dict(metadata or {}))

    def clear_output(self, wait: bool = False) -> None:
        self.shell.outputs.items.clear()


class _Hook(DisplayHook):
    def write_output_prompt(self) -> None: ...

    def write_format_data(self, format_dict: Any, md_dict: Any = None) -> None:
        more = {"execution_count": self.shell.execution_count}
        self.shell.outputs.data("execute_result", dict(format_dict), dict(md_dict or {}), **more)

    def finish_displayhook(self) -> None: ...


class _Transformers(TransformerManager):
    """Leaves alone what is Python already, and keeps the tree that it has found, for the compiler."""

    parsed: tuple[str, ast.Module] | None = None

    def do_token_transforms(self, lines: list[str]) -> list[str]:
        # What is Python needs none: magics and the like are not. To find that out by tokens takes longer than most cells.
        source = "".join(lines)
        self.parsed = None
        try:
            with warnings.catch_warnings(record=True) as said:
                warnings.simplefilter("always")
                tree = compile(source, "<unknown>", "exec", PLAIN_FLAGS | ast.PyCF_ONLY_AST, True)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return list(super().do_token_transforms(lines))
        if not said:  # else the compiler has to say it again
            self.parsed = source, tree
        return lines

    def take(self, source: str) -> ast.Module | None:
        """The tree of a source that was parsed last; once, for whoever takes it may change it."""
        parsed, self.parsed = self.parsed, None
        return parsed[1] if parsed is not None and parsed[0] == source else None


class _Compiler(CachingCompiler):
    transformers: _Transformers | None = None

    def ast_parse(self, source: str, filename: str = "<unknown>", symbol: str = "exec") -> ast.AST:
        # A `from __future__` of an earlier cell may change how this one is read.
        is_plain = symbol == "exec" and self.flags == PLAIN_FLAGS
        tree = self.transformers.take(source) if self.transformers is not None and is_plain else None
        return tree or super().ast_parse(source, filename, symbol)


class Shell(InteractiveShell):
    """Make it by `Shell.instance()`: `display` and `get_ipython` look for the one instance."""

    def __init__(self, **options: Any) -> None:
        self.outputs = _Outputs()
        self.error_line = 0  # of the cell, where its last error came from
        self.random_states: dict[str, Any] = {}  # in which cells that ran once for all have left the generators
        super().__init__(displayhook_class=_Hook, display_pub_class=_Publisher, compiler_class=_Compiler, **options)
        self.input_transformer_manager = self.compile.transformers = _Transformers()
        self.colors = "nocolor"
        self.history_manager.enabled = False

    def init_history(self) -> None:
        from autograder.grading.typed import Typed

        self.history_manager = Typed(shell=self, parent=self, enabled=False, hist_file=":memory:")

    def system(self, cmd: str) -> None:
        """A shell line. IPython's own way wants a terminal, which there is none of."""
        line = self.var_expand(cmd, depth=1)
        done = subprocess.run(
            line, shell=True, executable=BASH, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL
        )
        sys.stdout.write(done.stdout.decode(errors="replace"))
        self.user_ns["_exit_code"] = done.returncode

    def should_run_async(self, raw_cell: str, *, transformed_cell: Any = None, preprocessing_exc_tuple: Any = None) -> bool:
        # IPython compiles the cell to find that out. Without one of these words nothing in it can be awaited.
        if transformed_cell is not None and not ASYNC.search(transformed_cell):
            return False
        return bool(
            super().should_run_async(
                raw_cell, transformed_cell=transformed_cell, preprocessing_exc_tuple=preprocessing_exc_tuple
            )
        )

    def init_io(self) -> None: ...

    def enable_gui(self, gui: Any = None) -> None: ...

    def showtraceback(self, *args: Any, **kwargs: Any) -> None:
        """As IPython does, without a search for cells in all modules, which takes half a millisecond each of five times."""
        with contextlib.suppress(OSError):  # the folder may be gone
            for name in [name for name in linecache.cache if name.startswith(CELLS)]:
                inspect.modulesbyfile[name] = inspect.modulesbyfile[str(Path.cwd() / name)] = NO_MODULE
        super().showtraceback(*args, **kwargs)

    def _showtraceback(self, etype: Any, evalue: Any, stb: Any) -> None:
        try:
            said = str(evalue)
        except Exception:  # their own __str__
            said = ""
        lines = [str(line)[:20_000] for line in stb][:400]
        self.error_line = _line_of(lines)
        self.outputs.items.append(
            {"output_type": "error", "ename": str(etype.__name__)[:200], "evalue": said[:20_000], "traceback": lines}
        )

    def run(self, source: str) -> list[Output]:
        """The outputs of one cell; an error is one of them."""
        self.outputs = _Outputs()
        with ending_forks(), self._capture():
            is_code = bool(source.strip())
            if is_code:
                self._remember(source)
            done = self.run_cell(source, store_history=False, silent=False)
            self.execution_count += is_code
        if not done.success and not any(item["output_type"] == "error" for item in self.outputs.items):
            error = done.error_in_exec or done.error_before_exec
            self._showtraceback(type(error), error, [f"{type(error).__name__}: {error}"])
        return self.outputs.items

    def _remember(self, source: str) -> None:
        """Keep what was typed, for a test may look at it, as with `%rerun`. Nothing is written into a file."""
        with contextlib.suppress(Exception):  # a cell of theirs may have changed what keeps it
            self.history_manager.store_inputs(self.execution_count, source)

    def forget_typed(self) -> None:
        self.history_manager.input_hist_parsed[:] = self.history_manager.input_hist_raw[:] = [""]
        self.execution_count = 1

    @contextlib.contextmanager
    def _capture(self) -> Iterator[None]:
        # The same streams each time: whoever keeps sys.stdout, as a logging handler does, goes on writing.
        with (
            contextlib.redirect_stdout(_Stream(self, "stdout")),
            contextlib.redirect_stderr(_Stream(self, "stderr")),
            warnings.catch_warnings(),
        ):
            warnings.simplefilter("default")
            # Shown, but not on standard error: whatever stands there, nbgrader takes for a failed test.
            warnings.showwarning = _show_warning
            yield

    def forget(self) -> None:
        """A namespace as if nothing had run."""
        for name in list(self.user_ns):
            if name not in self.user_ns_hidden:
                del self.user_ns[name]
        self.forget_typed()


def _line_of(traceback: list[str]) -> int:
    """The line of the cell that an IPython traceback names first; 0 if it names none."""
    match = PLACE.search("\n".join(traceback))
    return int(match[1]) if match else 0


def _show_warning(message: Any, category: Any, *_: Any, **__: Any) -> None:
    print(f"{category.__name__}: {message}")


def make() -> Shell:
    """The one shell of this process."""
    shell: Shell = Shell.instance()
    shell.display_formatter.format(None)  # its formatters are made at the first use: here, before the forks
    shell.run("1 / 0")  # and so is what writes a traceback
    shell.error_line = 0
    shell.forget_typed()
    for name in ("last_type", "last_value", "last_traceback", "last_exc"):
        sys.__dict__.pop(name, None)
    sys.modules["__main__"].__dict__.setdefault("__file__", None)
    return shell
