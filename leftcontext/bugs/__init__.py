"""Attentions and models that leak. In: a bug or a seed. Out: a broken attention or model, and what shows that it leaks."""
