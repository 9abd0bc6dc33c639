"""The site's own tools: the first page, a lesson as a page, and a lock file that says where Pyodide's packages are."""

import hashlib
import json
import sys
import zipfile
from pathlib import Path

import pytest
from support.clone import ROOT

sys.path.insert(0, str(ROOT / "tools"))
import make_site
import site_lite
import site_pages

UNIT = "05-causal-mask/05-causal-mask.ipynb"


def test_the_first_page_is_a_demonstration_with_relative_links() -> None:
    page = make_site.landing_page()
    assert '"recorded"' in page and make_site.ENGLISH in page
    assert page.count('<script type="application/json">') == 2  # a training, and models of real English
    for link, _, _ in make_site.MORE:
        assert f'href="{link}"' in page
        assert not link.startswith(("/", "http"))


def test_a_lesson_shows_outputs_and_working_widgets_but_no_answer() -> None:
    page = site_pages.page_of(ROOT / "notebooks" / UNIT, ROOT / "solutions" / UNIT, "<p>links</p>")
    outputs = [output for cell in page.cells for output in cell.get("outputs", [])]
    shown = "".join("".join(output.get("data", {}).get("text/html", "")) for output in outputs)
    assert shown.count('<script type="application/json">') == 2  # an attention map, and a mask to paint
    assert any(output.output_type == "stream" and "these" in output.text for output in outputs)
    assert "BEGIN SOLUTION" not in "".join(cell.source for cell in page.cells)
    answers = [cell for cell in page.cells if cell.cell_type == "code" and "nbgrader" in cell.metadata]
    assert answers
    assert not any(cell.outputs for cell in answers)
    assert not any("start.ipynb" in cell.source or "leftcontext.predict(" in cell.source for cell in page.cells)


def test_links_elsewhere_need_the_address_of_a_repository() -> None:
    assert "http" not in site_pages.Addresses().links(UNIT)
    links = site_pages.Addresses("somebody/course").links(UNIT)
    for place in ("colab.research.google.com", "mybinder.org", "codespaces.new"):
        assert place in links
    assert links.count("somebody/course") == 3


@pytest.fixture
def wheels(tmp_path: Path) -> list[Path]:
    """An empty wheel of each added package."""
    made = []
    for name in site_lite.ADDED:
        wheel = tmp_path / f"{name.replace('-', '_')}-1.0-py3-none-any.whl"
        with zipfile.ZipFile(wheel, "w") as archive:
            archive.writestr(f"{name.replace('-', '_')}-1.0.dist-info/METADATA", f"Name: {name}\nVersion: 1.0\n")
        made.append(wheel)
    return made


@pytest.fixture
def pyodide(tmp_path: Path) -> Path:
    """A distribution of Pyodide with one file for each package that a kernel starts with."""
    folder = tmp_path / "pyodide"
    folder.mkdir()
    for name in site_lite.CORE:
        (folder / name).touch()
    names = {"numpy", "matplotlib", "threadpoolctl", "traitlets", *site_lite.STARTED, "unneeded"} - site_lite.ADDED.keys()
    packages = {}
    for name in sorted(names):
        (folder / f"{name}-1.whl").write_text(name)
        digest = hashlib.sha256(name.encode()).hexdigest()
        packages[name] = {"name": name, "file_name": f"{name}-1.whl", "sha256": digest, "depends": [], "imports": [name]}
    (folder / "pyodide-lock.json").write_text(json.dumps({"info": {"version": "0.0"}, "packages": packages}))
    return folder


@pytest.mark.parametrize("self_hosted", [True, False])
def test_the_lock_file_says_where_packages_are(wheels: list[Path], pyodide: Path, tmp_path: Path, self_hosted: bool) -> None:
    folder = tmp_path / "laid"
    site_lite._lay_pyodide(pyodide, wheels, folder, self_hosted)
    packages = json.loads((folder / "pyodide-lock.json").read_text())["packages"]
    assert packages["left-context"]["imports"] == ["leftcontext", "autograder"]
    local = {name: (folder / entry["file_name"]).is_file() for name, entry in packages.items()}
    if self_hosted:
        assert all(local.values())
        assert "unneeded" not in packages
    else:
        assert {name for name, here in local.items() if here} == site_lite.ADDED.keys()
        assert packages["numpy"]["file_name"] == "https://cdn.jsdelivr.net/pyodide/v0.0/full/numpy-1.whl"


def test_only_a_self_hosted_site_loads_compiled_modules() -> None:
    for self_hosted in (True, False):
        data = site_lite._page_config(self_hosted)["jupyter-config-data"]
        packages = data["litePluginSettings"][f"{site_lite.KERNEL}:kernel"]["loadPyodideOptions"]["packages"]
        assert (site_lite.COMPILED in packages) == self_hosted


def test_a_self_hosted_site_takes_no_other_bytes_than_pyodides(wheels: list[Path], pyodide: Path, tmp_path: Path) -> None:
    (pyodide / "numpy-1.whl").write_text("something else")
    with pytest.raises(site_lite.CannotBuild, match=r"numpy-1\.whl"):
        site_lite._lay_pyodide(pyodide, wheels, tmp_path / "laid", self_hosted=True)


def test_a_notebook_of_the_lab_asks_for_no_installation_and_the_first_page_is_trusted(tmp_path: Path) -> None:
    make_site.lay_workspace(tmp_path)
    first = json.loads((tmp_path / "start.ipynb").read_text(encoding="utf-8"))
    assert all(cell["metadata"].get("trusted") for cell in first["cells"] if cell.get("outputs"))
    (widget,) = (cell for cell in first["cells"] if cell["id"] == "widget")
    assert widget["outputs"][0]["data"].keys() == {"text/html", "text/plain"}  # no view that waits for a kernel
    assert "widgets" not in first["metadata"]
    unit = json.loads((tmp_path / UNIT).read_text(encoding="utf-8"))
    assert "install-guard" not in [cell["id"] for cell in unit["cells"]]
