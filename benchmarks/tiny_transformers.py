"""Tiny random models of the causal architectures of an installed transformers: default configurations, made small."""

from __future__ import annotations

import re
from typing import Any

import torch
import transformers
from transformers import CONFIG_MAPPING, PretrainedConfig
from transformers.models.auto.modeling_auto import MODEL_FOR_CAUSAL_LM_MAPPING_NAMES

VOCAB, TOKENS = 112, 96  # ids in the model; those that are given: the last ones are for images, padding and the like
POSITIONS = 256
WIDTH, HEADS, LAYERS = 32, 4, 2

# The first pattern that a name matches says how large a number of this name is at most.
AT_MOST: tuple[tuple[str, int], ...] = (
    (r"vocab_size|num_embeddings$|n_vocab|vocab_size_per_layer_input", VOCAB),
    (r"max_position|n_positions|max_seq|n_ctx|max_target|max_source|max_length|^original_max", POSITIONS),
    (r"experts_per_tok|top_?k$|num_selected|moe_k|experts_top|n_activated", 2),
    (r"n_groups?$|num_expert_group|topk_group", 1),
    (r"n?_?shared_experts", 1),
    (r"num_(local_|routed_|zero_)?experts|n_routed|moe_num_experts|n_experts|experts$", 4),
    (r"(key_value|kv)_heads|n_kv|kv_n_heads|num_kv", 2),
    (r"head_dim|rotary_dim|qk_nope|qk_rope|head_size|d_kv|kv_channels|headdim", 8),
    (r"(lora|q|kv)_rank|rank$", 16),
    (r"heads$|n_head$|heads_", HEADS),
    (r"(^|_)(layers|layer|n_layers?|depth)$|num_.*_?layers$|num_blocks$|block_num", LAYERS),
    (r"intermediate|ffn|inner|mlp_hidden|feed_?forward|(^|_)ff(n)?_|expert_.*size|mlp_dim|d_ff", 64),
    (r"window|chunk_size|block_size|attention_chunk", 16),
    (r"hidden_size|d_model|embed|n_embd|dim$|width|^hidden_dim|_size$|lru_width|dim_", WIDTH),
)
KEPT = re.compile(
    r"conv|kernel|patch|image_size|group_size|ngram|time_step|^dt_|num_buckets|scale|dropout|stride|num_mel|type_vocab"
)
_ROPE = {"rope_type": "default", "rope_theta": 10000.0}
# By model type: what the default leaves open or what must fit together.
EXCEPTIONS: dict[str, dict[str, Any]] = {
    "cohere_compass_text": {"rope_parameters": {"full_attention": _ROPE, "sliding_attention": _ROPE}},
    "deepseek_v2": {"num_experts_per_tok": 2, "topk_method": "greedy"},
    "dots1": {"n_routed_experts": 4, "n_shared_experts": 1, "num_experts_per_tok": 2},
    "gpt_neo": {"attention_types": [[["global", "local"], 1]]},
    "bamba": {"attn_layer_indices": [1]},
    "granitemoehybrid": {"layer_types": ["mamba", "attention"]},
    "jamba": {"attn_layer_period": 2, "attn_layer_offset": 1, "expert_layer_period": 2, "expert_layer_offset": 1},
    "lfm2_moe": {"layer_types": ["conv", "full_attention"]},
    "longcat_flash": {"qk_head_dim": 16},
    "ministral": {"head_dim": 8},
    "mistral4": {"head_dim": 16},
    "nemotron": {"head_dim": 8, "num_key_value_heads": 2},
    "musicgen_decoder": {"num_codebooks": 1},
    "musicgen_melody_decoder": {"num_codebooks": 1},
    "qwen4_exp_text": {
        "indexer_n_heads": 2,
        "indexer_kv_heads": 1,
        "indexer_head_dim": 8,
        "indexer_budget": 16,
        "indexer_compress_ratio": 4,
    },
    "reformer": {
        "axial_pos_embds": False,
        "attn_layers": ["local", "lsh"],
        "num_hidden_layers": 2,
        "local_attn_chunk_length": 8,  # so that a text is more than one chunk
        "lsh_attn_chunk_length": 8,
    },
    "xlstm": {"hidden_size": 128, "embedding_dim": 128},
    "xmod": {"default_language": "en_XX"},
    "mamba2": {"num_heads": 8, "head_dim": 8},
    "hunyuan_v1_dense": {"head_dim": 8},
    "hunyuan_v1_moe": {"head_dim": 8},
    "gemma3n_text": {
        "num_hidden_layers": 4,
        "layer_types": ["sliding_attention", "full_attention"] * 2,
        "num_kv_shared_layers": 2,
        "intermediate_size": [64] * 4,
        "activation_sparsity_pattern": [0.0] * 4,
    },
}
OWN_IDS = re.compile(r"_(token_id|token_index|index|id)$")


