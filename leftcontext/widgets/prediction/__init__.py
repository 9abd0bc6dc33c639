"""`predict(...)`. In: a question. Out: a field for what a learner expects, which is kept and shown beside the result."""

from leftcontext.widgets.prediction.widget import Prediction, predict

__all__ = ["Prediction", "predict"]
