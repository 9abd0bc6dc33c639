"""Shows a verdict. In: a `Verdict` or a graded notebook. Out: text and HTML without script, for a cell or as a page."""
