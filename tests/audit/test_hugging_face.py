"""A Hugging Face model is its own step, generator, padded call and loss. These tests are skipped without transformers."""

import pytest

torch = pytest.importorskip("torch", reason="torch is not installed")
transformers = pytest.importorskip("transformers", reason="transformers is not installed")

from leftcontext.audit import audit  # noqa: E402

pytestmark = [pytest.mark.long, pytest.mark.usefixtures("one_torch_thread")]
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

    def forward(self, input_ids=None, cache=None, past_key_values=None, **options):
        given = {"cache": cache, "past_key_values": past_key_values}  # the newer name and the older one
        kept = {name: each for name, each in given.items() if each is not None and not 20 <= each.get_seq_length() < 24}
        return super().forward(input_ids, **kept, **options)


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


def prophet_net():
    torch.manual_seed(0)
    sizes = {"hidden_size": 16, "decoder_ffn_dim": 32, "num_decoder_layers": 2, "num_decoder_attention_heads": 2}
    config = transformers.ProphetNetConfig(vocab_size=40, max_position_embeddings=32, is_decoder=True, **sizes)
    return transformers.ProphetNetForCausalLM(config).eval()


def relative_scores_in_order(original):
    """What ProphetNet's attention should compute: (B, T, n, d), buckets (B, T, 2T) → (B, n, heads, T, 2T)."""

    def scores(self, hidden_states, attn_weights, position_ids, buckets):
        if buckets is None:  # a step with a cache: one position can't be out of order
            return original(self, hidden_states, attn_weights, position_ids, buckets)
        B, T, n, _ = hidden_states.shape
        found = self.relative_pos_embeddings(hidden_states)  # (B, T, n, buckets * heads)
        found = found.view(B, T, n, self.num_buckets, self.num_attn_heads).permute(0, 2, 4, 1, 3)  # (B, n, heads, T, buckets)
        return found.gather(-1, buckets.long()[:, None, None].expand(B, n, self.num_attn_heads, T, 2 * T))

    return scores


def test_prophet_net_leaks_by_the_order_of_its_relative_scores(monkeypatch):
    """In 5.17.0 and 5.24.0 they are ordered (T, n, heads) and read as (n, heads, T). In the right order nothing leaks.

    Where this fails because nothing leaks any more, transformers has mended it.
    """
    report = audit(prophet_net(), vocab=36, T=24)
    assert not report.causal
    assert "reshape without its transpose" in report.looks_like, report
    attention = transformers.models.prophetnet.modeling_prophetnet.ProphetNetNgramSelfAttention
    name = "get_predict_relative_pos_embeddings"
    monkeypatch.setattr(attention, name, relative_scores_in_order(getattr(attention, name)))
    assert audit(prophet_net(), vocab=36, T=24).causal


def reformer(chunk):
    torch.manual_seed(0)
    sizes = {"hidden_size": 16, "num_attention_heads": 2, "attention_head_size": 8, "feed_forward_size": 32, "num_buckets": None}
    chunks = {"lsh_attn_chunk_length": chunk, "local_attn_chunk_length": chunk, "max_position_embeddings": 64}
    options = {"attn_layers": ["local", "lsh"], "axial_pos_embds": False, "is_decoder": True, "vocab_size": 40}
    return transformers.ReformerModelWithLMHead(transformers.ReformerConfig(**sizes, **chunks, **options)).eval()


def test_reformer_leaks_by_its_chunks_and_its_train_mode_is_random():
    """Later tokens decide by their hashes which earlier ones share an output's chunk. In train mode it seeds itself."""
    report = audit(reformer(8), vocab=36, T=48)
    assert (report.causal, report.mode) == (False, "eval")
    one_chunk = audit(reformer(64), vocab=36, T=48)
    assert one_chunk.causal, one_chunk
    assert any(line.startswith("train mode: ReformerModelWithLMHead is random") for line in one_chunk.not_tried)
