"""Numbers in a text, compared where another processor may compute another last digit."""

import re


def rounded(text: str) -> str:
    """The text with its long numbers rounded to six digits."""
    return re.sub(r"-?\d+\.\d{6,}(e-\d+)?", lambda number: f"{float(number[0]):.6f}", text)
