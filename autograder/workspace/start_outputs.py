"""What the cells of the first page show before a kernel has run them: a widget and a picture.

Drawing both takes some seconds, too long for each start of `leftcontext lab`. So they are drawn once, by `make gallery`,
and kept beside this file in start_outputs.json.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, TypedDict

from autograder.atomic_write import write_atomically

FILE = Path(__file__).with_name("start_outputs.json")


class StartOutputs(TypedDict):
    """Each output as Jupyter stores it, by MIME type, and the state of the widget for the notebook's metadata."""

    picture: dict[str, Any]
    widget: dict[str, Any]
    state: dict[str, Any]


def read_outputs() -> StartOutputs:
    """The outputs as they were drawn last."""
    outputs: StartOutputs = json.loads(FILE.read_text(encoding="utf-8"))
    return outputs


def draw_outputs() -> StartOutputs:
    """Draw the picture of a transformer, and the widget with its recorded trainings."""
    from ipywidgets import Widget

    from autograder.course.execute import WIDGET_VIEW
    from leftcontext.plots import show_transformer
    from leftcontext.widgets import TrainAndGenerate

    picture, widget = show_transformer(), TrainAndGenerate()
    shown = widget.picture()
    names = {str(widget.model_id): "training", str(widget.layout.model_id): "layout"}
    state = json.dumps(Widget.get_manager_state(widgets=[widget, widget.layout]))
    for id, name in names.items():  # the same page each time
        state = state.replace(id, name)
    widget.close()
    view = {"model_id": "training", "version_major": 2, "version_minor": 0}
    return {
        "picture": {"text/html": picture.html, "text/plain": picture.text},
        "widget": {WIDGET_VIEW: view, "text/html": shown.html, "text/plain": shown.text},
        "state": json.loads(state),
    }


def main() -> None:
    """Write start_outputs.json."""
    write_atomically(FILE, json.dumps(draw_outputs(), indent=1, sort_keys=True) + "\n")


if __name__ == "__main__":
    main()
