"""How Sphinx makes the lessons' pages: from notebooks whose outputs are stored, with formulas as MathML."""

from typing import Any

from docutils import nodes
from latex2mathml.converter import convert

project = "Left Context"
author = "Left Context"
language = "en"
extensions = ["myst_nb"]
exclude_patterns = ["conf.py"]
html_theme = "furo"
html_title = "Left Context"
html_static_path = ["_static"]
html_css_files = ["lessons.css"]
html_js_files = ["theme.js", ("widgets.js", {"type": "module"})]
html_show_sphinx = False
html_copy_source = False
myst_enable_extensions = ["dollarmath"]
myst_heading_anchors = 3
nb_execution_mode = "off"
nb_merge_streams = True
suppress_warnings = ["myst.header", "misc.highlighting_failure"]


def _inline(translator: Any, node: nodes.Node) -> None:
    translator.body.append(convert(node.astext()))
    raise nodes.SkipNode


def _block(translator: Any, node: nodes.Node) -> None:
    translator.body.append(f'<div class="math">{convert(node.astext(), display="block")}</div>')
    raise nodes.SkipNode


def setup(app: Any) -> None:
    """Formulas need neither a script nor a font of another host: browsers set MathML themselves."""
    app.add_html_math_renderer("mathml", (_inline, None), (_block, None))
    app.config.html_math_renderer = "mathml"
