// @ts-check
// The view of AttentionMap: every number on it is computed here, so that it repaints at once and needs no
// kernel.

import { choice } from "../shared/controls.js";
import { beside, element, markLegend, muted, statusLine } from "../shared/dom.js";
import { view } from "../shared/host.js";
import { labelsOf, leakVerdict } from "../shared/mask_rules.js";
import { matrixGrid } from "../shared/matrix_grid.js";
import { number, sum } from "../shared/numbers.js";
import { barTable } from "../shared/tables.js";
import { attention } from "./attention.js";
import { largeGrid } from "./large_grid.js";
import { sentenceField } from "./sentence_field.js";

/** @import { LeakTexts, MaskRule, Model, SetTrait } from "../shared/types.d.ts" */
/** @import { Arrays, Seen, Stages } from "./attention.js" */
/** @typedef {"scores" | "scaled" | "masked" | "weights" | "output"} Stage */
/**
 * @typedef {object} State
 * @property {string} sentence
 * @property {string[]} tokens
 * @property {string[]} components
 * @property {string} mask
 * @property {string[]} masks
 * @property {Stage} stage
 * @property {number} query
 * @property {number[][]} _queries
 * @property {number[][]} _keys
 * @property {number[][]} _values
 * @property {(number | null)[][]} _own_mask
 * @property {Record<string, MaskRule>} _rules
 * @property {LeakTexts} _leak_texts
 * @property {Record<string, number[][]>} _words
 */

/** @type {Record<Stage, string>} */
const STAGES = {
  scores: "Every query times every key.",
  scaled: "The scores, divided by the root of the width d.",
  masked: "The mask adds −∞ where a key may not be seen.",
  weights: "Each row through softmax: it sums to 1, and −∞ has become exactly 0.",
  output: "Each row is a weighted mean of the values.",
};
/** @type {Partial<Record<Stage, string>>} what is true when 0 stands in place of −∞ */
const WITH_ZERO = {
  masked: "0 is written where a key should not be seen; −∞ was meant.",
  weights: "Each row through softmax: it sums to 1, and a score of 0 still gets a weight.",
};
/** @type {Partial<Record<Stage, string>>} what is true without a mask */
const WITHOUT_MASK = {
  masked: "No mask: the scores stay as they are.",
  weights: "Each row through softmax: it sums to 1, and every key gets a weight.",
};
/** @type {Record<string, Partial<Record<Stage, string>>>} what is true under some masks only */
const UNDER = { zero: WITH_ZERO, none: WITHOUT_MASK };
const FORMULA = ["softmax(", "Q Kᵀ", " / √d", " + mask", ")", " V"];
/** @type {Record<Stage, number[]>} the parts of the formula that a stage has computed */
const PARTS = {
  scores: [1],
  scaled: [1, 2],
  masked: [1, 2, 3],
  weights: [0, 1, 2, 3, 4],
  output: [0, 1, 2, 3, 4, 5],
};
/** @type {Record<string, string>} */
const NOTES = {
  leak: " – a leak: this key lies in the future",
  "ruled-out": " – hidden by the mask",
  "": "",
};

const LARGE = 10; // keys; beyond, there is no room for numbers, and the map is drawn on a canvas
const BARS = 16; // bars there may be; of more weights,
const HEAVIEST = 8; // so many are shown

/**
 * One cell in a sentence, for the eyes of those who look at it and the ears of those who do not.
 *
 * @param {Stage} stage
 * @param {Stages & Seen} result
 * @param {[i: number, j: number]} cell
 * @param {[query: string, key: string]} names the second is a component's in the stage "output"
 */
function sentence(stage, result, [i, j], [query, key]) {
  const x = number(result[stage][i][j], 3);
  const pair = `query “${query}”, key “${key}”:`;
  const note = NOTES[result.marks[i]?.[j] ?? ""];
  return {
    scores: `${pair} score ${x}`,
    scaled: `${pair} scaled score ${x}`,
    masked: `${pair} masked score ${x}${note}`,
    weights: `query “${query}” attends to key “${key}”: weight ${x}${note}`,
    output: `output of “${query}”, ${key}: ${x}`,
  }[stage];
}

/**
 * The query that is shown first, a row with keys on both sides: every mask changes it. `middle` of widget.py.
 *
 * @param {number} queries how many there are
 */
const middle = (queries) => Math.floor((queries - 1) / 2);

/**
 * The keys whose weights are shown as bars: all, or the heaviest, in the order of the text.
 *
 * @param {ArrayLike<number>} weights
 */
function heaviest(weights) {
  const all = Array.from({ length: weights.length }, (_, j) => j);
  if (all.length <= BARS) return all;
  const order = all.sort((a, b) => weights[b] - weights[a]);
  return order.slice(0, HEAVIEST).sort((a, b) => a - b);
}

/**
 * The weights of one query and its output, as bars.
 *
 * @param {Stages & Seen} result
 * @param {number} i
 * @param {string} asker
 * @param {string[]} called
 * @param {string[]} components
 */
