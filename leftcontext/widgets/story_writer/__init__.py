"""A widget of the course: `widget.py` holds its state and checks it, `view.js` draws it."""

from leftcontext.widgets.story_writer.widget import StoryWriter

__all__ = ["StoryWriter"]
