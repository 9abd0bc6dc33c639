"""Two notebooks become what is to be run. In: what was released and what was submitted. Out: steps, and the graded notebook."""
