"""What runs in Pyodide while the site is built: a wheel with the compiled modules that a kernel imports before a first answer.

Without it each kernel compiles some 800 modules, which takes a third of the time until the first answer is judged. A compiled
file lies beside its module's source, in `__pycache__`, and is taken as it is (PEP 552's unchecked hash), for both come from
one site. The wheels themselves stay the bytes that Pyodide's lock file names. Matplotlib's list of fonts, which it would look
for in each kernel, and say so in red, comes with them.
"""

import importlib
import io
import py_compile
import sys
import zipfile
from importlib.util import cache_from_source
from pathlib import Path

SITE = "/lib/python3.12/site-packages/"
# What a kernel imports by itself, and what the first cells of a lesson and a first check do.
IMPORTED = (
    "IPython",
    "jedi",
    "micropip",
    "anywidget",
    "matplotlib.backends.backend_agg",
    "leftcontext.language",
    "leftcontext.plots",
    "leftcontext.widgets",
    "autograder.check_answer",
    "autograder.own_functions",
)
FIRST = "causal_allowed"
INFO = {
    "METADATA": "Metadata-Version: 2.1\nName: left-context-compiled\nVersion: 1.0\n",
    "WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    "RECORD": "",
}


def compiled(source: str) -> bytes:
    """The bytes of the compiled form of a source file."""
    mode = py_compile.PycInvalidationMode.UNCHECKED_HASH
    file = py_compile.compile(source, "compiled.pyc", doraise=True, invalidation_mode=mode)
    assert file is not None  # or it has raised
    return Path(file).read_bytes()


def wheel() -> bytes:
    """A wheel with the compiled form of every module that has been imported from a package."""
    paths = {getattr(module, "__file__", None) or "" for module in [*sys.modules.values()]}
    sources = sorted(path for path in paths if path.startswith(SITE) and path.endswith(".py"))
    files = {cache_from_source(source).removeprefix(SITE): compiled(source) for source in sources}
    files["matplotlib/fontlist.json"] = Path(SITE, "matplotlib/fontlist.json").read_bytes()  # where Pyodide's matplotlib keeps it
    files |= {f"left_context_compiled-1.0.dist-info/{name}": text.encode() for name, text in INFO.items()}
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(zipfile.ZipInfo(name), data, zipfile.ZIP_DEFLATED)  # with no time in it
    return content.getvalue()


for name in IMPORTED:
    importlib.import_module(name)
widgets = importlib.import_module("leftcontext.widgets")
for name in widgets.__all__:
    getattr(widgets, name)
importlib.import_module("autograder.bank.catalog").find(FIRST).load()
wheel()
