"""The course's functions in PyTorch, a module for each topic. In and Out: as in the exercises, whose names they have."""
