"""What the widgets have in common: state, arrays and masks in Python; elements, numbers and grids in JavaScript."""
