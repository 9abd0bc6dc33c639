"""Interactive widgets. In: arrays, functions, settings. Out: views in the browser, and what the reader did in them."""

from leftcontext.widgets.attention_map import AttentionMap
from leftcontext.widgets.block_tiles import BlockTiles
from leftcontext.widgets.cached_generation import CachedGeneration
from leftcontext.widgets.gradient_pattern import GradientPattern
from leftcontext.widgets.heads import Heads
from leftcontext.widgets.leak_detector import LeakDetector
from leftcontext.widgets.left_context import LeftContext
from leftcontext.widgets.mask_painter import MaskPainter
from leftcontext.widgets.mask_zoo import MaskZoo
from leftcontext.widgets.sampling import Sampling
from leftcontext.widgets.single_token import SingleToken
from leftcontext.widgets.softmax import Softmax
from leftcontext.widgets.story_writer import StoryWriter
from leftcontext.widgets.train_and_generate import TrainAndGenerate

__all__ = [
    "AttentionMap",
    "BlockTiles",
    "CachedGeneration",
    "GradientPattern",
    "Heads",
    "LeakDetector",
    "LeftContext",
    "MaskPainter",
    "MaskZoo",
    "Sampling",
    "SingleToken",
    "Softmax",
    "StoryWriter",
    "TrainAndGenerate",
]
