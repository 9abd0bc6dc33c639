"""A class on a page. In: the grader's journal and the gradebook. Out: one HTML page for the instructor."""
