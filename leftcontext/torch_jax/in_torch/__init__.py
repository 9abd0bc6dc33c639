"""The functions of the course in PyTorch, a module for each topic; names and arguments are those of the exercises."""
