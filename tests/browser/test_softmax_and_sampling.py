"""Softmax and Sampling as a person meets them; what the page says against what NumPy says."""

from collections.abc import Callable

import numpy as np
from playwright.sync_api import Page, expect
from support.page_elements import numbers, radio, status

from leftcontext.widgets import Sampling, Softmax
from leftcontext.widgets.shared.base import CourseWidget

Alone = Callable[[CourseWidget], Page]


def last_numbers(page: Page, rows: int) -> list[float]:
    """The number before the bar in each of the first rows of the table."""
    texts = [row.inner_text() for row in page.locator(".lc-bars tr").all()[1 : rows + 1]]
    return [numbers(text)[-1] for text in texts]


def test_the_shift_changes_no_weight_and_the_temperature_does(alone: Alone) -> None:
    page = alone(Softmax())
    plain = last_numbers(page, 5)
    np.testing.assert_allclose(plain, Softmax().weights, atol=0.00051)
    page.get_by_role("slider", name="shift").fill("5")
    expect(status(page)).to_contain_text("multiplied by 148.41, and so is their sum. No weight changes.")
    assert last_numbers(page, 5) == plain
    page.get_by_role("slider", name="temperature").fill("0.5")
    expect(status(page)).to_contain_text("Temperature 0.5: differences grow, the weight of “dogs” goes from 0.56 to 0.84.")
    np.testing.assert_allclose(last_numbers(page, 5), Softmax(temperature=0.5, shift=5).weights, atol=0.00051)
    page.get_by_role("slider", name="temperature").press("ArrowRight")
    expect(status(page)).to_contain_text("Temperature 0.6")
    radio(page, "these").check()
    wanted = Softmax(temperature=0.6, shift=5, row=0).weights
    np.testing.assert_allclose(last_numbers(page, 5), wanted, atol=0.00051)


def test_what_can_be_drawn_is_what_python_says(alone: Alone) -> None:
    page = alone(Sampling())
    for settings in ({"temperature": 1.5}, {"top_k": 9}, {"top_p": 0.8}, {"temperature": 0.5, "top_k": 20, "top_p": 0.95}):
        for name, value in {"temperature": 1, "top_k": 48, "top_p": 1, **settings}.items():
            page.get_by_role("slider", name=name.replace("_", "-")).fill(str(value))
        for prompt in Sampling().prompts:
            radio(page, f"{prompt} …").check()
            shown = Sampling(prompt=prompt, **settings)
            order = np.argsort(-shown.model, kind="stable")[:14]
            expect(status(page)).to_contain_text(f"{shown.kept.sum()} of 48 words can be drawn")
            np.testing.assert_allclose(last_numbers(page, 14), shown.probabilities[order], atol=0.00051)
            wrong = shown.probabilities[~shown.legal].sum()
            expect(status(page)).to_contain_text(f"an ungrammatical word with {wrong:.3f}")
            assert page.get_by_text("cut off", exact=True).count() == (~shown.kept[order]).sum()
