"""The course as a site, built once for the tests that look at it, and served as plain files by Python's own server.

Its tools are in `.venv-site`, which `make setup-site` makes. Where they or Pyodide can't be had, tests are skipped with the
reason, but where CI is set they fail. LEFTCONTEXT_SITE names a site that is built already, to try a test on it.
"""

import contextlib
import functools
import http.server
import os
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

from support.clone import ROOT
from support.pyodide import distribution, unavailable

TOOLS = ROOT / ".venv-site"


def build(site: Path) -> Path:
    """The folder of the site, which is built in the folder `site` with all that it needs in it."""
    if built := os.environ.get("LEFTCONTEXT_SITE"):
        return Path(built)
    if not (TOOLS / "ready").is_file():
        unavailable("The tools of the site are not installed. Run: make setup-site")
    (site.parent / "package.json").write_text('{"type": "module"}', encoding="utf-8")  # as in the project's folder
    options = ["--to", site, "--self-hosted", "--pyodide", distribution()]
    command = [str(part) for part in (TOOLS / "bin/python", ROOT / "tools/make_site.py", *options)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=880, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return site


class _Silent(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """A test's output has no use for every request."""


@contextlib.contextmanager
def served(folder: Path) -> Iterator[str]:
    """The address at which a folder is served until the block ends."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(_Silent, directory=str(folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
