// @ts-check
// The view of LeakDetector: Python has replaced every token once, here one looks at what moved.

import { choice, numbered } from "../shared/controls.js";
import { beside, markLegend, muted, quoted, statusLine } from "../shared/dom.js";
import { view } from "../shared/host.js";
import { matrixGrid } from "../shared/matrix_grid.js";
import { each, number } from "../shared/numbers.js";
import { barTable } from "../shared/tables.js";

/** @import { Model, SetTrait } from "../shared/types.d.ts" */
/** @typedef {{ tokens: string[], token: number, _moved: number[][] }} State */

/**
 * What replacing token j does, in a sentence.
 *
 * @param {string[]} tokens
 * @param {number[][]} moved
 * @param {number} j
 */
function finding(tokens, moved, j) {
  const all = tokens.filter((_, i) => moved[i][j]);
  const left = tokens.filter((_, i) => i < j && moved[i][j]);
  const begin = `Replacing “${tokens[j]}” moves ${all.length ? quoted(all) : "no output"}`;
  if (!left.length) return `${begin}, nothing to its left.`;
  return `${begin}. A leak: ${quoted(left)} ${left.length > 1 ? "stand" : "stands"} to its left.`;
}

/** @param {string[][]} marks */
function verdict(marks) {
  const leaks = marks.flat().filter((mark) => mark === "leak").length;
  const future = (marks.length * (marks.length - 1)) / 2;
  return leaks
    ? `${leaks} of ${future} future cells move an output: a leak.`
    : "No output moves with a token of its future: causal.";
}

/**
 * A tiny movement is not zero; two digits would say so.
 *
 * @param {number} x
 */
function distance(x) {
  if (x === 0) return "0";
  return x < 0.005 ? x.toExponential(0).replace("-", "−") : number(x);
}

/**
 * @param {Model<State>} model
 * @param {HTMLElement} node
 * @param {SetTrait<State>} set
 */
function build(model, node, set) {
  const tokens = model.get("tokens");
  const moved = model.get("_moved");
  const marks = each(moved, (x, i, j) => (x === 0 ? "ruled-out" : j > i ? "leak" : ""));
  const choose = choice("replace", numbered(tokens), (j) => set("token", Number(j)));
  const grid = matrixGrid((i, j) => {
    set("token", j);
    tell(i, j);
  });
  const bars = barTable();
  const { node: status, say } = statusLine();
  const legend = markLegend("does not move", "moves with a token of its future: a leak");
  node.append(choose.node, beside(grid.node, bars.node), status, muted(verdict(marks)), legend);

  /**
   * @param {number} i
   * @param {number} j
   */
  function tell(i, j) {
    const begin = `Replacing “${tokens[j]}”`;
    const end = j > i ? " – a leak." : ".";
    if (!moved[i][j]) say(`${begin} does not move the output of “${tokens[i]}”.`);
    else say(`${begin} moves the output of “${tokens[i]}” by ${distance(moved[i][j])}${end}`);
  }

  function paint() {
    const j = model.get("token");
    const column = moved.map((row) => row[j]);
    choose.choose(String(j));
    bars.show({
      caption: `moved by replacing “${tokens[j]}”`,
      names: tokens,
      values: column,
      format: distance,
      marks: marks.map((row) => row[j]),
      kind: ["output", "distance"],
      hidden: "still",
      full: Math.max(...column) || 1,
      foot: "",
    });
    say(finding(tokens, moved, j));
  }

  grid.show({
    label: "how far outputs move: rows are outputs, columns are the tokens that were replaced",
    rows: tokens,
    columns: tokens,
    axes: ["output ↓", "replaced →"],
    values: moved,
    marks,
    format: (x) => distance(Number(x)),
    range: [0, Math.max(...moved.flat()) || 1],
  });
  paint();
  return { token: paint };
}

export default view("Leak detector", build);
