// @ts-check
// The view of Sampling: three sliders, and the words that can still be drawn.

import { choice, slider } from "../shared/controls.js";
import { beside, legend, muted, statusLine } from "../shared/dom.js";
import { view } from "../shared/host.js";
import { number, percent, sum } from "../shared/numbers.js";
import { barTable } from "../shared/tables.js";
import { likeliest, narrowed } from "./draw.js";

/** @import { Model, SetTrait } from "../shared/types.d.ts" */
/**
 * @typedef {object} State
 * @property {string[]} words
 * @property {string[]} prompts
 * @property {string} prompt
 * @property {number} temperature
 * @property {number} top_k
 * @property {number} top_p
 * @property {Record<string, number[]>} _exact
 * @property {number} _tail
 * @property {Record<"temperature" | "top_k" | "top_p", [low: number, high: number]>} _limits
 */

const SHOWN = 14; // bars; the other words are added up in one sentence

/** @param {Model<State>} model */
function compute(model) {
  const exact = model.get("_exact")[model.get("prompt")];
  const tail = model.get("_tail");
  const before = exact.map((p) => (1 - tail) * p + tail / exact.length);
  const settings = {
    temperature: model.get("temperature"),
    topK: model.get("top_k"),
    topP: model.get("top_p"),
  };
  return { before, after: narrowed(before, settings), legal: exact.map((p) => p > 0) };
}

/**
 * @param {Model<State>} model
 * @param {HTMLElement} node
 * @param {SetTrait<State>} set
 */
function build(model, node, set) {
  const words = model.get("words");
  const limits = model.get("_limits");
  const offered = Object.fromEntries(model.get("prompts").map((text) => [text, `${text} …`]));
  const prompts = choice("prompt", offered, (text) => set("prompt", text));
  const temperature = slider("temperature", [...limits.temperature, 0.1], (x) => set("temperature", x));
  const topK = slider("top-k", [...limits.top_k, 1], (k) => set("top_k", k));
  const topP = slider("top-p", [...limits.top_p, 0.05], (p) => set("top_p", p));
  const bars = barTable();
  const { node: status, say } = statusLine();
  const note = muted(
    "First temperature, then top-k, then top-p. The probabilities are those of the little language, " +
      `and ${percent(model.get("_tail"))} are spread over all ${words.length} words, ` +
      "for a trained model gives each of them something.",
  );
  const marks = legend([
    ["leak", "not grammatical here"],
    ["ruled-out", "cut off by top-k or top-p"],
  ]);
  node.append(prompts.node, temperature.node, topK.node, topP.node, beside(bars.node), status, note, marks);

  /**
   * @param {number[]} after
   * @param {boolean[]} legal
   */
  function verdict(after, legal) {
    const kept = after.filter((p) => p > 0).length;
    const wrong = sum(after.filter((_, k) => !legal[k]));
    const best = likeliest(after)[0];
    return (
      `${kept} of ${words.length} words can be drawn; “${words[best]}” with probability ` +
      `${number(after[best])}, an ungrammatical word with ${number(wrong, 3)}.`
    );
  }

  /** @param {number} token */
  const mark = (token, /** @type {number[]} */ after, /** @type {boolean[]} */ legal) => {
    if (after[token] === 0) return "ruled-out";
    return legal[token] ? "" : "leak";
  };

  function paint() {
    const { before, after, legal } = compute(model);
    const order = likeliest(before);
    const [shown, rest] = [order.slice(0, SHOWN), order.slice(SHOWN)];
    const k = model.get("top_k");
    const p = model.get("top_p");
    prompts.choose(model.get("prompt"));
    temperature.show(model.get("temperature"), number(model.get("temperature"), 1));
    topK.show(k, k < words.length ? String(k) : `${k}: all`);
    topP.show(p, p < 1 ? number(p) : "1: all");
    bars.show({
      caption: `the word after “${model.get("prompt")}”`,
      names: shown.map((token) => words[token]),
      values: shown.map((token) => after[token]),
      marks: shown.map((token) => mark(token, after, legal)),
      kind: ["word", "model", "now"],
      before: shown.map((token) => [number(before[token], 3)]),
      format: (x) => number(x, 3),
      hidden: "cut off",
      full: Math.max(...after),
      foot: `${rest.length} other words together: ${number(sum(rest.map((token) => after[token])), 3)}`,
    });
    say(verdict(after, legal));
  }

  paint();
  return { prompt: paint, temperature: paint, top_k: paint, top_p: paint };
}

export default view("Sampling", build);
