"""The mistakes of `verify_draft`."""

import numpy as np

from .ex_70_verify_draft import exercise, verify_draft


def _verify(p, q, draft, rng, keep=None, instead=None, last=None):
    """The rule with one thing changed: keep(p, q, token, rng) accepts, instead(p, q) and last(p, q) are drawn from."""
    for k, token in enumerate(draft):
        accepted = rng.random() * q[k, token] < p[k, token] if keep is None else keep(p[k], q[k], token, rng)
        if not accepted:
            rest = np.maximum(p[k] - q[k], 0) if instead is None else instead(p[k], q[k])
            return np.append(draft[:k], _draw(rest, rng))
    return np.append(draft, _draw(p[-1] if last is None else last(p, q), rng))


def _draw(weights, rng):
    weights = np.ones(len(weights)) if weights.sum() <= 0 else weights
    return rng.choice(len(weights), p=weights / weights.sum())


# https://github.com/eth-sri/language-model-arithmetic/issues/14
@exercise.mistake("After a rejection, drawn from p")
def redrawn_from_p(p, q, draft, rng):
    """The token in place of a rejected one was drawn from p. What q likes had its chance already, so it comes too
    often.

    - What would the total chance of a token be that q and p both like?
    - min(p, q) is given by acceptance; what is missing is max(p - q, 0).
    - np.maximum(p[k] - q[k], 0), divided by its sum
    """
    return _verify(p, q, draft, rng, instead=lambda p, q: p)


@exercise.mistake("After a rejection, drawn from q")
def redrawn_from_q(p, q, draft, rng):
    """The token in place of a rejected one was drawn from q again, so the small model's favourites come too often.

    - Which tokens come too seldom after the acceptance?
    - Those that p likes more than q does.
    - np.maximum(p[k] - q[k], 0), divided by its sum
    """
    return _verify(p, q, draft, rng, instead=lambda p, q: q)


# https://github.com/huggingface/transformers/pull/28508
@exercise.mistake("A softmax of the rest")
def softmax_of_the_rest(p, q, draft, rng):
    """A softmax gives every token a chance; max(p - q, 0) is 0 for many, and they must not be drawn.

    - What is the softmax of zeros?
    - Divide by the sum.
    - rest / rest.sum()
    """
    return _verify(p, q, draft, rng, instead=lambda p, q: np.exp(np.maximum(p - q, 0)))


@exercise.mistake("Absolute differences")
def absolute_differences(p, q, draft, rng):
    """abs(p - q) also draws tokens that q gives more than p does; they come often enough without that.

    - Which tokens come too seldom after the acceptance?
    - Those with p > q alone.
    - np.maximum(p[k] - q[k], 0)
    """
    return _verify(p, q, draft, rng, instead=lambda p, q: abs(p - q))


@exercise.mistake("p and q are swapped in the rest")
def rest_swapped(p, q, draft, rng):
    """q - p holds what the draft model likes more; the missing tokens are those that p likes more.

    - Which tokens come too seldom after the acceptance?
    - Those with p > q.
    - np.maximum(p[k] - q[k], 0)
    """
    return _verify(p, q, draft, rng, instead=lambda p, q: np.maximum(q - p, 0))


# https://github.com/lablup/mlxcel/issues/902
@exercise.mistake("Accepted if it is the likeliest")
def accepted_if_likeliest(p, q, draft, rng):
    """A token was accepted if it is p's likeliest one. That is right for greedy decoding alone.

    - How often should a token come that p gives 0.3?
    - Accept it with min(1, p / q).
    - rng.random() < p[k, x] / q[k, x]
    """
    return _verify(p, q, draft, rng, keep=lambda p, q, token, rng: token == p.argmax())


# https://github.com/ml-explore/mlx-swift-lm/pull/459
@exercise.mistake("Accepted with probability p")
def accepted_with_p(p, q, draft, rng):
    """The chance of acceptance was p, as if a token drawn from p had to be the same one. It is p / q, for the token has
    come with the chance q.

    - How often should a token be accepted that p and q give the same?
    - Always: min(1, p / q) = 1.
    - Divide by q, and draw nothing from p before that.
    """
    return _verify(p, q, draft, rng, keep=lambda p, q, token, rng: token == rng.choice(len(p), p=p))


exercise.add_mistakes(
    (
        accepted_with_p,
        lambda p, q, draft, rng: _verify(p, q, draft, rng, keep=lambda p, q, token, rng: rng.random() < p[token]),
    ),
)


