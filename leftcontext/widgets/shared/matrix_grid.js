// @ts-check
// A matrix one can walk through: a grid with one tab stop, arrow keys, Home and End.

import { colourOf, luminance } from "./colours.js";
import { element } from "./dom.js";
import { destination } from "./keys.js";
import { number, rangeOf } from "./numbers.js";

/** @import { Grid, GridContent } from "./types.d.ts" */

const MOST_WITH_NUMBERS = 10; // columns; with more of them, there is no room for a number
const MANY = 6; // columns that still leave names their room
const DARK = 0.18; // luminance: above, black text has a contrast of 4.5 and more, below white text has

/**
 * @param {(i: number, j: number) => void} onEnter hears which cell has the focus
 * @returns {Grid & { node: HTMLTableElement }}
 */
export function matrixGrid(onEnter) {
  const node = element("table", { className: "lc-grid", role: "grid" });
  /** @type {HTMLTableCellElement[][]} */
  let cells = [];
  /** @type {HTMLTableRowElement[]} */
  let lines = [];
  let shape = "";
  /** @type {[number, number]} */
  let at = [Infinity, 0]; // at first in the last row, which sees most

  /**
   * @param {GridContent} content
   * @param {boolean} small
   */
  function build({ rows, columns, axes }, small) {
    const titles = axes.map((text) => element("span", {}, text));
    const corner = element("td", { className: "lc-corner", role: "columnheader" }, ...titles);
    const head = columns.map((name) =>
      element("th", { scope: "col", role: "columnheader" }, element("span", {}, name)),
    );
    cells = rows.map(() => columns.map(() => element("td", { role: "gridcell", tabIndex: -1 })));
    lines = rows.map((name, i) => {
      const title = element("th", { scope: "row", role: "rowheader" }, name);
      return element("tr", { role: "row" }, title, ...cells[i]);
    });
    node.replaceChildren(element("tr", { role: "row" }, corner, ...head), ...lines);
    node.classList.toggle("lc-small", small);
    node.classList.toggle("lc-many", columns.length > MANY);
    node.classList.toggle(
      "lc-short",
      columns.every((name) => name.length < 3),
    ); // there is room for a number
    node.style.setProperty("--lc-columns", String(columns.length));
  }

  /** @param {GridContent} content */
  function show(content) {
    const { label, rows, columns, axes, values, marks, compact = false } = content;
    const range = content.range ?? rangeOf(values);
    const [low, high] = range;
    const format = content.format ?? ((x) => number(Number(x)));
    const small = compact || columns.length > MOST_WITH_NUMBERS;
    const newShape = JSON.stringify([rows, columns, axes]);
    if (newShape !== shape) build(content, small);
    shape = newShape;
    node.ariaLabel = label;
    cells.forEach((line, i) => {
      line.forEach((cell, j) => {
        const x = values[i][j];
        paint(cell, colourOf((Number(x) - low) / (high - low), range), format(x), small);
        if (cell.className !== marks[i][j]) cell.className = marks[i][j];
      });
    });
    place(Math.min(at[0], rows.length - 1), Math.min(at[1], columns.length - 1), false);
  }

  /**
   * @param {HTMLTableCellElement} cell
   * @param {number[]} colour
   * @param {string} text
   * @param {boolean} small there is no room for numbers, and hundreds of them would take time
   */
  function paint(cell, colour, text, small) {
    cell.style.backgroundColor = `rgb(${colour})`;
    if (small) {
      cell.ariaLabel = text;
      return;
    }
    cell.textContent = text;
    cell.style.color = luminance(colour) > DARK ? "#000" : "#fff";
  }

  /**
   * @param {number} i
   * @param {number} j
   */
  function place(i, j, chosen = true) {
    cells[at[0]]?.[at[1]]?.setAttribute("tabindex", "-1");
    at = [i, j];
    cells[i][j].tabIndex = 0;
    if (!chosen) return; // nobody has chosen the row in which one begins
    lines.forEach((line, k) => {
      line.ariaSelected = String(k === i);
    });
  }

  /**
   * Row and column of a cell; row −1 is the head, column −1 a row's name.
   *
   * @param {EventTarget | null} target
   * @returns {[number, number]}
   */
  function where(target) {
    const cell = target instanceof Element ? target.closest("td, th") : null;
    if (!(cell instanceof HTMLTableCellElement)) return [-1, -1];
    return [lines.findIndex((line) => line.contains(cell)), cell.cellIndex - 1];
  }

  node.addEventListener("focusin", (event) => {
    place(...where(event.target));
    onEnter(...at);
  });
  node.addEventListener("click", (event) => {
    const [i, j] = where(event.target);
    if (i >= 0) cells[i][j < 0 ? at[1] : j].focus(); // a click on a row's name keeps the column
  });
  node.addEventListener("keydown", (event) => {
    const to = destination(event, at, [cells.length - 1, cells[0].length - 1]);
    if (!to) return;
    event.preventDefault();
    cells[to[0]]?.[to[1]]?.focus();
  });
  return { node, show, select: (i) => place(i, at[1]) };
}
