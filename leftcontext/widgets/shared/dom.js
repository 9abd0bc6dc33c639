// @ts-check
// Elements and drawings, and the small pieces that most views are made of.

/**
 * An element with its properties (an attribute, where it has no property of that name) and its children.
 *
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Record<string, unknown>} [properties]
 * @param {...(Node | string)} children
 * @returns {HTMLElementTagNameMap[Tag]}
 */
export function element(tag, properties = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name in node) Object.assign(node, { [name]: value });
    else node.setAttribute(name, String(value));
  }
  node.append(...children);
  return node;
}

/**
 * An element of a drawing.
 *
 * @template {keyof SVGElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Record<string, string | number>} [attributes]
 * @param {string | number} [text]
 * @returns {SVGElementTagNameMap[Tag]}
 */
export function svg(tag, attributes = {}, text = "") {
  const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, String(value));
  node.textContent = String(text);
  return node;
}

/** A paragraph in the quieter colour. */
export const muted = (text = "") => element("p", { className: "lc-muted" }, text);

/**
 * What stands side by side where there is room for it.
 *
 * @param {...Node} children
 */
export const beside = (...children) => element("div", { className: "lc-columns" }, ...children);

/** @param {string[]} words */
export const quoted = (words) => words.map((word) => `“${word}”`).join(", ");

/** The line that says what has changed, for eyes and for screen readers. */
export function statusLine() {
  const node = element("p", { className: "lc-status", role: "status" });
  /** @param {string} text */
  const say = (text) => {
    node.textContent = text;
  };
  return { node, say };
}

/**
 * What the marks of a grid mean.
 *
 * @param {[mark: string, words: string][]} pairs
 */
export function legend(pairs) {
  const samples = pairs.map(([mark, words]) =>
    element("span", {}, element("i", { className: mark, ariaHidden: "true" }), words),
  );
  return element("p", { className: "lc-legend" }, ...samples);
}

/** The legend of the two marks that most grids have. */
export function markLegend(ruledOut = "hidden by the mask", leak = "a key of the future that can be seen") {
  return legend([
    ["ruled-out", ruledOut],
    ["leak", leak],
  ]);
}
