"""The functions of the course in JAX, a module for each topic; names and arguments are those of the exercises."""
