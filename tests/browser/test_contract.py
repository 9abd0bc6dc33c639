"""What every host of anywidget counts on: JupyterLab, Notebook 7, VS Code, Colab. Each widget keeps to it.

One ES module that imports nothing and is the same with and without a network, whose default export has `render`; a model
of which only get, set, save_changes, on, off and send are used; a view that cleans up behind itself, in a page as in a
shadow root, where a policy allows no other script and no eval.
"""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from support.sizes import share

from leftcontext import widgets
from leftcontext.widgets.shared.base import CourseWidget

# The strictest host: any other use of the model is an error. `heard` counts who still listens.
HOST = """
async ([esm, css, state]) => {
  const heard = {}, misused = [];
  const api = {
    get: (name) => { if (!(name in state)) misused.push(`get ${name}`); return state[name]; },
    set: (name, value) => { if (!(name in state)) misused.push(`set ${name}`); state[name] = value; tell(`change:${name}`); },
    save_changes: () => {}, send: () => {},
    on: (event, react) => { (heard[event] ??= new Set()).add(react); },
    off: (event, react) => { heard[event]?.delete(react); },
  };
  const tell = (event) => heard[event]?.forEach((react) => react());
  const model = new Proxy(api, { get: (_, name) => api[name] ?? misused.push(`model.${String(name)}`) });
  const module = await import(URL.createObjectURL(new Blob([esm], { type: "text/javascript" })));
  const roots = [document.body, document.body.appendChild(document.createElement("main")).attachShadow({ mode: "open" })];
  for (const root of roots) root.appendChild(document.createElement("style")).textContent = css;
  const views = roots.map((root) => root.appendChild(document.createElement("div")));
  const ends = [];
  for (const el of views) ends.push(await module.default.render({ model, el }));
  const listeners = () => Object.values(heard).reduce((sum, reactions) => sum + reactions.size, 0);
  const seen = (el) => [...el.querySelectorAll(":checked")].map((input) => input.value).join() + el.innerText;
  const shown = views.map(seen), before = listeners();
  [...views[1].querySelectorAll("input[type=radio]:not(:checked, :disabled), button:not(:disabled)")][0].click();
  const follows = seen(views[0]) === seen(views[1]), changed = seen(views[0]) !== shown[0];
  await ends[0]?.();
  views[0].remove();
  const between = listeners();
  Object.keys(state).forEach((name) => tell(`change:${name}`)); // the view that is left still follows
  await ends[1]?.();
  return {
    names: Object.keys(module), render: typeof module.default.render, ends: ends.map((end) => typeof end), misused,
    alike: shown[0] === shown[1] && shown[0].length > 20, follows, changed,
    before, between, after: listeners(),
  };
}
"""
FOLDER = Path(widgets.__file__).parent
POLICY = "default-src 'none'; script-src blob:; style-src 'unsafe-inline'"
EVERY = [getattr(widgets, name) for name in widgets.__all__]


@pytest.mark.parametrize("make", EVERY)
def test_the_module_stands_alone(make: Callable[[], CourseWidget]) -> None:
    widget = make()
    code = (widget._esm + widget._css).replace("http://www.w3.org/2000/svg", "")  # a name, not an address
    assert not re.search(r"https?:|//cdn|\bimport\b|\brequire\(|@import|url\(|fetch\(|eval\(|new Function", code)
    assert re.search(r"export\{\w+ as default\};\s*$", widget._esm) and widget._esm.count("export") == 1
    assert "document.currentScript" not in code and "window." not in code
    assert len(code) < 50_000  # it is in each notebook that shows the widget; the longest one trains a model by itself


def test_the_style_of_a_widget_wins_over_what_is_shared_whichever_comes_last() -> None:
    own = [file for file in FOLDER.glob("*/*.css") if file.parent.name not in ("shared", "bundles")]
    assert len(own) >= len(EVERY)
    for file in own:
        rules = re.sub(r"/\*.*?\*/|@import [^;]*;", "", file.read_text(encoding="utf-8"), flags=re.DOTALL).strip()
        alone = rules.startswith(".lc.lc {") and rules.count("\n}") == 1 and rules.endswith("\n}")
        assert alone or not rules, file.name


@pytest.mark.parametrize("make", share(EVERY, 4))
def test_two_views_of_one_model_live_side_by_side_and_leave_nothing_behind(
    page: Page, make: Callable[[], CourseWidget]
) -> None:
    widget = make()
    page.context.set_offline(True)
    page.set_content(f'<!doctype html><title>Host</title><meta http-equiv="Content-Security-Policy" content="{POLICY}">')
    state = {name: value for name, value in widget.get_state().items() if name not in ("layout", "comm")}
    found = page.evaluate(HOST, [widget._esm, widget._css, state])
    assert found["names"] == ["default"] and found["render"] == "function"
    assert found["misused"] == []
    assert found["alike"] and found["follows"] and found["changed"], "both views show the same state, and its change"
    assert found["before"] == 2 * found["between"] > 0 == found["after"]
    assert found["ends"] == ["function"] * 2
    expect(page.locator(".lc")).to_have_count(1)


def test_a_mask_is_painted_by_dragging_in_a_shadow_root(page: Page) -> None:
    widget = widgets.MaskPainter()
    page.set_content("<!doctype html><title>Host</title>")
    page.evaluate(HOST.replace("await ends[0]", "return; await ends[0]"), [widget._esm, widget._css, widget.get_state()])
    page.evaluate("document.querySelector('.lc').parentNode.remove()")  # the one outside
    first, last = page.locator("td[role=gridcell]").nth(0).bounding_box(), page.locator("td[role=gridcell]").nth(3).bounding_box()
    assert first and last
    page.locator("input[value='no mask']").check()
    page.mouse.move(first["x"] + 9, first["y"] + 9)
    page.mouse.down()
    page.mouse.move(last["x"] + 9, last["y"] + 9, steps=12)
    page.mouse.up()
    assert [text == "✓" for text in page.locator("td[role=gridcell]").all_inner_texts()] == [False] * 4 + [True] * 21
