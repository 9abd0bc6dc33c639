// @ts-check
// Two small tables: weights as bars, and numbers in rows.

import { element } from "./dom.js";
import { number } from "./numbers.js";

/**
 * @typedef {object} Bars
 * @property {string} caption
 * @property {string[]} names
 * @property {number[]} values
 * @property {string[]} marks
 * @property {string} foot
 * @property {string[]} [kind] titles of the columns: of the name, of further cells, of the number
 * @property {string} [hidden] written in place of the bar of what is ruled out
 * @property {number} [full] the value of the longest bar
 * @property {(x: number) => string} [format]
 * @property {string[][]} [before] further cells of each row in front of its number
 */

/** One row of weights as bars with their numbers. */
export function barTable() {
  const node = element("table", { className: "lc-bars" });

  /**
   * @param {Bars} bars
   * @param {number} j
   */
  function row({ names, values, marks, hidden = "hidden", full = 1, format = number, before = [] }, j) {
    const bar = element("span", {}, marks[j] === "ruled-out" ? hidden : "");
    bar.style.width = `calc((100% - 0.5rem) * ${values[j] / full})`;
    const cells = [...(before[j] ?? []), format(values[j])].map((text) => element("td", {}, text));
    const name = element("th", { scope: "row" }, names[j]);
    return element(
      "tr",
      { className: marks[j] },
      name,
      ...cells,
      element("td", { className: "lc-bar" }, bar),
    );
  }

  /** @param {Bars} bars */
  function show(bars) {
    const titles = [...(bars.kind ?? ["key", "weight"]), "bar"];
    const cells = titles.map((title) => element("th", { scope: "col" }, title));
    const head = element("tr", { className: bars.before?.length ? "" : "lc-unseen" }, ...cells);
    const foot = element(
      "tr",
      { className: "lc-foot" },
      element("td", { colSpan: titles.length }, bars.foot),
    );
    const rows = bars.names.map((_, j) => row(bars, j));
    node.classList.toggle("lc-small", bars.names.length > 10);
    node.replaceChildren(element("caption", {}, bars.caption), head, ...rows, ...(bars.foot ? [foot] : []));
  }

  return { node, show };
}

/** A table of numbers with a name before each row. */
export function numberTable() {
  const node = element("table", { className: "lc-numbers" });

  /** @param {{ caption: string, columns: string[], rows: string[][] }} content */
  function show({ caption, columns, rows }) {
    const head = columns.map((title) => element("th", { scope: "col" }, title));
    const lines = rows.map(([name, ...texts]) =>
      element(
        "tr",
        {},
        element("th", { scope: "row" }, name),
        ...texts.map((text) => element("td", {}, text)),
      ),
    );
    node.replaceChildren(element("caption", {}, caption), element("tr", {}, ...head), ...lines);
  }

  return { node, show };
}
