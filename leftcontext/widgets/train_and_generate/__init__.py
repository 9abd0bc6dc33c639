"""A widget of the course: `widget.py` holds its state and checks it, `view.js` draws it."""

from leftcontext.widgets.train_and_generate.widget import RECORDED, RECORDED_FILE, TrainAndGenerate

__all__ = ["RECORDED", "RECORDED_FILE", "TrainAndGenerate"]
