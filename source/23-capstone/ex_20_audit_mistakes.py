"""The mistakes of `audit`."""

import numpy as np

from .ex_20_audit import BELIEVES, SOME_POSITIONS, SUSPECTS, TOO_STRICT, TOO_WEAK, exercise

exercise.add_mistakes(
    (BELIEVES, lambda logits_fn, vocab, T: True),
    (SUSPECTS, lambda logits_fn, vocab, T: False),
)


def _auditor(tolerance=1e-9, positions=lambda T: range(1, T), rows=lambda logits, j: logits[:j], same=None, new=None):
    """An audit with one flaw."""
    same = same or (lambda a, b: np.abs(a - b).max() <= tolerance)
    new = new or (lambda token, vocab: (token + 1) % vocab)

    def audit_with_one_flaw(logits_fn, vocab, T):
        tokens = np.arange(T) % vocab
        before = np.array(logits_fn(tokens))
        for j in positions(T):
            changed = tokens.copy()
            changed[j] = new(tokens[j], vocab)
            if not same(rows(before, j), rows(np.array(logits_fn(changed)), j)):
                return False
        return True

    return audit_with_one_flaw


exercise.add_mistakes(
    (TOO_WEAK, _auditor(tolerance=1e-3)),
)


@exercise.mistake("Differences with signs were added up")
def differences_cancel(logits_fn, vocab, T):
    """One logit rises, another falls, and the sum is 0: add nothing up, or take absolute values first.

    - What is 1e-3 + (-1e-3)?
    - The largest absolute difference.
    - np.abs(a - b).max()
    """
    return _auditor(same=lambda a, b: abs((a - b).sum()) < 1e-9)(logits_fn, vocab, T)


@exercise.mistake("Only logits that rise are seen")
def rises_only(logits_fn, vocab, T):
    """A leak can lower a logit too, and then the largest difference without absolute values is 0.

    - What is max(0, -1)?
    - The largest absolute difference.
    - np.abs(a - b).max()
    """
    return _auditor(same=lambda a, b: (b - a).max() < 1e-9)(logits_fn, vocab, T)


exercise.add_mistakes(
    (SOME_POSITIONS, _auditor(positions=lambda T: range(1, T, 2))),
    (SOME_POSITIONS, _auditor(positions=lambda T: sorted({1, T - 1} & set(range(1, T))))),
)


@exercise.mistake("Some tokens were changed to themselves")
def changed_to_itself(logits_fn, vocab, T):
    """A token that already has the new value stays as it was, and nothing can move.

    - What if the token is 0 already?
    - The new token has to differ from the old one.
    - (tokens[j] + 1) % vocab
    """
    return _auditor(new=lambda token, vocab: 0)(logits_fn, vocab, T)


exercise.add_mistakes(
    (TOO_STRICT, _auditor(tolerance=0.0)),
)


@exercise.mistake("Only the last token is changed")
def one_position_only(logits_fn, vocab, T):
    """A leak elsewhere is not seen.

    - Which leaks show when only the last token changes?
    - Change every position in turn.
    - for j in range(1, T)
    """
    return _auditor(positions=lambda T: [T - 1] if T > 1 else [])(logits_fn, vocab, T)


@exercise.mistake("Only row 0 is looked at")
def first_row_only(logits_fn, vocab, T):
    """A model can be honest at row 0 and leak in all others.

    - Which rows come before position j?
    - All rows 0 to j - 1.
    - logits[:j]
    """
    return _auditor(rows=lambda logits, j: logits[:1])(logits_fn, vocab, T)


@exercise.mistake("Only the row before is looked at")
def one_row_before_only(logits_fn, vocab, T):
    """Row j - 1 is compared, but an earlier row may see token j as well.

    - Can row 0 see the last token?
    - All rows 0 to j - 1.
    - logits[:j], not logits[j - 1]
    """
    return _auditor(rows=lambda logits, j: logits[j - 1 : j])(logits_fn, vocab, T)


@exercise.mistake("The token's own row is counted")
def own_row_counted(logits_fn, vocab, T):
    """Row j may depend on token j; that is no leak.

    - May the prediction at j use token j?
    - Rows 0 to j - 1 only.
    - logits[:j]
    """
    return _auditor(rows=lambda logits, j: logits[: j + 1])(logits_fn, vocab, T)


@exercise.mistake("Only one of the logits is looked at")
def one_logit_only(logits_fn, vocab, T):
    """A leak can sit in a single logit of a row: all of them have to be compared.

    - How many logits has a row?
    - The largest difference over all of them.
    - np.abs(a - b).max()
    """
    return _auditor(rows=lambda logits, j: logits[:j, :1])(logits_fn, vocab, T)


@exercise.mistake("Only the likeliest token is compared")
def argmax_compared(logits_fn, vocab, T):
    """A leak can move all logits without changing which one is the largest.

    - Does a leak of 1e-6 change the argmax?
    - Compare the logits themselves.
    - np.abs(a - b).max()
    """
    tokens = np.arange(T) % vocab
    best = np.argmax(logits_fn(tokens), axis=-1)
    for j in range(1, T):
        changed = tokens.copy()
        changed[j] = (changed[j] + 1) % vocab
        if (np.argmax(logits_fn(changed), axis=-1)[:j] != best[:j]).any():
            return False
    return True


@exercise.mistake("The verdict is upside down")
def verdict_inverted(logits_fn, vocab, T):
    """True means that the model is causal: no earlier row moved.

    - What does True say about the model?
    - False as soon as an earlier row moves.
    - return not leaks
    """
    return not _auditor()(logits_fn, vocab, T)


@exercise.mistake("The text was cut, not changed")
def cut_not_changed(logits_fn, vocab, T):
    """The model was called with fewer tokens. Honest models may depend on the length T; here T stays the same.

    - Must logits_fn(tokens[:3]) equal logits_fn(tokens)[:3]?
    - Keep all T tokens, and change the later ones.
    - changed = tokens.copy(); changed[j] = (changed[j] + 1) % vocab
    """
    tokens = np.arange(T) % vocab
    whole = np.array(logits_fn(tokens))
    return all(np.abs(np.array(logits_fn(tokens[: i + 1]))[-1] - whole[i]).max() < 1e-9 for i in range(T))


@exercise.mistake("A text of one token only")
def text_of_zeros(logits_fn, vocab, T):
    """All tokens of the text were the same, 0. What a row lets through may depend on its own token.

    - Does a row whose token is padding read anything at all?
    - Take a text of many different tokens.
    - tokens = np.arange(T) % vocab
    """
    before = np.array(logits_fn(np.zeros(T, dtype=int)))
    for j in range(1, T):
        for token in range(1, vocab):
            changed = np.array(logits_fn(np.where(np.arange(T) == j, token, 0)))
            if np.abs(changed - before)[:j].max() > 1e-9:
                return False
    return True


for _mistake in (cut_not_changed, text_of_zeros):
    exercise.add_mistakes(
        (_mistake, lambda f, vocab, T, mistake=_mistake: (f(np.zeros(T, int)), mistake(f, vocab, T))[1])
    )