def architectures() -> dict[str, str]:
    """Class name → model type, of every class of the causal mapping and every other `*ForCausalLM`."""
    found: dict[str, str] = {}
    for model_type, name in MODEL_FOR_CAUSAL_LM_MAPPING_NAMES.items():
        found.setdefault(name, model_type)
    for name in dir(transformers):
        if name.endswith("ForCausalLM") and not name.startswith("AutoModel") and name not in found:
            found[name] = ""
    return dict(sorted(found.items(), key=lambda pair: pair[0].lower()))


def config_class_of(name: str, model_type: str) -> type[PretrainedConfig]:
    """The configuration of an architecture."""
    own = getattr(getattr(transformers, name), "config_class", None)
    return CONFIG_MAPPING[model_type] if model_type and (own is None or own is PretrainedConfig) else own


def small(default: PretrainedConfig) -> dict[str, Any]:
    """What to hand to a configuration so that it is like the default, but small; sub-configurations too."""
    layers, out = _layers_of(default), {}
    fields = getattr(type(default), "__dataclass_fields__", vars(default))  # not what is computed from them
    for name, value in vars(default).items():
        if name not in fields or name.startswith("_") or name in ("transformers_version", "architectures", "dtype"):
            continue
        if isinstance(value, PretrainedConfig):
            out[name] = type(value)(**small(value))
        elif (fitting := _fitting(name, value, layers)) is not None:
            out[name] = fitting
    all_heads = getattr(default, "num_attention_heads", HEADS)
    if "num_attention_heads" in out and getattr(default, "num_key_value_heads", None) == all_heads:
        out["num_key_value_heads"] = out["num_attention_heads"]  # none are shared
    return out


def _layers_of(config: PretrainedConfig) -> list[int]:
    """Which layers to keep: the first of every sort, at least two."""
    kinds = getattr(config, "layer_types", None) or getattr(config, "layers_block_type", None)
    if not isinstance(kinds, list):
        return list(range(LAYERS))
    first = [kinds.index(kind) for kind in dict.fromkeys(kinds)]
    return sorted({*first, *(range(LAYERS) if len(first) < LAYERS else ())})[: max(LAYERS, len(first))]


def _fitting(name: str, value: Any, layers: list[int]) -> Any:
    if OWN_IDS.search(name) and isinstance(value, int) and not isinstance(value, bool):
        return {"pad_token_id": VOCAB - 1, "bos_token_id": VOCAB - 2, "eos_token_id": VOCAB - 3}.get(
            name, value if 0 <= value < TOKENS and "pad" in name else VOCAB - 4
        )
    if OWN_IDS.search(name) and isinstance(value, list):
        return [VOCAB - 3]
    if (
        isinstance(value, list)
        and len(value) > max(layers)
        and name.endswith(("types", "type", "layers", "pattern", "sizes"))
    ):
        return [value[k] for k in layers]
    if not isinstance(value, int) or isinstance(value, bool) or KEPT.search(name):
        return None
    for pattern, most in AT_MOST:
        if re.search(pattern, name):
            return min(value, len(layers) if most is LAYERS and "layer" in name and "kv" not in name else most)
    return None


def configuration(name: str, model_type: str = "", **switches: Any) -> PretrainedConfig:
    """The default configuration of an architecture, made small; a decoder where it may be either."""
    config_class = config_class_of(name, model_type)
    default = config_class()
    options = small(default) | EXCEPTIONS.get(default.model_type, {})
    if hasattr(default, "is_decoder"):
        options["is_decoder"] = True
    return config_class(**(options | switches))


def build(name: str, model_type: str = "", attention: str | None = None, **switches: Any) -> torch.nn.Module:
    """A tiny random model of an architecture, in eval mode, with this implementation of attention or the default one."""
    kind = getattr(transformers, name)
    config = configuration(name, model_type, **switches)
    torch.manual_seed(0)
    return kind._from_config(config, **({"attn_implementation": attention} if attention else {})).eval()


def warm_up() -> None:
    """Import what most architectures share."""
    for name, model_type in (("LlamaForCausalLM", "llama"), ("BertLMHeadModel", "bert"), ("MambaForCausalLM", "mamba")):
        build(name, model_type)
