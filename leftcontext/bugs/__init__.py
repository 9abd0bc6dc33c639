"""Attentions and models that leak, and what gives them away: single bugs, whole models, the clinic, a gallery of real masks."""
