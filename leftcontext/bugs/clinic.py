"""A ward of broken attentions, drawn by seed: evidence first, names later.

Axis letters: T position, d width. Every patient has one bug, but L has two, one behind the other. In M the
bug sleeps until the model is trained: the untrained leak test finds nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from html import escape

import numpy as np
from numpy.typing import NDArray

from leftcontext.bugs import attention_bugs
from leftcontext.bugs.attention_bugs import Array, Attend
from leftcontext.bugs.buggy_models import STARTS_AT_ZERO, behind_a_mean, learned_under, model_around, untrained_model
from leftcontext.language.language import LITTLE_LANGUAGE
from leftcontext.model.evaluation import position_losses
from leftcontext.model.generation import generate_texts
from leftcontext.model.training import Schedule, train
from leftcontext.model.transformer import Transformer
from leftcontext.plots.charts import show_losses_beside, show_matrices, show_tokens
from leftcontext.plots.picture import Picture, side_by_side, stacked

T = 6  # of the attention alone; the whole models read 16 tokens
SAME = 1e-9  # less is rounding
VISIBLE = 0.03  # more shows in a number of two decimals
LETTERS = "ABCDEFGHIJKLM"

DIAGNOSES: dict[int, tuple[str, Attend]] = {
    1: ("no mask", attention_bugs.no_mask),
    2: ("one token ahead, in every row", attention_bugs.one_ahead),
    3: ("one token ahead, but not in row 0", attention_bugs.one_ahead_but_row_0),
    4: ("the mask is transposed", attention_bugs.mask_transposed),
    5: ("masked after the softmax", attention_bugs.masked_after_softmax),
    6: ("softmax over the queries", attention_bugs.softmax_over_queries),
    7: ("0 in place of -inf", attention_bugs.zero_fill),
    8: ("a mean over time is subtracted from the values", attention_bugs.values_centred_over_time),
    9: ("heads merged without a transpose", attention_bugs.heads_merged_without_transpose),
    10: ("a hole in the mask at one position", attention_bugs.only_at_one_position),
    11: ("forgets old tokens", attention_bugs.window_of_two),
    12: ("no mask, behind a projection that starts at 0", attention_bugs.no_mask_behind_zeros),
}
ASLEEP = 12  # what M has; it is not drawn
GRADED = 9  # the seed of the lesson's ward, which an exercise asks about
IN_FRONT = 8  # what L shows first
BEHIND = (10, 2, 3, 4, 11)  # one of these masks stands behind it
BUGS: dict[Attend, list[int]] = {attend: [number] for number, (_, attend) in DIAGNOSES.items()} | {
    behind_a_mean(DIAGNOSES[number][1]): sorted((number, IN_FRONT)) for number in BEHIND
}


@dataclass(frozen=True)
class Patient:
    """A broken attention, alone with the inputs Q, K (T, d) it is examined on, and inside a trained model.

    The model was trained with `attend` inside, or with `learned_with` where that is given: then `attend` came later.
    """

    name: str
    attend: Attend
    Q: Array
    K: Array
    seed: int = 0  # of the texts that it writes
    learned_with: Attend | None = None

    @property
    def weights(self) -> Array:
        """What it gives for V = identity (T, T): in a healthy attention, its weights."""
        return self.attend(self.Q, self.K, np.eye(T))

    @property
    def influence(self) -> NDArray[np.bool_]:
        """Entry (i, j) is True where changing row j of K and V changes output i (T, T)."""
        return attention_bugs.influence(self.attend, self.Q, self.K, np.eye(T)) > SAME

    @property
    def model(self) -> Transformer:
        """The whole model, of one layer: trained the first time that anybody asks, in half a second."""
        model = model_around(STARTS_AT_ZERO.get(self.attend, self.attend))
        model.theta[:] = learned_under(self.learned_with or self.attend, seed=0)
        return model

    @property
    def untrained(self) -> Transformer:
        """The same model as it is built, before any training; it may be trained and redrawn."""
        return untrained_model(self.attend)

    @property
    def losses(self) -> Array:
        """The model's loss at each of 16 positions, on 512 texts that it never saw (16,)."""
        return position_losses(self.model, LITTLE_LANGUAGE.rows(512, 16, np.random.default_rng(1)))

    @property
    def texts(self) -> NDArray[np.intp]:
        """32 texts that the model writes (32, 16)."""
        return generate_texts(self.model, 32, rng=self.seed)

    def operated(self, attend: Attend) -> Patient:
        """The same trained model, with another attention in it."""
        learned_with = self.learned_with or self.attend
        return replace(self, name=f"{self.name}, operated", attend=attend, learned_with=learned_with)

    def evidence(self) -> Picture:
        """Loss and sample of the whole model, influence and output of its attention; none of the four names the bug."""
        loss = show_losses_beside(
            self.losses, LITTLE_LANGUAGE.entropy_per_position(16), title="loss at each position",
            alt=f"Loss of {self.name} on held-out texts, beside the entropy of the language",
        )  # fmt: skip
        alone = show_matrices(
            {"influence": self.influence, "output for V = I": self.weights},
            alt=f"What each row of the output of {self.name} depends on; then what comes out when the values are the identity",
        )
        return stacked([side_by_side([loss, self._sample()]), alone], title=self.name)

    def _sample(self) -> Picture:
        texts = self.texts  # (B, T)
        words, legal = LITTLE_LANGUAGE.words(texts[0]), LITTLE_LANGUAGE.legal_tokens(texts)  # (B,)
        text = show_tokens(words, [k < legal[0] for k in range(len(words))], title="sample")
        note = f"Legal to the last word: {np.sum(legal == texts.shape[1])} of {len(texts)} texts."
        html = f'<div style="flex:1 1 16rem;max-width:24rem;align-self:center">{text.html}<p>{note}</p></div>'
        return Picture(html, f"{text.text}\n{note}")


