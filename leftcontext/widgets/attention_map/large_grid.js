// @ts-check
// A matrix with too many cells for one element each: a canvas with a pixel for each cell, which the page
// enlarges to whole device pixels, and over it the one cell that has the focus. It is used as `matrixGrid`
// is.

import { shadeOf } from "../shared/colours.js";
import { element } from "../shared/dom.js";
import { destination } from "../shared/keys.js";
import { number, rangeOf } from "../shared/numbers.js";

/** @import { Grid, GridContent, Marks } from "../shared/types.d.ts" */
/** @typedef {{ names: HTMLElement, size: string, step: number }} Axis */

const LEAST = 4; // pixels: the least side of a cell
const MOST = 30; // its largest
const LINE = 16; // a line of text
const SHORT = 22; // a short name
const PAGE = 8; // rows for PageUp and PageDown

/**
 * The cells that carry `mark`, each run of a row as a rectangle, in per cent: what CSS cuts a pattern out
 * with.
 *
 * @param {Marks} marks
 * @param {string} mark
 */
function outline(marks, mark) {
  /** @type {[number, number][]} */
  const points = [];
  const [height, width] = [marks.length, marks[0].length];
  marks.forEach((row, i) => {
    const [y, bottom] = [(100 * i) / height, (100 * (i + 1)) / height];
    for (let j = row.indexOf(mark); j >= 0; ) {
      let end = j;
      while (row[end] === mark) end++;
      const [x, right] = [(100 * j) / width, (100 * end) / width];
      points.push([0, 0], [x, y], [right, y], [right, bottom], [x, bottom], [x, y], [0, 0]);
      j = row.indexOf(mark, end);
    }
  });
  return points.length ? `polygon(${points.map(([x, y]) => `${x}% ${y}%`)})` : "";
}

/**
 * Writes a matrix into the pixels of a picture; what is ruled out becomes a hole, where the page's hatching
 * shows.
 *
 * @param {ImageData} image
 * @param {GridContent} content
 */
function colour(image, { values, marks, columns, range, tone = (share) => share }) {
  const limits = range ?? rangeOf(values);
  const [low, high] = limits;
  let k = 0;
  for (let i = 0; i < values.length; i++) {
    for (let j = 0; j < columns.length; j++) {
      const share = tone((Number(values[i][j]) - low) / (high - low));
      const shade = shadeOf(share, limits);
      image.data[k++] = shade[0];
      image.data[k++] = shade[1];
      image.data[k++] = shade[2];
      image.data[k++] = marks[i][j] === "ruled-out" ? 0 : 255;
    }
  }
}

/**
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 */
const forEyes = (tag, className = "") => element(tag, { className, ariaHidden: "true" });

/** @param {string[]} words */
const spans = (words) => words.map((word) => element("span", {}, word));

/**
 * Moves a box of the size of a cell to its place.
 *
 * @param {HTMLElement} box
 * @param {number} i
 * @param {number} j
 */
function put(box, i, j) {
  box.style.transform = `translate(${100 * j}%, ${100 * i}%)`;
}

/**
 * The names along the two axes: as many as find a line each, and always those of the chosen row and column.
 *
 * @param {HTMLElement} side
 * @param {HTMLElement} top
 */
function axisNames(side, top) {
  /** @type {Axis[]} */
  const axes = [
    { names: side, size: "--high", step: 1 },
    { names: top, size: "--wide", step: 1 },
  ];

  /**
   * Emphasise the names of a row and a column, or no longer; those that they would touch step aside.
   *
   * @param {[number, number]} at
   * @param {boolean} on
   */
  function mark(at, on) {
    axes.forEach(({ names, step }, axis) => {
      for (let k = at[axis] - step + 1; k < at[axis] + step; k++) {
        names.children[k]?.classList.toggle(k === at[axis] ? "lc-now" : "lc-aside", on);
      }
    });
  }

  /**
   * Cells as large as there is room for, in whole pixels of the device. Sets the sizes as properties of
   * `node`.
   *
   * @param {HTMLElement} node
   * @param {number} room
   */
  function fit(node, room) {
    const pixel = 1 / devicePixelRatio;
    for (const axis of axes) {
      const side = Math.max(LEAST, Math.min(MOST, room / axis.names.children.length));
      const size = Math.floor(side / pixel) * pixel;
      axis.step = Math.ceil((axis.names.classList.contains("lc-short") ? SHORT : LINE) / size);
      node.style.setProperty(axis.size, `${size}px`);
      [...axis.names.children].forEach((name, k) => {
        name.classList.toggle("lc-between", k % axis.step > 0);
      });
    }
  }

  return { mark, fit };
}

/**
 * The sentence at the pointer, and a frame around the cell there.
 *
 * @param {HTMLCanvasElement} canvas
 * @param {(i: number, j: number) => string} describe
 */
function pointer(canvas, describe) {
  const frame = forEyes("div", "lc-cell lc-pointed");
  const tip = forEyes("div", "lc-tip");

  /**
   * @param {number} i
   * @param {number} j
   */
  function show(i, j) {
    frame.hidden = i < 0 || j < 0;
    tip.hidden = frame.hidden;
    if (tip.hidden) return;
    put(frame, i, j);
    tip.textContent = describe(i, j);
    tip.style.setProperty("--column", String(j));
    const below = i < canvas.height / 2;
    tip.style.top = below ? `calc(var(--high) * ${i + 1} + 6px)` : "";
    tip.style.bottom = below ? "" : `calc(var(--high) * ${canvas.height - i} + 6px)`;
  }

  return { frame, tip, show, hide: () => show(-1, -1) };
}

