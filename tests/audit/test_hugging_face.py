"""A Hugging Face model is its own step, generator, padded call and loss. These tests are skipped without transformers."""

import pytest

torch = pytest.importorskip("torch", reason="torch is not installed")
transformers = pytest.importorskip("transformers", reason="transformers is not installed")

from leftcontext.audit import audit  # noqa: E402

pytestmark = pytest.mark.long
SIZES = {
    "vocab_size": 40,
    "hidden_size": 16,
    "intermediate_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "num_key_value_heads": 1,
    "max_position_embeddings": 128,
}


def tiny(**options):
    torch.manual_seed(0)
    return transformers.LlamaForCausalLM(transformers.LlamaConfig(**SIZES, **options)).eval()


def test_everything_of_an_honest_model_is_found():
    report = audit(tiny(), T=80)
    assert report.causal
    assert report.warnings == ()
    tried = "\n".join(report.tried)
    for probe in ("with a cache, in 8 divisions", "generate with a cache and generate without a cache", "padding", "labels"):
        assert probe in tried
    assert any(line.startswith("packed documents") for line in report.not_tried)


class Forgetful(transformers.LlamaForCausalLM):
    """Its cache is thrown away when it holds 20 tokens."""

    def forward(self, input_ids=None, past_key_values=None, **options):
        if past_key_values is not None and 20 <= past_key_values.get_seq_length() < 24:
            past_key_values = None
        return super().forward(input_ids, past_key_values=past_key_values, **options)


def test_a_cache_that_forgets_shows_in_what_is_generated():
    torch.manual_seed(0)
    report = audit(Forgetful(transformers.LlamaConfig(**SIZES)).eval(), T=80)
    assert report.causal
    assert any(warning.startswith("generate with a cache gives other logits") for warning in report.warnings)
    assert not any(warning.startswith("generate without a cache") for warning in report.warnings)



class Unpadded(transformers.LlamaForCausalLM):
    """It does not heed the attention mask, as some recurrent models don't."""

    def forward(self, input_ids=None, attention_mask=None, **options):
        return super().forward(input_ids, **options)


def test_padding_that_is_read_is_a_warning():
    torch.manual_seed(0)
    report = audit(Unpadded(transformers.LlamaConfig(**SIZES)).eval(), T=80)
    assert report.causal
    assert any("does not heed the attention mask" in warning for warning in report.warnings)