function barsOf(result, i, asker, called, components) {
  const row = Array.from(result.weights[i]);
  const shown = heaviest(row);
  const some = shown.length < row.length;
  /**
   * @template Item
   * @param {Item[]} list
   */
  const of = (list) => shown.map((j) => list[j]);
  const named = components.some((name, k) => name !== String(k));
  const output = Array.from(result.output[i], (x, k) => (named ? `${components[k]} ` : "") + number(x));
  const rest = some ? `all others together: ${number(sum(row) - sum(of(row)))}; ` : "";
  return {
    caption: `weights of query “${asker}”${some ? `: the ${shown.length} largest of ${row.length}` : ""}`,
    names: of(called),
    values: of(row),
    marks: of(result.marks[i]),
    full: (row.length > LARGE && Math.max(...of(row))) || 1,
    foot: `${rest}output: ${output.join(", ")}`,
  };
}

/**
 * A map of one sentence; another one gets another map.
 *
 * @param {Model<State>} model
 * @param {HTMLElement} node
 * @param {SetTrait<State>} set
 * @param {string[]} keys
 * @param {Arrays} arrays
 */
function mapOf(model, node, set, keys, arrays) {
  const components = model.get("components");
  const large = keys.length > LARGE;
  const twice = (/** @type {string} */ word) => keys.indexOf(word) !== keys.lastIndexOf(word);
  const called = keys.map((word, j) => (twice(word) ? `${word} ${j}` : word)); // which “the”?
  const offset = keys.length - arrays.queries.length;
  const queries = keys.slice(offset);
  const rules = model.get("_rules");
  const labels = labelsOf(Object.fromEntries(model.get("masks").map((name) => [name, rules[name]])));
  const masks = choice("mask", labels, (mask) => set("mask", mask));
  const names = Object.fromEntries(Object.keys(STAGES).map((name) => [name, name]));
  const stages = choice("stage", names, (stage) => set("stage", /** @type {Stage} */ (stage)));
  const formula = element("p", { className: "lc-formula" });
  const caption = muted();
  const { result, attend } = attention(model, arrays);
  const grid = large ? largeGrid(enter, describe) : matrixGrid(enter);
  const bars = barTable();
  const { node: status, say } = statusLine();
  const unmarked = queries.map(() => Array(Math.max(keys.length, components.length)).fill(""));
  node.classList.toggle("lc-wide", large);
  const matrices = beside(grid.node, bars.node);
  node.replaceChildren(masks.node, stages.node, formula, caption, matrices, status, markLegend());

  /**
   * @param {number} i
   * @param {number} j
   */
  function describe(i, j) {
    const stage = model.get("stage");
    return sentence(
      stage,
      result,
      [i, j],
      [called[i + offset], (stage === "output" ? components : called)[j]],
    );
  }

  /**
   * @param {number} i
   * @param {number} j
   */
  function enter(i, j) {
    set("query", i);
    say(describe(i, j));
  }

  function verdict() {
    return leakVerdict(model.get("_leak_texts"), result.leaks, result.future);
  }

  /** @param {Stage} stage */
  function explain(stage) {
    formula.replaceChildren(
      ...FORMULA.map((part, k) => element(PARTS[stage].includes(k) ? "b" : "span", {}, part)),
    );
    caption.textContent = UNDER[model.get("mask")]?.[stage] ?? STAGES[stage];
    if (large && stage === "weights") caption.append(" The colour follows the root of a weight.");
  }

  function paint() {
    const stage = model.get("stage");
    const kind = stage === "output" ? "component" : "key";
    attend();
    masks.choose(model.get("mask"));
    stages.choose(stage);
    explain(stage);
    grid.show({
      label: `${stage}: rows are queries, columns are ${kind}s`,
      rows: queries,
      columns: stage === "output" ? components : keys,
      axes: ["query ↓", `${kind} →`],
      values: result[stage],
      marks: stage === "masked" || stage === "weights" ? result.marks : unmarked,
      ...(stage === "weights" ? { range: [0, 1], tone: Math.sqrt } : {}),
    });
    select();
  }

  function select() {
    const i = Math.min(model.get("query"), queries.length - 1);
    grid.select(i);
    bars.show(barsOf(result, i, called[i + offset], called, components));
  }

  paint();
  say(verdict());
  return {
    mask() {
      paint();
      say(`mask ${rules[model.get("mask")].label}: ${verdict()}`);
    },
    stage() {
      paint();
      say(caption.textContent ?? "");
    },
    query: select,
  };
}

/**
 * @param {Model<State>} model
 * @param {HTMLElement} node
 * @param {SetTrait<State>} set
 */
function build(model, node, set) {
  const words = model.get("_words");
  const typed = Object.keys(words).length > 0;
  const map = element("div");
  const field = sentenceField(words, (text) => set("sentence", text));
  node.append(...(typed ? [field.node] : []), map);

  /** @param {string[]} tokens */
  function arraysOf(tokens) {
    if (!typed) return [model.get("_queries"), model.get("_keys"), model.get("_values")];
    return [0, 1, 2].map((k) => tokens.map((word) => words[word][k]));
  }

  function read() {
    const text = model.get("sentence");
    const tokens = typed ? text.split(" ") : model.get("tokens");
    const [queries, keys, values] = arraysOf(tokens);
    field.show(text);
    return mapOf(model, map, set, tokens, { queries, keys, values });
  }

  let shown = read();
  return {
    sentence() {
      shown = read();
      set("query", middle(model.get("sentence").split(" ").length));
    },
    mask: () => shown.mask(),
    stage: () => shown.stage(),
    query: () => shown.query(),
  };
}

export default view("Attention map", build);
