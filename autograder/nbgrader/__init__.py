"""nbgrader's own data. In: its course directory and gradebook. Out: releases, submissions, scores, comments."""
