// @ts-check
// The view of GradientPattern: attention's backward pass, computed here, with its exact zeros hatched.

import { choice, numbered } from "../shared/controls.js";
import { beside, markLegend, muted, statusLine } from "../shared/dom.js";
import { view } from "../shared/host.js";
import { labelsOf, sees } from "../shared/mask_rules.js";
import { matrixGrid } from "../shared/matrix_grid.js";
import { each, number, product, softmax, sum, transpose } from "../shared/numbers.js";

/** @import { MaskRule, Model, SetTrait } from "../shared/types.d.ts" */
/**
 * @typedef {object} State
 * @property {string[]} tokens
 * @property {string} mask
 * @property {number} loss the position whose output the loss is on; −1 for all
 * @property {"scores" | "inputs"} of
 * @property {Record<string, MaskRule>} _rules
 * @property {number[][]} _queries
 * @property {number[][]} _keys
 * @property {number[][]} _values
 * @property {number[][]} _grad_output
 */

const KINDS = ["query", "key", "value"];

/** @param {number[][]} gradient */
const largest = (gradient) => gradient.map((row) => Math.max(...row.map(Math.abs)));

/**
 * The gradients with respect to the scores (T, T) and to each query, key and value (3, T).
 *
 * @param {Model<State>} model
 */
function backward(model) {
  const [Q, K, V] = [model.get("_queries"), model.get("_keys"), model.get("_values")];
  const seen = sees(model.get("_rules")[model.get("mask")]);
  const loss = model.get("loss");
  const root = Math.sqrt(Q[0].length);
  const scores = each(product(Q, transpose(K)), (x, i, j) => (seen(i, j) ? x / root : -Infinity));
  const weights = scores.map(softmax);
  const used = each(model.get("_grad_output"), (x, i) => (loss < 0 || loss === i ? x : 0));
  const dW = product(used, transpose(V));
  const mean = weights.map((row, i) => sum(row.map((w, j) => w * dW[i][j])));
  const dS = each(weights, (w, i, j) => (w * (dW[i][j] - mean[i])) / root);
  const gradients = [product(dS, K), product(transpose(dS), Q), product(transpose(weights), used)];
  return { scores: dS, inputs: gradients.map(largest) };
}

/**
 * A small gradient is not zero; only an exact zero is written as one.
 *
 * @param {number} x
 */
function gradientText(x) {
  if (x === 0) return "0";
  return Math.abs(x) < 0.005 ? x.toExponential(0).replaceAll("-", "−") : number(x);
}

/** @param {number} x */
function inSentence(x) {
  if (x === 0) return "exactly 0";
  return Math.abs(x) < 0.0005 ? gradientText(x) : number(x, 3);
}

/**
 * @param {Model<State>} model
 * @param {HTMLElement} node
 * @param {SetTrait<State>} set
 */
function build(model, node, set) {
  const tokens = model.get("tokens");
  const masks = choice("mask", labelsOf(model.get("_rules")), (value) => set("mask", value));
  const targets = { "-1": "all outputs", ...numbered(tokens) };
  const losses = choice("loss on", targets, (value) => set("loss", Number(value)));
  const kinds = choice("gradient of", { scores: "scores", inputs: "inputs" }, (value) =>
    set("of", value === "inputs" ? value : "scores"),
  );
  const grid = matrixGrid(tell);
  const caption = muted();
  const { node: status, say } = statusLine();
  const marks = markLegend("exactly 0", "not 0 for a key of the future");
  /** @type {number[][]} */
  let shown = [];
  node.append(masks.node, losses.node, kinds.node, caption, beside(grid.node), status, marks);

  /**
   * @param {number} i
   * @param {number} j
   */
  function tell(i, j) {
    const what =
      model.get("of") === "inputs"
        ? `${KINDS[i]} of “${tokens[j]}”: largest gradient`
        : `score of query “${tokens[i]}” and key “${tokens[j]}”: gradient`;
    say(`${what} ${inSentence(shown[i][j])}`);
  }

  function verdict() {
    const entries = shown.flat();
    return `${entries.filter((x) => x === 0).length} of ${entries.length} cells are exactly 0.`;
  }

  function showScores() {
    caption.textContent = "How the loss changes with each score.";
    grid.show({
      label: "gradient of the scores: rows are queries, columns are keys",
      rows: tokens,
      columns: tokens,
      axes: ["query ↓", "key →"],
      values: shown,
      format: (x) => gradientText(Number(x)),
      marks: each(shown, (x, i, j) => (x === 0 ? "ruled-out" : j > i ? "leak" : "")),
    });
  }

  function showInputs() {
    caption.textContent = "The largest entry of each word's gradient, without its sign.";
    grid.show({
      label: "gradient of the inputs: rows are kinds of input, columns are words",
      rows: KINDS,
      columns: tokens,
      axes: ["kind ↓", "word →"],
      values: shown,
      format: (x) => gradientText(Number(x)),
      marks: each(shown, (x) => (x === 0 ? "ruled-out" : "")),
    });
  }

  function paint() {
    const of = model.get("of");
    shown = backward(model)[of];
    masks.choose(model.get("mask"));
    losses.choose(String(model.get("loss")));
    kinds.choose(of);
    if (of === "inputs") showInputs();
    else showScores();
    say(verdict());
  }

  paint();
  return { mask: paint, loss: paint, of: paint };
}

export default view("Pattern of the gradient's zeros", build);
