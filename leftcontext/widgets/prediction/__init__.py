"""`predict(...)`: what a learner expects, kept and shown beside what comes out."""

from leftcontext.widgets.prediction.widget import Prediction, predict

__all__ = ["Prediction", "predict"]
