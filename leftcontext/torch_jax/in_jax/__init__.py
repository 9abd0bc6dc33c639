"""The course's functions in JAX, a module for each topic. In and Out: as in the exercises, whose names they have."""
