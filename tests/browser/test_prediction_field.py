"""The field for a prediction, in a browser: by keyboard alone, and with what it says to a screen reader."""

from collections.abc import Callable

from playwright.sync_api import Page, expect

from leftcontext.widgets.prediction import Prediction
from leftcontext.widgets.shared.base import CourseWidget

Alone = Callable[[CourseWidget], Page]


def test_a_text_is_kept_by_enter(alone: Alone) -> None:
    page = alone(Prediction("Which word could come next?"))
    field = page.get_by_role("group", name="Which word could come next?").get_by_role("textbox", name="your prediction")
    field.focus()
    page.keyboard.type("sees")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_have_text("Kept: sees. Now run the next cell and compare.")


def test_a_number_is_one(alone: Alone) -> None:
    page = alone(Prediction("How large?", kind="number", asks=False))
    field = page.get_by_role("textbox", name="your prediction")
    field.fill("much")
    page.get_by_role("button", name="Keep it").click()
    expect(page.get_by_role("status")).to_have_text("Write a number, such as 0.25.")
    expect(field).to_have_attribute("aria-invalid", "true")
    field.fill("−0,5")
    page.get_by_role("button", name="Keep it").click()
    expect(page.get_by_role("status")).to_contain_text("Kept: −0,5.")


def test_a_choice_and_its_result(alone: Alone) -> None:
    page = alone(Prediction("Which grows?", kind="choice", options=["the first", "the second"], result="the second"))
    expect(page.get_by_role("status")).to_have_text("You predicted: nothing. The result: the second.")
    page.get_by_role("radio", name="the first").check(force=True)
    expect(page.get_by_role("status")).to_have_text("You predicted: the first. The result: the second.")
