"""What a kernel says of its language, written into a notebook before JupyterLab opens it.

JupyterLab writes it there as soon as the kernel has started. Where that changes something, it marks the notebook as one with
unsaved changes, and asks at closing whether to save them, though the learner has changed nothing.
"""

from __future__ import annotations

import json
import sys


def with_language_info(notebook: bytes) -> bytes:
    """A notebook for Python with the `language_info` of this Python's kernel, in the form in which Jupyter saves notebooks."""
    content = json.loads(notebook)
    content["metadata"]["language_info"] = {
        "codemirror_mode": {"name": "ipython", "version": sys.version_info.major},
        "file_extension": ".py",
        "mimetype": "text/x-python",
        "name": "python",
        "nbconvert_exporter": "python",
        "pygments_lexer": "ipython3",
        "version": sys.version.split()[0],
    }
    return (json.dumps(content, ensure_ascii=False, indent=1, sort_keys=True) + "\n").encode()
