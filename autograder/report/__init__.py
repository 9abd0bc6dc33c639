"""One page for the instructor: how a class did on an assignment, what it misunderstood, and what deserves a look."""