class Ward(dict[str, Patient]):
    """Patients by their letters; of a `graded` ward, only an exercise tells who has what."""

    graded: bool = False

    @property
    def healthy(self) -> Patient:
        """A causal attention, on the inputs of A: to compare with."""
        return replace(self["A"], name="healthy", attend=attention_bugs.causal)

    def diagnose(self, found: Mapping[str, int | Iterable[int]]) -> Picture:
        """Letters → a number of `DIAGNOSES`, or several: whether each is right, and if not, what speaks against it.

        Raises ValueError for a letter or a number that does not exist.
        """
        answers = {letter: {n} if isinstance(n, int | np.integer) else set(n) for letter, n in found.items()}
        for letter, numbers in answers.items():
            if letter not in self:
                raise ValueError(f"There is no patient {letter!r}; there are {', '.join(self)}.")
            if unknown := numbers - set(DIAGNOSES):
                raise ValueError(f"There is no diagnosis {unknown.pop()!r}; they go from 1 to {max(DIAGNOSES)}.")
        if self.graded:
            return _lines(
                ["The exercise diagnose_clinic asks about this ward: answer there, and try your eye on another seed."]
            )
        lines = [_judge(letter, self[letter], numbers) for letter, numbers in sorted(answers.items())]
        right = sum(line.startswith("✓") for line in lines)
        lines.append(f"Right so far: {right} of {len(self)}.")
        return _lines(lines)


def _lines(lines: list[str]) -> Picture:
    return Picture("".join(f"<p>{escape(line)}</p>" for line in lines), "\n".join(lines))


def _judge(letter: str, patient: Patient, numbers: set[int]) -> str:
    bugs = set(BUGS[patient.attend])
    if numbers == bugs:
        return f"✓ {letter}: right."
    if len(bugs) == 2:
        said = ("none of them is named yet", "one of them is named", "more are named")[len(bugs & numbers)]
        return f"✗ {letter}: it has two bugs; {said}."
    if len(numbers) != 1:
        return f"✗ {letter}: this one has exactly one bug."
    (number,) = numbers
    expected = DIAGNOSES[number][1](patient.Q, patient.K, np.eye(T))  # (T, T)
    i, j = np.unravel_index(np.abs(expected - patient.weights).argmax(), expected.shape)
    return (
        f"✗ {letter}: not {number}. With that bug, {expected[i, j]:z.2f} would stand at query {i}, key {j} of the output "
        f"for V = I; here it is {patient.weights[i, j]:z.2f}."
    )


def ward(seed: int = GRADED) -> Ward:
    """Letters A to M → patients, in an order that follows from the seed; L has two bugs, and the bug of M sleeps."""
    rng, second = np.random.default_rng(seed), int(np.random.default_rng((seed, 1)).choice(BEHIND))
    awake = [number for number in DIAGNOSES if number != ASLEEP]
    bugs = [DIAGNOSES[number][1] for number in rng.permutation(awake).tolist()]
    bugs += [behind_a_mean(DIAGNOSES[second][1]), DIAGNOSES[ASLEEP][1]]
    drawn = Ward({letter: _admit(letter, attend, seed, rng) for letter, attend in zip(LETTERS, bugs, strict=True)})
    drawn.graded = seed == GRADED
    return drawn


def _admit(letter: str, attend: Attend, seed: int, rng: np.random.Generator) -> Patient:
    """A patient whose output for V = I no other bug would give: chance sometimes makes two look alike."""
    while True:
        patient = Patient(f"patient {letter}", attend, rng.normal(size=(T, 4)), rng.normal(size=(T, 4)), seed)
        others = (bug(patient.Q, patient.K, np.eye(T)) for bug in BUGS if bug is not attend)
        if all(np.abs(other - patient.weights).max() > VISIBLE for other in others):
            return patient


def _hole(allowed: NDArray[np.bool_]) -> NDArray[np.bool_]:
    allowed[7, 8] = True
    return allowed


def whole_models() -> dict[str, NDArray[np.bool_]]:
    """Letters X, Y, Z → the masks (16, 16) of three whole models with one bug each; in no order of their badness."""
    back = np.arange(16)[:, None] - np.arange(16)
    patched = back >= -1
    patched[0] = back[0] >= 0
    return {"X": _hole(back >= 0), "Y": (back >= 0) & (back < 2), "Z": patched}


def train_under(allowed: NDArray[np.bool_], steps: int = 400) -> tuple[Array, str]:
    """A mask (16, 16) → the trained model's held-out loss at each position (16,), and a text that it wrote."""
    model = Transformer(allowed=allowed, seed=0)
    for _ in train(model, schedule=Schedule(steps=steps), seed=0):
        pass
    rows = LITTLE_LANGUAGE.rows(256, 16, np.random.default_rng(1))  # (B, T + 1)
    return position_losses(model, rows), LITTLE_LANGUAGE.decode(generate_texts(model, 1)[0])
