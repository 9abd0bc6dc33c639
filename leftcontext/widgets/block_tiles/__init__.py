"""`BlockTiles`. In: Q, K, V, the size of a block, a mask. Out: attention tile by tile, and which tiles are left out."""

from leftcontext.widgets.block_tiles.widget import BlockTiles

__all__ = ["BlockTiles"]
