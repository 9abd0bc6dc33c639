"""axe-core, which looks a page over: it comes from npm into build/, once. Without npm tests are skipped, but fail in CI."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from playwright.sync_api import Page
from support.clone import ROOT
from support.pyodide import unavailable

AXE = "axe-core@4.14.1"


def script() -> Path:
    """The file with axe-core's script."""
    script = ROOT / "build" / f"{AXE}.min.js"
    if script.is_file():
        return script
    npm = shutil.which("npm")
    if npm is None:
        unavailable("There is no npm on PATH; axe-core comes from it.")
    with tempfile.TemporaryDirectory() as folder:
        command = [npm, "install", "--no-save", "--no-audit", "--no-fund", "--prefix", folder, AXE]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
        if done.returncode:
            unavailable(f"npm cannot install axe-core: {done.stderr[-500:]}")
        script.parent.mkdir(exist_ok=True)
        half = script.with_suffix(f".{os.getpid()}")  # another worker may do the same
        shutil.copy(Path(folder, "node_modules/axe-core/axe.min.js"), half)
    half.replace(script)
    return script


def serious(page: Page) -> list[str]:
    """What axe calls serious or critical: the rule and the element."""
    found = page.evaluate("axe.run(document).then((result) => result.violations)")
    return [
        f"{violation['id']}: {node['html'][:120]} {node['failureSummary'][:200]}"
        for violation in found
        if violation["impact"] in ("serious", "critical")
        for node in violation["nodes"]
    ]
