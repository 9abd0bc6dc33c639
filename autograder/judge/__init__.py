"""One answer becomes a verdict. In: an exercise and a function or a choice. Out: a `Verdict`. Needs NumPy alone."""
