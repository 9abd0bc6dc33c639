// @ts-check
// The view of BlockTiles: the scores fill tile by tile, beside the running state of the queries.

import { choice, stepper } from "../shared/controls.js";
import { beside, legend, statusLine } from "../shared/dom.js";
import { view } from "../shared/host.js";
import { labelsOf, sees } from "../shared/mask_rules.js";
import { matrixGrid } from "../shared/matrix_grid.js";
import { number } from "../shared/numbers.js";
import { numberTable } from "../shared/tables.js";
import { gap, outputOf, run } from "./tiles.js";

/** @import { MaskRule, Model, SetTrait } from "../shared/types.d.ts" */
/**
 * @typedef {object} State
 * @property {string[]} tokens
 * @property {string} mask
 * @property {number} block
 * @property {number} step
 * @property {Record<string, MaskRule>} _rules
 * @property {number[][]} _queries
 * @property {number[][]} _keys
 * @property {number[][]} _values
 */

const NOTES = { plain: "every score counts", masked: "the mask hides some of its scores", skipped: "" };

/** @param {number | null} x a score; null was skipped, NaN is not reached yet */
function inSentence(x) {
  if (x === null) return "skipped, never computed";
  return Number.isNaN(x) ? "not reached yet" : `scaled score ${number(x, 3)}`;
}

/** @param {number | null} x */
function inCell(x) {
  if (x === null) return "skip";
  return Number.isNaN(x) ? "" : number(x, 1);
}

/** @param {Model<State>} model */
function compute(model) {
  const [Q, K, V] = [model.get("_queries"), model.get("_keys"), model.get("_values")];
  const inputs = { Q, K, V, sees: sees(model.get("_rules")[model.get("mask")]) };
  return { inputs, ...run(inputs, model.get("block"), model.get("step")) };
}

/**
 * @param {Model<State>} model
 * @param {HTMLElement} node
 * @param {SetTrait<State>} set
 */
function build(model, node, set) {
  const tokens = model.get("tokens");
  const masks = choice("mask", labelsOf(model.get("_rules")), (mask) => {
    model.set("step", 0);
    set("mask", mask);
  });
  const blocks = choice("block", { 1: "1", 2: "2", 3: "3", 4: "4" }, (block) => {
    model.set("step", 0);
    set("block", Number(block));
  });
  const walk = stepper("tiles computed", 1, (step) => set("step", step));
  const grid = matrixGrid((i, j) =>
    say(`query ${tokens[i]}, key ${tokens[j]}: ${inSentence(result.cells[i][j])}`),
  );
  const table = numberTable();
  const { node: status, say } = statusLine();
  let result = compute(model);
  const marks = legend([
    ["now", "this tile"],
    ["ruled-out", "computed, then hidden"],
    ["skipped", "skipped: never computed"],
    ["unfilled", "not reached"],
  ]);
  node.append(masks.node, blocks.node, walk.node, beside(grid.node, table.node), status, marks);

  /** @param {number[]} places */
  function span(places) {
    const [first, last] = [tokens[places[0]], tokens[places[places.length - 1]]];
    return places.length > 1 ? `${first} to ${last}` : first;
  }

  function verdict() {
    const { inputs, states, computed, skipped, total, tiles, now } = result;
    if (!now) return `${tiles} tiles. How many of them need not be computed?`;
    if (computed < total) {
      const tile = `Queries ${span(now.queries)}, keys ${span(now.keys)}`;
      return `${tile}: ${NOTES[now.kind]}. Skipped so far: ${skipped}.`;
    }
    const exact =
      gap(inputs, states) < 1e-12 ? "The output is that of attention all at once." : "The output differs.";
    return `Done: ${computed} of ${tiles} tiles computed, ${skipped} skipped. ${exact}`;
  }

  function showStates() {
    const { now, states } = result;
    const queries = now?.queries ?? [0];
    const rows = queries.map((i) => {
      const { m, l } = states[i];
      return [tokens[i], ...[m, l, ...outputOf(states[i])].map((x) => number(x))];
    });
    const held = now ? now.queries.length * now.keys.length : 0;
    table.show({
      caption: `running state of query ${span(queries)}; in memory: ${held} of ${tokens.length ** 2} scores`,
      columns: ["query", "max m", "sum l", ...states[0].acc.map((_, k) => `output ${k}`)],
      rows,
    });
  }

  function paint() {
    result = compute(model);
    const { computed, total, cells, marks } = result;
    masks.choose(model.get("mask"));
    blocks.choose(String(model.get("block")));
    walk.show(computed, total, computed ? `tile ${computed}` : "no tile yet");
    grid.show({
      label: "scaled scores, tile by tile: rows are queries, columns are keys",
      rows: tokens,
      columns: tokens,
      axes: ["query ↓", "key →"],
      values: cells,
      marks,
      range: [-2, 2],
      format: inCell,
    });
    showStates();
    say(verdict());
  }

  paint();
  return { mask: paint, block: paint, step: paint, _rules: paint };
}

export default view("Attention in blocks", build);
