// @ts-check
// The reader's own mask, to be painted where the page trains by itself.

import { brush, maskContent } from "../shared/brush.js";
import { element, markLegend, muted } from "../shared/dom.js";
import { matrixGrid } from "../shared/matrix_grid.js";
import { each } from "../shared/numbers.js";

/** @import { Mask } from "./layers.js" */

/**
 * @param {string[]} tokens names of the first positions
 * @param {(text: string) => void} say
 * @param {(mask: Mask) => void} onPaint
 */
export function ownMask(tokens, say, onPaint) {
  /** @type {Mask} */
  let mask = [];
  /** @param {number} i */
  const name = (i) => tokens[i] ?? String(i);
  const grid = matrixGrid((i, j) => {
    tell(i, j);
    arrive(i, j);
  });
  const arrive = brush(grid.node, paintCell, (i, j) => mask[i][j]);
  grid.node.classList.add("lc-paintable");
  const hint = muted(
    "Paint your mask: drag over the cells, or walk with the arrow keys; Space toggles a cell, Shift with " +
      "an arrow paints on. Positions after these are causal.",
  );
  const node = element("div", {}, hint, grid.node, markLegend());

  /**
   * @param {number} i
   * @param {number} j
   */
  function tell(i, j) {
    const seen = j > i ? "may be seen – a leak" : "may be seen";
    say(`query “${name(i)}”, key “${name(j)}”: ${mask[i][j] ? seen : "hidden"}.`);
  }

  /**
   * @param {number} i
   * @param {number} j
   * @param {boolean} may
   */
  function paintCell(i, j, may) {
    onPaint(each(mask, (old, a, b) => (a === i && b === j ? may : old)));
    tell(i, j);
  }

  /** @param {Mask} painted */
  function show(painted) {
    mask = painted;
    const names = mask.map((_, i) => name(i));
    grid.show(maskContent("your mask", mask, names));
  }

  /** Why a mask can't be trained with; "" where it can. */
  function complaint() {
    const blind = mask.findIndex((row) => !row.includes(true));
    return blind < 0 ? "" : `Query “${name(blind)}” sees no key at all; let it see at least itself.`;
  }

  return { node, show, complaint };
}
