"""A verdict becomes words and pages. In: a `Verdict` or a graded notebook. Out: text, HTML without script."""
