"""JupyterLite for the site: a learner's workspace that runs in the browser, with the course installed already.

Pyodide's core files lie in the site. Its lock file tells a kernel where each package is: the course's own wheels lie beside
it, and Pyodide's own packages are on the CDN that JupyterLite uses, or beside it too where the site is self-hosted. A kernel
loads what a cell imports, so no notebook has a cell that installs anything.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import zipfile
from email import message_from_string
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
SETTINGS = ROOT / "autograder/jupyter/labconfig/default_setting_overrides.json"  # those of `leftcontext lab`
CORE = ("pyodide.js", "pyodide.mjs", "pyodide.asm.js", "pyodide.asm.wasm", "python_stdlib.zip")
CDN = "https://cdn.jsdelivr.net/pyodide/v{version}/full/"
KERNEL = "@jupyterlite/pyodide-kernel-extension"
# The course, and what it needs that Pyodide has not: what each makes importable, and which packages it loads first.
ADDED: dict[str, tuple[list[str], list[str]]] = {
    "left-context": (["leftcontext", "autograder"], ["numpy", "matplotlib", "threadpoolctl", "ipywidgets", "anywidget"]),
    "ipywidgets": (["ipywidgets"], ["comm", "ipython", "traitlets"]),
    "anywidget": (["anywidget"], ["ipywidgets", "psygnal", "typing-extensions"]),
    "comm": (["comm"], ["traitlets"]),
    "psygnal": (["psygnal"], []),
    "typing-extensions": (["typing_extensions"], []),
}
COMPILED = "left-context-compiled"  # made here for a self-hosted site, whose packages are at hand while it is built
WIDGETS = "jupyterlab-widgets==3.0.15"  # for JupyterLab 4.4, which JupyterLite 0.6 is
# What a kernel loads while Pyodide starts: what it would install itself, one after the other, and the course.
STARTED = ("micropip", "ssl", "sqlite3", "ipython", "jedi", "comm", "left-context")
# A kernel works for a person, in the workspace, as JupyterLab's does.
ENVIRONMENT = {
    "HOME": "/home/pyodide",
    "JPY_SESSION_NAME": "browser",
    "LEFTCONTEXT_WORKSPACE": "/drive",
    "PYTHONSTARTUP": "/lib/python3.12/site-packages/autograder/jupyter/kernel_startup.py",
}


class CannotBuild(Exception):
    """The site can't be built; the message says what is missing and how to get it."""


def build_lite(tools: Path, workspace: Path, wheels: list[Path], pyodide: Path, output: Path, self_hosted: bool) -> None:
    """Build JupyterLite in `output` with the files of `workspace`. `tools` is the virtual environment of the site's tools.

    `pyodide` holds Pyodide's files: the core of the npm package, and for a self-hosted site the packages too.
    Raises CannotBuild.
    """
    lite = output.with_name(f"parts-of-{output.name}")  # JupyterLite skips settings whose path begins as the output's does
    shutil.rmtree(lite, ignore_errors=True)
    shutil.rmtree(output, ignore_errors=True)
    importable = [wheel for wheel in wheels if not wheel.name.startswith(_file_name(WIDGETS))]
    _lay_pyodide(pyodide, importable, lite / "static/pyodide", self_hosted)
    if self_hosted:
        _add_compiled(lite / "static/pyodide")
    _write(lite / "jupyter-lite.json", _page_config(self_hosted))
    _write(lite / "overrides.json", _settings())
    _write(lite / "jupyter_lite_config.json", _build_config(tools, _widgets_extension(wheels, lite), workspace, output))
    command = [str(tools / "bin/jupyter-lite"), "build", "--force"]
    done = subprocess.run(command, cwd=lite, capture_output=True, text=True)
    if done.returncode:
        raise CannotBuild(f"JupyterLite could not be built:\n{(done.stdout + done.stderr)[-3000:]}")
    shutil.rmtree(lite)
    for page in output.rglob("index.html"):  # where JupyterLite takes its name from no setting
        text = page.read_text(encoding="utf-8")
        page.write_text(text.replace("<title>JupyterLite</title>", "<title>Left Context</title>"), encoding="utf-8")
    _check_settings(output, self_hosted)


def _check_settings(output: Path, self_hosted: bool) -> None:
    """JupyterLite leaves out settings without a word; a kernel would then ask another host, and keep no progress."""
    built = json.loads((output / "jupyter-lite.json").read_text(encoding="utf-8"))["jupyter-config-data"]
    kernel = built.get("litePluginSettings", {}).get(f"{KERNEL}:kernel", {})
    wanted = _page_config(self_hosted)["jupyter-config-data"]["litePluginSettings"][f"{KERNEL}:kernel"]
    for name, value in ({"pyodideUrl": "./static/pyodide/pyodide.js"} | wanted).items():
        if kernel.get(name) != value:
            raise CannotBuild(f"JupyterLite's setting {name} is {kernel.get(name)!r}, not {value!r}.")


