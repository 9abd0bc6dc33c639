"""What the widgets have in common. In: rules of masks, arrays. Out: checked state in Python; elements, grids in JavaScript."""
