"""What judges: authoring, judge, feedback, the grader."""
