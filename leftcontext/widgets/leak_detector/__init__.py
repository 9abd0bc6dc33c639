"""`LeakDetector`. In: an attention or a mask. Out: how far each output moves when one token is replaced."""

from leftcontext.widgets.leak_detector.widget import LeakDetector

__all__ = ["LeakDetector"]
