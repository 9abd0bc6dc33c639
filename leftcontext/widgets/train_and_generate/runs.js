// @ts-check
// What a training has come to: its text, the attention of its heads, and a verdict on its last loss.

import { choice } from "../shared/controls.js";
import { element, markLegend, muted } from "../shared/dom.js";
import { matrixGrid } from "../shared/matrix_grid.js";
import { each, number, percent, sum } from "../shared/numbers.js";

/** @import { Use } from "./combinations.js" */

/**
 * A training under one mask, as `runs` of widget.py describes it.
 *
 * @typedef {object} Run
 * @property {number[]} steps
 * @property {number[]} losses
 * @property {string[]} words
 * @property {number} legal words before the first illegal one
 * @property {number} after steps before the text was written
 * @property {number | null} share of legal texts; null until the training is over
 * @property {number | null} [leaks]
 * @property {number[][][][]} [weights] (layers, heads, T, T)
 * @property {boolean[][]} allowed
 * @property {Record<string, Use>} [used] by the mask used while writing
 */

const PAIRS = 120; // of an output and a token of its future, in a window of 16
/** @type {Record<string, string>} layer.head, counted from 0 and from 1 */
const HEADS = { "0.0": "1.1", 0.1: "1.2", "1.0": "2.1", 1.1: "2.2" };

/**
 * A text of the model: a straight line under its words up to the first illegal one, from there a wavy one.
 *
 * @param {string} mask
 * @param {string} label
 * @param {Run} run
 * @param {{ label: string, text: Use } | undefined} other what was written under another mask
 */
export function sampleText(mask, label, run, other) {
  const { words: written, legal, share: legalShare } = other?.text ?? run;
  const words = written.flatMap((word, k) => [element(k < legal ? "u" : "s", {}, word), " "]);
  const wrong = written[legal];
  const verdict = wrong === undefined ? "every word is legal" : `first illegal word: “${wrong}”`;
  const share = legalShare === null ? "" : ` Of 200 texts, ${percent(legalShare)} are legal in every word.`;
  return element(
    "div",
    { className: "lc-sample" },
    element(
      "p",
      { className: `lc-title ${mask}` },
      `${label}, after ${run.after} steps${other ? `, used with ${other.label}` : ""}`,
    ),
    element("p", { className: "lc-words" }, ...words),
    muted(`${verdict}.${share}`),
  );
}

/**
 * The attention of one head to the course's sentence. Until a reader chooses a head, it is the one in which
 * the last word looks most at the noun that the verb must agree with, or, where the future is seen, the one
 * that looks most ahead.
 *
 * @param {string[]} tokens
 * @param {(text: string) => void} say
 */
export function headMap(tokens, say) {
  const heads = choice("head", HEADS, (of) => {
    chosen = of;
    if (shown) paint(shown, shown.weights ?? []);
  });
  /** @type {number[][]} */
  let weights = [];
  const grid = matrixGrid((i, j) =>
    say(`query “${tokens[i]}” attends to key “${tokens[j]}”: weight ${number(weights[i][j], 3)}`),
  );
  const node = element("div", {}, heads.node, grid.node, markLegend());
  const noun = tokens.indexOf("dogs");
  /** @type {Run | undefined} */
  let shown;
  let chosen = "";

  /**
   * @param {number[][][][]} all
   * @param {string} head
   */
  function matrixOf(all, head) {
    const [layer, of] = head.split(".").map(Number);
    return all[layer][of];
  }

  /**
   * @param {number[][][][]} all
   * @param {boolean} ahead
   */
  function bestHead(all, ahead) {
    /** @param {string} head */
    function merit(head) {
      const matrix = matrixOf(all, head);
      return ahead ? sum(matrix.map((row, i) => row[i + 1] ?? 0)) : matrix[matrix.length - 1][noun];
    }
    return Object.keys(HEADS).reduce((a, b) => (merit(b) > merit(a) ? b : a));
  }

  /**
   * @param {Run} run
   * @param {number[][][][]} all
   */
  function paint({ allowed }, all) {
    const ahead = allowed.some((row, i) => row.some((seen, j) => seen && j > i));
    const head = chosen || bestHead(all, ahead);
    weights = matrixOf(all, head);
    heads.choose(head);
    grid.show({
      label: `attention weights of head ${HEADS[head]}: rows are queries, columns are keys`,
      rows: tokens,
      columns: tokens,
      axes: ["query ↓", "key →"],
      values: weights,
      range: [0, 1],
      marks: each(weights, (_, i, j) => (allowed[i][j] ? (j > i ? "leak" : "") : "ruled-out")),
    });
  }

  /** @param {Run} [run] */
  function show(run) {
    node.hidden = !run?.weights;
    if (!run?.weights) return;
    shown = run;
    paint(run, run.weights);
  }

  return { node, show };
}

/**
 * Whether a loss is below the entropy by more than chance.
 *
 * @param {number} loss
 * @param {number} entropy
 */
export const hasSeenAnswers = (loss, entropy) => loss < entropy - 0.1;

/**
 * What a last loss says, and what the leak test then does where it finds a leak. The mean of some 5,000
 * tokens may miss the entropy by a few hundredths without any leak.
 *
 * @param {number} loss
 * @param {number} entropy
 */
function lossSays(loss, entropy) {
  if (hasSeenAnswers(loss, entropy)) return ["below the entropy: it has seen the answers.", "agrees"];
  if (loss < entropy - 0.04) return ["a little below the entropy: chance, or a small leak?", "decides"];
  return ["not below the entropy: no sign of a leak.", "sees one all the same"];
}

/**
 * @param {string} label of the mask
 * @param {Run} run
 * @param {number} entropy
 */
export function verdict(label, { losses, share, leaks }, entropy) {
  if (!losses.length) return `${label}: stopped before the first step.`;
  const loss = losses[losses.length - 1];
  const [says, test] = lossSays(loss, entropy);
  const text = `${label}: ${share === null ? "stopped at" : "trained to"} loss ${number(loss)}, ${says}`;
  if (leaks === null || leaks === undefined) return text;
  if (!leaks) return `${text} The leak test finds none${test === "decides" ? "" : " either"}.`;
  const found = `a later token moves an earlier output in ${leaks} of ${PAIRS} pairs`;
  return `${text} The leak test ${test}: ${found}.`;
}
