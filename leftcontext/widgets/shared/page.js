// @ts-check
// Brings the widgets of a page to life without a kernel: a model for each state that is embedded in the page.

/**
 * What a view needs of a model. There is no `send`: nobody would hear it.
 *
 * @param {Record<string, unknown>} state
 */
function localModel(state) {
  /** @type {Map<string, Set<() => void>>} */
  const listeners = new Map();
  return {
    /** @param {string} name */
    get: (name) => state[name],
    /**
     * @param {string} name
     * @param {unknown} value
     */
    set(name, value) {
      state[name] = value;
      for (const react of listeners.get(`change:${name}`) ?? []) react();
    },
    save_changes() {},
    /**
     * @param {string} event
     * @param {() => void} react
     */
    on(event, react) {
      listeners.set(event, (listeners.get(event) ?? new Set()).add(react));
    },
    /**
     * @param {string} event
     * @param {() => void} react
     */
    off(event, react) {
      listeners.get(event)?.delete(react);
    },
  };
}

for (const script of document.querySelectorAll("script[type='application/json']")) {
  const state = JSON.parse(script.textContent ?? "");
  const place = script.nextElementSibling;
  if (!state._esm || place?.hasChildNodes()) continue; // settings of JupyterLab, or a widget that lives
  const address = URL.createObjectURL(new Blob([state._esm], { type: "text/javascript" }));
  const style = document.createElement("style");
  style.textContent = state._css;
  document.head.append(style);
  const host = { model: localModel(state), el: place };
  import(address).then((module) => module.default.render(host));
}
