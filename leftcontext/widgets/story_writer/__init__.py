"""`StoryWriter`. In: a prompt, and the masks of training and of writing. Out: English text, and what the heads look at."""

from leftcontext.widgets.story_writer.widget import StoryWriter

__all__ = ["StoryWriter"]
