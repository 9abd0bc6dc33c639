"""Reports on a class. In: the grader's journal and the gradebook. Out: one HTML page for the instructor."""
