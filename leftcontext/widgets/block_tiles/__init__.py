"""A widget of the course: `widget.py` holds its state and checks it, `view.js` draws it."""

from leftcontext.widgets.block_tiles.widget import BlockTiles

__all__ = ["BlockTiles"]