def _lay_pyodide(pyodide: Path, wheels: list[Path], folder: Path, self_hosted: bool) -> None:
    """Pyodide's core, the added wheels, and a lock file that names every package's place."""
    folder.mkdir(parents=True)
    for name in CORE:
        if not (pyodide / name).is_file():
            raise CannotBuild(f"{pyodide} has no {name}. Install it with: npm ci")
        shutil.copy(pyodide / name, folder)
    lock = json.loads((pyodide / "pyodide-lock.json").read_text(encoding="utf-8"))
    packages = lock["packages"]
    for wheel in wheels:
        shutil.copy(wheel, folder)
        entry = _entry(wheel)
        packages[entry["name"]] = entry
    added = {wheel.name for wheel in wheels}
    needed = _with_dependencies(packages, STARTED)
    for name, entry in packages.items():
        if entry["file_name"] in added:
            continue
        if self_hosted and name in needed:
            _copy_checked(pyodide / entry["file_name"], entry["sha256"], folder)
        elif not self_hosted:
            entry["file_name"] = CDN.format(version=lock["info"]["version"]) + entry["file_name"]
    if self_hosted:
        lock["packages"] = {name: entry for name, entry in packages.items() if name in needed}
    _write(folder / "pyodide-lock.json", lock)


def _add_compiled(folder: Path) -> None:
    """Add a package with the compiled modules of the others, so that no kernel compiles them. Needs Node."""
    wheel = folder / f"{COMPILED.replace('-', '_')}-1.0-py3-none-any.whl"
    tools = ROOT / "tools"
    command = ["node", tools / "compile_modules.mjs", folder, tools / "compiled_wheel.py", wheel, *STARTED]
    (folder / "package.json").write_text("{}", encoding="utf-8")  # the project's own makes a module of each script below it
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True)
    (folder / "package.json").unlink()
    if done.returncode:
        raise CannotBuild(f"The modules could not be compiled in Pyodide:\n{done.stderr[-3000:]}")
    lock = json.loads((folder / "pyodide-lock.json").read_text(encoding="utf-8"))
    lock["packages"][COMPILED] = _entry(wheel)
    _write(folder / "pyodide-lock.json", lock)


def _copy_checked(file: Path, sha256: str, folder: Path) -> None:
    if not file.is_file() or hashlib.sha256(file.read_bytes()).hexdigest() != sha256:
        raise CannotBuild(
            f"{file} is missing, or not the file that Pyodide's lock names. A self-hosted site needs a whole distribution "
            "of Pyodide: unpack pyodide-VERSION.tar.bz2 of its releases, and name the folder with --pyodide."
        )
    shutil.copy(file, folder)


def _entry(wheel: Path) -> dict[str, Any]:
    """What the lock file says of an added wheel."""
    with zipfile.ZipFile(wheel) as archive:
        metadata = next(name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        version = message_from_string(archive.read(metadata).decode())["Version"]
    name = wheel.name.split("-")[0].lower().replace("_", "-")
    imports, depends = ADDED.get(name, ([], ["left-context"]))  # what is compiled comes after what it was compiled from
    return {
        "name": name,
        "version": version,
        "file_name": wheel.name,
        "sha256": hashlib.sha256(wheel.read_bytes()).hexdigest(),
        "install_dir": "site",
        "package_type": "package",
        "imports": imports,
        "depends": depends,
        "unvendored_tests": False,
    }


def _with_dependencies(packages: dict[str, Any], names: tuple[str, ...]) -> set[str]:
    """The packages of these names, and all that they need."""
    found: set[str] = set()
    waiting = list(names)
    while waiting:
        name = waiting.pop().lower().replace("_", "-")
        key = next((known for known in packages if known.lower().replace("_", "-") == name), None)
        if key is None:
            raise CannotBuild(f"Pyodide's lock file has no package {name!r}.")
        if key not in found:
            found.add(key)
            waiting += packages[key]["depends"]
    return found


def _settings() -> dict[str, Any]:
    """The settings of `leftcontext lab`, and dark where the visitor's other pages are: the book follows the system too."""
    settings: dict[str, Any] = json.loads(SETTINGS.read_text(encoding="utf-8"))
    return settings | {"@jupyterlab/apputils-extension:themes": {"adaptive-theme": True}}


def _page_config(self_hosted: bool) -> dict[str, Any]:
    packages = [*STARTED, COMPILED] if self_hosted else list(STARTED)
    kernel = {"disablePyPIFallback": self_hosted, "loadPyodideOptions": {"env": ENVIRONMENT, "packages": packages}}
    data = {
        "appName": "Left Context",
        "exposeAppInBrowser": True,  # through which the map on the first page reads what is solved
        "litePluginSettings": {f"{KERNEL}:kernel": kernel},
    }
    return {"jupyter-lite-schema-version": 0, "jupyter-config-data": data}


def _widgets_extension(wheels: list[Path], folder: Path) -> Path:
    """JupyterLab's extensions out of the wheel WIDGETS, unpacked."""
    wheel = next(wheel for wheel in wheels if wheel.name.startswith(_file_name(WIDGETS)))
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "widgets")
    (found,) = (folder / "widgets").glob("*.data/data/share/jupyter/labextensions")
    return found


def _file_name(pin: str) -> str:
    name, _, version = pin.partition("==")
    return f"{name.replace('-', '_')}-{version}-"


def _build_config(tools: Path, widgets: Path, workspace: Path, output: Path) -> dict[str, Any]:
    extensions = tools / "share/jupyter/labextensions"
    found = [extensions / KERNEL, extensions / "anywidget", widgets / "@jupyter-widgets/jupyterlab-manager"]
    build = {
        "apps": ["lab"],
        "contents": [str(workspace.resolve())],
        "federated_extensions": [str(folder.resolve()) for folder in found],
        "ignore_sys_prefix": True,  # else every extension of the environment would come along
        "no_sourcemaps": True,
        "output_dir": str(output.resolve()),
    }
    return {"LiteBuildConfig": build}


def _write(path: Path, content: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
