"""Templates of pages that show foreign text: everything is escaped, and no script can run."""

from __future__ import annotations

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from autograder.feedback import sanitize

# Should anything slip through, the browser is told to run and to fetch nothing.
POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'"


def environment(*packages: str) -> Environment:
    """Templates out of `feedback/templates/` and of other packages' own folder, with the same styles."""
    loaders = [PackageLoader("autograder.feedback"), *(PackageLoader(package, ".") for package in packages)]
    templates = Environment(loader=ChoiceLoader(loaders), autoescape=True, undefined=StrictUndefined)
    templates.trim_blocks = templates.lstrip_blocks = True
    templates.globals |= {"policy": POLICY, "code_styles": sanitize.code_styles}
    templates.filters["moment"] = lambda moment: moment.strftime("%d %B %Y, %H:%M UTC").lstrip("0")
    templates.filters["css_string"] = css_string
    templates.filters["points"] = lambda number: f"{round(float(number), 2):g}"
    return templates


def css_string(text: str) -> Markup:
    """`text` as a string of a style sheet: each character that is no plain letter or digit is escaped, so none can end it.

    https://www.w3.org/TR/css-syntax-3/#escaping
    """
    safe = (one if one.isascii() and one.isalnum() else f"\\{ord(one):x} " for one in text.encode("utf-8", "replace").decode())
    return Markup(f'"{"".join(safe)}"')
