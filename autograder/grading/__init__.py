"""Runs submissions, counts points, writes them down. In: an assignment. Out: scores in the gradebook."""
