// @ts-check
// The view of MaskPainter: a stroke of the mouse or a key paints, and the verdict follows at once.

import { brush, maskContent } from "../shared/brush.js";
import { choice } from "../shared/controls.js";
import { beside, element, markLegend, muted, statusLine } from "../shared/dom.js";
import { view } from "../shared/host.js";
import { sees } from "../shared/mask_rules.js";
import { matrixGrid } from "../shared/matrix_grid.js";
import { each } from "../shared/numbers.js";
import { patternOf, verdicts } from "./patterns.js";

/** @import { LeakTexts, MaskRule, Model, SetTrait } from "../shared/types.d.ts" */
/**
 * @typedef {object} State
 * @property {string[]} tokens
 * @property {boolean[][]} allowed
 * @property {MaskRule[]} _patterns the masks that have a name, the simplest first
 * @property {MaskRule[]} _block_patterns those of packed texts
 * @property {Record<string, string>} _presets the short name of each mask that is offered, by its name
 * @property {LeakTexts} _leak_texts
 */

/**
 * @param {Model<State>} model
 * @param {HTMLElement} node
 * @param {SetTrait<State>} set
 */
function build(model, node, set) {
  const tokens = model.get("tokens");
  const patterns = model.get("_patterns");
  const presets = choice("preset", model.get("_presets"), usePreset);
  const grid = matrixGrid((i, j) => {
    tell(i, j);
    arrive(i, j);
  });
  const { node: status, say } = statusLine();
  const verdict = element("div", { className: "lc-verdict", ariaLive: "polite" });
  const arrive = brush(grid.node, paintCell, value);
  grid.node.classList.add("lc-paintable");
  /** @type {[i: number, j: number] | undefined} the cell that the status speaks of */
  let told;
  const hint =
    "Drag over the cells, or walk with the arrow keys: Space toggles a cell, Shift with an arrow paints on.";
  const legend = markLegend("hidden", "a key of the future that can be seen");
  node.append(presets.node, muted(hint), beside(grid.node, verdict), status, legend);

  /** @param {string} name */
  function usePreset(name) {
    const rule = patterns.find(({ label }) => label === name);
    if (!rule) return;
    const seen = sees(rule);
    set(
      "allowed",
      each(model.get("allowed"), (_, i, j) => seen(i, j)),
    );
  }

  /**
   * @param {number} i
   * @param {number} j
   */
  function value(i, j) {
    return model.get("allowed")[i][j];
  }

  /**
   * @param {number} i
   * @param {number} j
   * @param {boolean} may
   */
  function paintCell(i, j, may) {
    told = [i, j];
    set(
      "allowed",
      each(model.get("allowed"), (old, a, b) => (a === i && b === j ? may : old)),
    );
  }

  /**
   * @param {number} i
   * @param {number} j
   */
  function tell(i, j) {
    told = [i, j];
    const seen = j > i ? "may be seen – a leak" : "may be seen";
    say(`query “${tokens[i]}”, key “${tokens[j]}”: ${value(i, j) ? seen : "hidden"}.`);
  }

  function paint() {
    const mask = model.get("allowed");
    const pattern = patternOf(mask, patterns, model.get("_block_patterns"));
    grid.show(maskContent("the mask", mask, tokens));
    presets.choose(pattern?.label ?? "");
    const lines = verdicts(mask, tokens, pattern, model.get("_leak_texts"));
    verdict.replaceChildren(...lines.map((line) => element("p", {}, line)));
    if (told) tell(...told); // whoever has changed the mask: a preset, a stroke, Python, another view
  }

  paint();
  return { allowed: paint };
}

export default view("Mask painter", build);
