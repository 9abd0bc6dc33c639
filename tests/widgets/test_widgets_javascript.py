"""What can be said of the widgets' JavaScript without Node: nobody forgot to build it, and what it leaves to Python."""

import hashlib
import json
import re
from pathlib import Path

import matplotlib
import numpy as np
import pytest
from support.clone import ROOT

from leftcontext import widgets
from leftcontext.plots import colours

WIDGETS = Path(widgets.__file__).parent
SOURCES = sorted(
    file for kind in ("js", "css") for file in WIDGETS.glob(f"*/*.{kind}") if file.parent.name != "bundles"
)
FORMS = {"prediction", "quiz"}  # shown by `predict` and `check`: no widgets to call by name
PALETTE = WIDGETS.parent / "plots/palette.css"  # what figures and widgets share
JAVASCRIPT = [file for file in SOURCES if file.suffix == ".js"]


def test_the_bundles_were_built_from_the_sources_as_they_are() -> None:
    lines = (WIDGETS / "bundles/sources.sha256").read_text(encoding="utf-8").splitlines()
    listed = {source: digest for digest, source in (line.split("  ") for line in lines)}
    files = {f"../plots/{PALETTE.name}": PALETTE} | {str(file.relative_to(WIDGETS)): file for file in SOURCES}
    now = {name: hashlib.sha256(file.read_bytes()).hexdigest() for name, file in files.items()}
    assert listed == now, "Run: npm run build"


def test_there_is_a_bundle_for_every_widget_and_none_besides() -> None:
    folders = {file.parent.name for file in WIDGETS.glob("*/widget.py")} | {"page"}
    wanted = {f"{name}.{kind}" for name in folders for kind in ("js", "css")} | {"sources.sha256"}
    assert len(folders - FORMS) == len(widgets.__all__) + 1
    assert {file.name for file in (WIDGETS / "bundles").iterdir()} == wanted


@pytest.mark.parametrize("file", SOURCES, ids=lambda file: f"{file.parent.name}/{file.name}")
def test_a_source_fits_the_page(file: Path) -> None:
    lines = file.read_text(encoding="utf-8").splitlines()
    assert len(lines) <= 400
    assert [line for line in lines if len(line) > 110] == []


@pytest.mark.parametrize("file", JAVASCRIPT, ids=lambda file: f"{file.parent.name}/{file.name}")
def test_a_script_is_type_checked_and_leaves_the_masks_to_python(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    assert text.startswith("// @ts-check\n") and "@ts-ignore" not in text and "@ts-expect-error" not in text
    assert "one_ahead" not in text and "one ahead" not in text, "mask_rules.py says what a mask is called and hides"


def test_node_packages_are_pinned_for_developers_only() -> None:
    package = json.loads((ROOT / "package.json").read_text(encoding="utf-8"))
    lock = json.loads((ROOT / "package-lock.json").read_text(encoding="utf-8"))
    assert "dependencies" not in package and len(package["devDependencies"]) <= 5
    assert all(re.fullmatch(r"[\d.]+", version) for version in package["devDependencies"].values())
    assert lock["packages"][""]["devDependencies"] == package["devDependencies"]
    entries = [entry for name, entry in lock["packages"].items() if name]
    assert all(entry["integrity"] and "resolved" not in entry for entry in entries)


@pytest.mark.parametrize(("constant", "name"), [("CIVIDIS", colours.SEQUENTIAL), ("PURPLE_ORANGE", colours.DIVERGING)])
def test_numbers_have_the_colours_that_they_have_in_figures(constant: str, name: str) -> None:
    source = (WIDGETS / "shared/colours.js").read_text(encoding="utf-8")
    listed = re.search(rf"const {constant} = \[(.*?)\n\];", source, re.DOTALL)
    assert listed is not None
    given = np.array([[int(part) for part in row.split(",")] for row in re.findall(r"\[(.*?)\]", listed[1])])
    right = matplotlib.colormaps[name](np.linspace(0, 1, len(given)))[:, :3] * 255
    np.testing.assert_allclose(given, right, atol=1)
