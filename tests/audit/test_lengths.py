"""Some models take one length alone, or whole blocks, or no short texts: they are audited at the lengths that they take."""

import numpy as np
import pytest
from support.audited_numpy_models import E, H, V

from leftcontext.audit import AuditError, audit

LENGTHS = {
    "whole blocks of 16": (lambda T: T % 16 == 0, None, 160),
    "at least 4": (lambda T: T >= 4, None, 160),
    "64 alone": (lambda T: T == 64, 64, 64),
    "128 alone": (lambda T: T == 128, None, 128),
    "at most 30": (lambda T: T <= 30, None, 20),
}


def model(takes, ahead):
    def call(tokens):
        if not takes(tokens.shape[1]):
            raise ValueError(f"length {tokens.shape[1]}")
        x = E[tokens]
        return (np.cumsum(x, axis=1) + ahead * np.roll(x, -1, axis=1)) @ H

    return call


@pytest.mark.parametrize("name", LENGTHS)
def test_an_honest_model_is_audited_at_the_lengths_that_it_takes(name):
    takes, T, longest = LENGTHS[name]
    report = audit(model(takes, 0), vocab=V, T=T)
    assert report.causal
    assert report.length == longest
    assert "does not take" in "\n".join(report.not_tried)


@pytest.mark.parametrize("name", LENGTHS)
def test_a_leak_is_found_at_the_lengths_that_it_takes(name):
    takes, T, _ = LENGTHS[name]
    report = audit(model(takes, 1), vocab=V, T=T)
    assert "one ahead" in report.looks_like
    assert report.first_leak == (0, 1)
    assert takes(len(report.example.before))


def test_nothing_is_cut_off_where_there_is_one_length():
    tried = audit(model(lambda T: T == 64, 0), vocab=V, T=64)
    assert "later inputs changed, at 64" in tried.tried
    assert any("one length alone" in line for line in tried.not_tried)


def test_a_length_that_was_asked_for_must_be_taken():
    with pytest.raises(AuditError, match="can't be called with 80 tokens: ValueError: length 80"):
        audit(model(lambda T: T == 64, 0), vocab=V, T=80)
