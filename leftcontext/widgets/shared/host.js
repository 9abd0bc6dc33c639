// @ts-check
// Between a view and its host: JupyterLab, Notebook, VS Code, Colab, or a page without a kernel.

import { element } from "./dom.js";
import { followTheme } from "./theme.js";

/** @import { Build, Model, Reactions, SetTrait } from "./types.d.ts" */

/**
 * What anywidget calls: `build` fills the node and returns its reactions.
 *
 * @template State
 * @param {string} label
 * @param {Build<State>} build
 */
export function view(label, build) {
  /** @param {{ model: Model<State>, el: HTMLElement }} host */
  function render({ model, el }) {
    const node = element("div", { className: "lc", role: "group", ariaLabel: label });
    /** @type {SetTrait<State>} */
    const set = (name, value) => {
      model.set(name, value);
      model.save_changes();
    };
    keepKeys(node);
    followTheme(node);
    el.replaceChildren(node);
    return listen(model, build(model, node, set));
  }
  return { render };
}

/**
 * Plain keys stay inside: JupyterLab would take arrows and Enter as commands to the notebook.
 *
 * @param {HTMLElement} node
 */
function keepKeys(node) {
  node.addEventListener("keydown", (event) => {
    const modified = event.ctrlKey || event.metaKey || event.altKey;
    if (!modified && !(event.shiftKey && event.key === "Enter")) event.stopPropagation();
  });
}

/**
 * React until the function that is returned is called.
 *
 * @template State
 * @param {Model<State>} model
 * @param {Reactions} reactions
 */
function listen(model, { end, ...reactions }) {
  const pairs = Object.entries(reactions).map(
    /** @returns {[string, () => void]} */ ([name, react]) => [
      name.includes(":") ? name : `change:${name}`,
      react,
    ],
  );
  for (const [event, react] of pairs) model.on(event, react);
  return () => {
    for (const [event, react] of pairs) model.off(event, react);
    end?.();
  };
}
