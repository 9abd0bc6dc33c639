"""A test as one adds it to a project: the fixture comes with the package."""

from audited_model import VOCAB, build


def test_the_model_is_causal(assert_causal):
    """Fails with the audit's report if an output depends on a later token."""
    assert_causal(build(), vocab=VOCAB, T=64)
