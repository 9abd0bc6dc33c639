"""Builds the course. In: `source/`. Out: `notebooks/` and `solutions/`."""
