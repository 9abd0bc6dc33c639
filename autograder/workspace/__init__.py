"""A learner's own folder. In: the released notebooks. Out: a workspace in which nothing a learner wrote is overwritten."""
