"""A widget of the course: `widget.py` holds its state and checks it, `view.js` draws it."""

from leftcontext.widgets.leak_detector.widget import LeakDetector

__all__ = ["LeakDetector"]