@exercise.mistake("q over p")
def ratio_upside_down(p, q, draft, rng):
    """Accepted with q / p: what the large model likes is refused, and what it forbids is taken.

    - Should a token that p likes more than q be accepted?
    - Always: min(1, p / q) = 1.
    - p[k, x] / q[k, x]
    """
    return _verify(p, q, draft, rng, keep=lambda p, q, token, rng: rng.random() * p[token] < q[token])


@exercise.mistake("A fixed threshold")
def fixed_threshold(p, q, draft, rng):
    """Accepted wherever p is at least q, and never elsewhere: no chance is involved.

    - How often should a token be accepted that p gives half of what q gives?
    - In half of the cases.
    - rng.random() < p[k, x] / q[k, x]
    """
    return _verify(p, q, draft, rng, keep=lambda p, q, token, rng: p[token] >= q[token])


@exercise.mistake("Everything is accepted")
def all_accepted(p, q, draft, rng):
    """The draft was returned as it is, so the text is the small model's.

    - What happens to a token that p forbids?
    - It is accepted with min(1, 0 / q) = 0.
    - Draw a number for each token.
    """
    return _verify(p, q, draft, rng, keep=lambda p, q, token, rng: True)


@exercise.mistake("The rest is kept after a rejection")
def goes_on_after_a_rejection(p, q, draft, rng):
    """A rejected token was replaced and the draft went on; but what follows was drafted after the rejected one.

    - Which text did the draft model see when it drew the next token?
    - One that does not exist any more.
    - Return at the first rejection.
    """
    out = [verify_draft(p[[k, k]], q[[k]], draft[[k]], rng)[0] for k in range(len(draft))]
    return np.array([*out, _draw(p[-1], rng)])


# https://github.com/vllm-project/vllm/pull/5765
@exercise.mistake("No token after a whole draft")
def no_bonus(p, q, draft, rng):
    """If all tokens were accepted, p has the probabilities of one more, and it was not drawn.

    - How many rows has p?
    - n + 1: the last one follows the whole draft.
    - Draw from p[n].
    """
    out = _verify(p, q, draft, rng)
    return out[:-1] if len(out) > max(1, len(draft)) else out


@exercise.mistake("The rejected token stays")
def rejected_token_stays(p, q, draft, rng):
    """The rejected token was returned as well, in front of the one that was drawn in its place.

    - How many tokens are returned, if the first one is rejected?
    - One.
    - draft[:k], without draft[k]
    """
    out = _verify(p, q, draft, rng)
    return out if len(out) > len(draft) else np.array([*draft[: len(out)], out[-1]])


@exercise.mistake("Nothing in place of the rejected token")
def nothing_instead(p, q, draft, rng):
    """After a rejection no token was drawn, so a round may bring none at all.

    - How many tokens does each round bring at least?
    - One.
    - Draw from max(p - q, 0), normalised.
    """
    out = _verify(p, q, draft, rng)
    return out if len(out) > len(draft) or len(out) < 2 else out[:-1]


exercise.add_mistakes(
    (
        nothing_instead,
        lambda p, q, draft, rng: (out := _verify(p, q, draft, rng))[: len(out) - (len(out) <= len(draft))],
    ),
)


@exercise.mistake("One random number for all tokens")
def one_number_for_all(p, q, draft, rng):
    """All tokens were compared with the same random number, so whether the second is accepted depends on the first.

    - If the first token was accepted with a chance of 1/2, what is known of the number that was drawn?
    - It is below 1/2, so it says less about the next token than a new number does.
    - Call rng.random() for each token.
    """
    drawn = rng.random()
    return _verify(p, q, draft, rng, keep=lambda p, q, token, rng: drawn * q[token] < p[token])


@exercise.mistake("The last token from another row")
def last_row_missed(p, q, draft, rng):
    """The token after the whole draft was drawn from p[n - 1]; p[n] follows the whole draft.

    - Which row of p belongs to the token after draft[n - 1]?
    - Row n, the last one.
    - p[-1] or p[len(draft)]
    """
    return _verify(p, q, draft, rng, last=lambda p, q: p[max(0, len(p) - 2)])


@exercise.mistake("Likeliest instead of drawn")
def likeliest_at_the_end(p, q, draft, rng):
    """The token after the draft is p's likeliest one; it has to be drawn from p.

    - How often should a token come that p[n] gives 0.2?
    - Draw it.
    - rng.choice(vocab, p=p[n])
    """
    return _verify(p, q, draft, rng, last=lambda p, q: np.eye(p.shape[1])[p[-1].argmax()])


@exercise.mistake("Chance from elsewhere")
def own_chance(p, q, draft, rng):
    """The same rng in the same state gave other tokens: some chance came from elsewhere.

    - Where does chance come from?
    - From rng alone.
    - rng.random() and rng.choice
    """
    return verify_draft(p, q, draft, np.random.default_rng())
