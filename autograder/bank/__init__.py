"""Finds exercises and proves them. In: `source/`. Out: exercises by id, and the proof that each tells right from wrong."""
