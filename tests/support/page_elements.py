"""How tests read what a widget shows."""

import re

import numpy as np
from playwright.sync_api import Locator, Page


def radio(page: Page, name: str) -> Locator:
    return page.get_by_role("radio", name=name, exact=True)


def status(page: Page) -> Locator:
    return page.get_by_role("status")


def cell(page: Page, i: int, j: int) -> Locator:
    return page.get_by_role("grid").get_by_role("row").nth(i + 1).get_by_role("gridcell").nth(j)


def numbers(text: str) -> list[float]:
    """The numbers with decimals in a text, as a widget writes them."""
    return [float(x) for x in re.findall(r"-?\d+\.\d+", text.replace("−", "-"))]


def entries(page: Page) -> np.ndarray:
    """What stands in the cells of the one grid; an empty cell is NaN."""
    rows = page.get_by_role("grid").get_by_role("row").all()[1:]
    texts = [row.get_by_role("gridcell").all_inner_texts() for row in rows]
    return np.array([[float(text.replace("−", "-").replace("∞", "inf") or "nan") for text in row] for row in texts])
