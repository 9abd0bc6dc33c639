"""Calls between two processes that do not trust each other. In: plain data and functions. Out: the same on the other side."""
