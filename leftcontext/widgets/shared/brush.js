// @ts-check
// Painting the cells of a mask, by mouse or finger and from the keyboard, and what its grid shows.

import { each } from "./numbers.js";

/** @import { GridContent } from "./types.d.ts" */

const CELL = "td[role=gridcell]";

/**
 * Row and column of a cell.
 *
 * @param {HTMLTableCellElement} cell
 * @returns {[number, number]}
 */
function placeOf(cell) {
  const row = /** @type {HTMLTableRowElement} */ (cell.parentElement);
  return [row.rowIndex - 1, cell.cellIndex - 1];
}

/**
 * The cell that an element is in.
 *
 * @param {unknown} target
 * @returns {HTMLTableCellElement | null}
 */
const cellOf = (target) => (target instanceof Element ? target.closest(CELL) : null);

/**
 * The mouse paints with what the first cell of a stroke becomes; so does Shift with an arrow, and Space
 * toggles one cell. What is returned is to be called at each cell that the focus comes to.
 *
 * @param {HTMLElement} node
 * @param {(i: number, j: number, may: boolean) => void} paintCell
 * @param {(i: number, j: number) => boolean} value
 */
export function brush(node, paintCell, value) {
  /** @type {boolean | null} */
  let ink = null; // what the mouse paints
  /** @type {boolean | null} */
  let carried = null; // what an arrow carries to the next cell

  /** @param {PointerEvent} event */
  function under({ clientX, clientY }) {
    const root = /** @type {Document | ShadowRoot} */ (node.getRootNode());
    return cellOf(root.elementFromPoint(clientX, clientY));
  }

  function end() {
    ink = null;
  }

  node.addEventListener("pointerdown", (event) => {
    const cell = cellOf(event.target);
    if (!cell || event.button) return;
    event.preventDefault(); // no text is selected on the way
    node.setPointerCapture(event.pointerId);
    cell.focus();
    ink = !value(...placeOf(cell));
    paintCell(...placeOf(cell), ink);
  });
  node.addEventListener("pointermove", (event) => {
    const cell = ink === null ? null : under(event);
    if (cell && ink !== null && node.contains(cell) && value(...placeOf(cell)) !== ink) {
      paintCell(...placeOf(cell), ink);
    }
  });
  node.addEventListener("pointerup", end);
  node.addEventListener("pointercancel", end);

  /** @param {KeyboardEvent} event */
  function onKey(event) {
    const cell = cellOf(event.target);
    if (!cell) return;
    const [i, j] = placeOf(cell);
    carried = event.shiftKey && event.key.startsWith("Arrow") ? value(i, j) : null;
    if (event.key !== " ") return;
    event.preventDefault(); // else the page scrolls
    paintCell(i, j, !value(i, j));
  }
  node.addEventListener("keydown", onKey, true);

  /**
   * @param {number} i
   * @param {number} j
   */
  return (i, j) => {
    const ink = carried;
    carried = null;
    if (ink !== null && value(i, j) !== ink) paintCell(i, j, ink);
  };
}

/**
 * What the grid of a mask shows: ✓ where a query may attend, and which of those are leaks.
 *
 * @param {string} whose
 * @param {boolean[][]} mask
 * @param {string[]} names
 * @returns {GridContent}
 */
export const maskContent = (whose, mask, names) => ({
  label: `${whose}: rows are queries, columns are keys`,
  rows: names,
  columns: names,
  axes: ["query ↓", "key →"],
  values: each(mask, Number),
  marks: each(mask, (may, i, j) => (may ? (j > i ? "may leak" : "may") : "ruled-out")),
  format: (x) => (x ? "✓" : "·"),
});
