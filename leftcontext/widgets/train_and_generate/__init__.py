"""`TrainAndGenerate`. In: a mask. Out: the loss, sample text and attention of a model trained under it."""

from leftcontext.widgets.train_and_generate.widget import RECORDED, RECORDED_FILE, TrainAndGenerate

__all__ = ["RECORDED", "RECORDED_FILE", "TrainAndGenerate"]