/**
 * @param {(i: number, j: number) => void} onEnter hears which cell has the focus
 * @param {(i: number, j: number) => string} describe the sentence for the cell under the pointer
 * @returns {Grid}
 */
export function largeGrid(onEnter, describe) {
  const corner = forEyes("span", "lc-corner");
  const top = forEyes("div", "lc-names lc-top");
  const side = forEyes("div", "lc-names");
  const canvas = forEyes("canvas");
  const leaks = forEyes("div", "lc-leaks");
  const probe = forEyes("i", "lc-probe");
  const columnName = element("span", { role: "columnheader" });
  const rowName = element("span", { role: "rowheader", className: "lc-unseen" });
  const cell = element("div", { role: "gridcell", className: "lc-cell", tabIndex: 0 });
  const head = element("div", { role: "row", className: "lc-unseen", ariaRowIndex: 1 }, columnName);
  const line = element("div", { role: "row", ariaSelected: "true" }, rowName, cell);
  const pointed = pointer(canvas, describe);
  const plane = element(
    "div",
    { className: "lc-plane" },
    canvas,
    leaks,
    pointed.frame,
    head,
    line,
    pointed.tip,
  );
  const node = element("div", { className: "lc-large", role: "grid" }, probe, corner, top, side, plane);
  const paper = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  const names = axisNames(side, top);
  /** @type {GridContent} */
  let shown;
  let shape = "";
  /** @type {[number, number]} */
  let at = [Infinity, 0];

  /** @param {GridContent} content */
  function build({ rows, columns, axes }) {
    corner.replaceChildren(...spans(axes));
    top.replaceChildren(...spans(columns));
    top.classList.toggle(
      "lc-short",
      columns.every((name) => name.length < 3),
    );
    side.replaceChildren(...spans(rows));
    canvas.width = columns.length;
    canvas.height = rows.length;
    node.ariaColCount = String(columns.length + 1);
    node.ariaRowCount = String(rows.length + 1);
    node.style.setProperty("--columns", String(columns.length));
    node.style.setProperty("--rows", String(rows.length));
    fit();
  }

  function fit() {
    const room = probe.offsetLeft + probe.offsetWidth - plane.offsetLeft;
    if (room <= 0 || !shown) return;
    names.mark(at, false);
    names.fit(node, room);
    names.mark(at, true);
  }

  /** @param {GridContent} content */
  function show(content) {
    const { label, rows, columns, axes, marks } = content;
    const newShape = JSON.stringify([rows, columns, axes]);
    shown = content;
    if (newShape !== shape) build(content);
    shape = newShape;
    node.ariaLabel = label;
    const image = paper.createImageData(columns.length, rows.length);
    colour(image, content);
    paper.putImageData(image, 0, 0);
    leaks.style.clipPath = outline(marks, "leak");
    leaks.hidden = !leaks.style.clipPath;
    place(Math.min(at[0], rows.length - 1), Math.min(at[1], columns.length - 1));
  }

  /**
   * @param {number} i
   * @param {number} j
   */
  function place(i, j) {
    const format = shown.format ?? ((x) => number(Number(x)));
    names.mark(at, false);
    at = [i, j];
    names.mark(at, true);
    put(cell, i, j);
    rowName.textContent = shown.rows[i];
    columnName.textContent = shown.columns[j];
    line.setAttribute("aria-rowindex", String(i + 2));
    columnName.ariaColIndex = String(j + 2);
    cell.ariaColIndex = columnName.ariaColIndex;
    cell.ariaLabel = format(shown.values[i][j]);
  }

  /**
   * @param {number} i
   * @param {number} j
   */
  function enter(i, j) {
    if (!(i in shown.rows && j in shown.columns)) return;
    place(i, j);
    if (cell.matches(":focus")) onEnter(i, j);
    else cell.focus({ preventScroll: true });
    cell.scrollIntoView({ block: "nearest", inline: "nearest" });
  }

  /**
   * The row and the column at the pointer; −1 is a name.
   *
   * @param {MouseEvent} event
   * @returns {[number, number]}
   */
  function where({ clientX, clientY }) {
    const box = canvas.getBoundingClientRect();
    /**
     * @param {number} share
     * @param {number} count
     */
    const index = (share, count) => Math.max(-1, Math.min(count - 1, Math.floor(share * count)));
    const row = index((clientY - box.top) / box.height, canvas.height);
    return [row, index((clientX - box.left) / box.width, canvas.width)];
  }

  /** @param {KeyboardEvent} event */
  function onKey(event) {
    const [i, j] = at;
    const bottom = canvas.height - 1;
    /** @type {Record<string, [number, number]>} */
    const pages = { PageUp: [Math.max(i - PAGE, 0), j], PageDown: [Math.min(i + PAGE, bottom), j] };
    const to = pages[event.key] ?? destination(event, at, [bottom, canvas.width - 1]);
    if (event.key === "Escape") pointed.hide();
    if (!to) return;
    event.preventDefault();
    enter(...to);
  }

  pointed.hide();
  new ResizeObserver(fit).observe(probe);
  cell.addEventListener("focus", () => onEnter(...at));
  node.addEventListener("pointermove", (event) => pointed.show(...where(event)));
  node.addEventListener("pointerleave", pointed.hide);
  node.addEventListener("click", (event) => {
    const [i, j] = where(event);
    if (i >= 0) enter(i, j < 0 ? at[1] : j); // a click on a row's name keeps the column
  });
  node.addEventListener("keydown", onKey);
  return { node, show, select: (i) => place(i, at[1]) };
}
