"""Results are compared as NumPy would compare them."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from autograder.exercise.results import Array

NUMBERS = st.one_of(
    st.floats(width=64),
    st.sampled_from([0.0, 1.0, -1.0, 1 + 9e-6, 1 + 2e-5, 1e-6, 2e-6, np.inf, -np.inf, np.nan, 1.7e308, -1.7e308]),
)


@given(arrays(np.float64, 8, elements=NUMBERS), arrays(np.float64, 8, elements=NUMBERS))
def test_floats_are_near_where_numpy_says_so(expected: np.ndarray, actual: np.ndarray) -> None:
    with np.errstate(all="ignore"):
        near = np.isclose(actual, expected, rtol=1e-5, atol=1e-6, equal_nan=True)
    difference = Array().compare(expected, actual)
    assert (difference is None) == near.all()
    if difference is not None:
        assert np.array_equal(difference.wrong, ~near)
