"""Every kernel that `leftcontext lab` starts runs this file first: a name that a restart has taken away is then explained.

It must not fail, and leaves no name behind: the kernel may be of a Python that does not have the course.
"""

try:
    from autograder import cell_runs
except ImportError:
    pass
else:
    cell_runs.watch()
    del cell_runs
