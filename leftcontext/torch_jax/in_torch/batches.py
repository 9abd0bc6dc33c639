"""Masks and positions of a padded batch in PyTorch."""

import torch
from torch.nn.attention.flex_attention import create_mask


def hf_to_allowed(attention_mask, T_q):
    T_k = attention_mask.shape[1]
    causal = torch.ones(T_q, T_k, dtype=torch.bool).tril(T_k - T_q)
    return causal & attention_mask[:, None, None, :].bool()


def sdpa_mask(attention_mask, T_q):
    T_k = attention_mask.shape[1]
    if attention_mask.all() and T_q in (1, T_k):
        return None, T_q > 1
    allowed = torch.ones(T_q, T_k, dtype=torch.bool).tril(T_k - T_q)
    allowed = allowed & attention_mask[:, None, None, :].bool()
    own = torch.eye(T_k, dtype=torch.bool)[T_k - T_q :]
    return allowed | (own & ~allowed.any(-1, keepdim=True)), False


def position_ids_from(attention_mask, T_q=None):
    position = attention_mask.long().cumsum(-1) - 1
    position = position.masked_fill(attention_mask == 0, 0)
    return position if T_q is None else position[:, -T_q:]


def dense_mask(mask_mod, B, H, T_q, T_k):
    return create_mask(mask_mod, B, H, T_q, T_k, device="cpu")


def self_attention_allowed(is_token, is_decoder):
    B, T = is_token.shape
    allowed = is_token[:, None, :].expand(B, T, T)
    return allowed.tril() if is_decoder else allowed
