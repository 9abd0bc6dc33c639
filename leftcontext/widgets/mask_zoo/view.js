// @ts-check
// The view of MaskZoo: one mask at a time, its parameter on a slider, everything computed here.

import { choice } from "../shared/controls.js";
import { beside, element, legend, muted, statusLine } from "../shared/dom.js";
import { view } from "../shared/host.js";
import { labelsOf, sees } from "../shared/mask_rules.js";
import { matrixGrid } from "../shared/matrix_grid.js";
import { each, number, softmax } from "../shared/numbers.js";
import { barTable } from "../shared/tables.js";

/** @import { MaskRule, Model, SetTrait } from "../shared/types.d.ts" */
/** @typedef {"length" | "window" | "prefix" | "cut" | "slope" | "trunk"} Parameter */
/**
 * A mask of the zoo as Python describes it: its parameter, the slider's ends, and its rule at each of its
 * places (one rule for all, where the parameter is a penalty).
 *
 * @typedef {{ label: string, parameter: Parameter, low: number, high: number, rules: MaskRule[] }} Kind
 */
/** @typedef {{ tokens: string[], kind: string, query: number, _kinds: Record<string, Kind> }} Fixed */
/** @typedef {Fixed & Record<Parameter, number>} State */

/** @type {Record<Parameter, string>} what the slider says */
const WORDS = {
  length: "real words",
  window: "window",
  prefix: "prefix",
  cut: "words of text 1",
  slope: "slope",
  trunk: "trunk",
};
/** @type {Record<string, string>} */
const CAPTIONS = {
  padding: "Shorter texts of a batch are filled up; nobody may read the filler.",
  window: "Each query sees only so many keys, its own included.",
  prefix: "The prompt is read both ways; what is written after it stays causal.",
  packed: "Two texts share a row; neither may read the other.",
  alibi: "No key is hidden, but the older it is, the lower its score.",
  tree: "Two continuations in one pass; each sees its own ancestors, not its rival.",
};

/**
 * The chosen mask, its rule and its penalty for each step back.
 *
 * @param {Model<State>} model
 */
function chosen(model) {
  const name = model.get("kind");
  const kind = model.get("_kinds")[name];
  const value = model.get(kind.parameter);
  const penalty = kind.parameter === "slope" ? value : 0;
  const rule = kind.parameter === "slope" ? kind.rules[0] : kind.rules[value - kind.low];
  return { name, kind, value, penalty, rule };
}

/**
 * What is added to the score of query i and key j.
 *
 * @param {MaskRule} rule
 * @param {number} penalty
 * @param {number} T
 */
function biasOf(rule, penalty, T) {
  const seen = sees(rule);
  const positions = Array.from({ length: T }, (_, i) => i);
  return positions.map((i) => positions.map((j) => (seen(i, j) ? penalty * (j - i) : -Infinity)));
}

/**
 * What the positions are under a mask: filler, words of the second text, nodes of a branch.
 *
 * @param {string[]} tokens
 * @param {MaskRule} rule
 */
function namesOf(tokens, { length, starts, parents }) {
  if (length !== undefined) return tokens.map((word, i) => (i < length ? word : "(pad)"));
  if (starts) return tokens.map((word, i) => `${starts.filter((start) => start <= i).length}: ${word}`);
  return parents ? nodeNames(parents) : tokens;
}

/**
 * The nodes of a tree that forks once: those of its trunk, and of its branches a and b.
 *
 * @param {number[]} parents
 */
function nodeNames(parents) {
  const second = parents.findIndex((parent, i) => parent !== i - 1); // the first of branch b
  // Without a fork, the last node is branch a.
  const trunk = second < 0 ? parents.length - 1 : parents[second] + 1;
  return parents.map((_, i) => {
    if (i < trunk) return `trunk ${i}`;
    return second >= 0 && i >= second ? `b ${i - second}` : `a ${i - trunk}`;
  });
}

/**
 * @param {number[][]} bias
 * @param {boolean} penalised
 */
function verdict(bias, penalised) {
  const T = bias.length;
  const seen = bias.flat().filter((x) => x !== -Infinity).length;
  const ahead = bias.flatMap((row, i) => row.filter((x, j) => j > i && x !== -Infinity)).length;
  const plain = bias.every((row, i) => row.every((x, j) => x === (j > i ? -Infinity : 0)));
  if (plain) return `${seen} cells: the plain causal mask.`;
  if (penalised) {
    return `No cell is lost; of the last query the first key gets ${number(softmax(bias[T - 1])[0], 4)}.`;
  }
  const note = ahead ? ` ${ahead} of them look ahead, on purpose.` : "";
  return `${seen} cells of ${T * T}; the causal mask has ${(T * (T + 1)) / 2}.${note}`;
}

/**
 * @param {Model<State>} model
 * @param {HTMLElement} node
 * @param {SetTrait<State>} set
 */
function build(model, node, set) {
  const tokens = model.get("tokens");
  const T = tokens.length;
  const kinds = model.get("_kinds");
  const masks = choice("mask", labelsOf(kinds), (kind) => set("kind", kind));
  const slider = element("input", { type: "range" });
  const word = element("span", { className: "lc-word" });
  const readout = element("span", { className: "lc-muted" });
  slider.addEventListener("input", () => set(chosen(model).kind.parameter, slider.valueAsNumber));
  const caption = muted();
  const grid = matrixGrid((i, j) => {
    set("query", i);
    tell(i, j);
  });
  const bars = barTable();
  const { node: status, say } = statusLine();
  /** @type {number[][]} */
  let bias = [];
  /** @type {number[][]} */
  let weights = [];
  let names = tokens;
  const label = element("label", { className: "lc-controls" }, word, slider, readout);
  const marks = legend([
    ["ruled-out", "hidden"],
    ["now", "ahead of the query, on purpose"],
  ]);
  node.append(masks.node, label, caption, beside(grid.node, bars.node), status, marks);

  /**
   * @param {number} i
   * @param {number} j
   */
  function tell(i, j) {
    const penalty = bias[i][j] ? `penalty ${number(bias[i][j])}` : "may be seen";
    const seen = `${penalty}, weight ${number(weights[i][j], 3)} if all scores are equal`;
    say(`query “${names[i]}”, key “${names[j]}”: ${bias[i][j] === -Infinity ? "hidden" : seen}`);
  }

  function showSlider() {
    const { kind, value } = chosen(model);
    const words = WORDS[kind.parameter];
    const step = kind.parameter === "slope" ? 0.25 : 1;
    word.textContent = words;
    Object.assign(slider, { min: kind.low, max: kind.high, step, ariaLabel: words });
    slider.value = String(value);
    readout.textContent = kind.parameter === "slope" ? number(value) : String(value);
  }

  function paint() {
    const { name, kind, penalty, rule } = chosen(model);
    bias = biasOf(rule, penalty, T);
    weights = bias.map(softmax);
    names = namesOf(tokens, rule);
    masks.choose(name);
    showSlider();
    caption.textContent = CAPTIONS[name];
    const seenText = (/** @type {number} */ x) => (kind.parameter === "slope" ? number(x) : "✓");
    grid.show({
      label: `${kind.label}: rows are queries, columns are keys`,
      rows: names,
      columns: names,
      axes: ["query ↓", "key →"],
      values: bias,
      marks: each(bias, (x, i, j) => (x === -Infinity ? "ruled-out" : j > i ? "now" : "")),
      range: [-0.8 * 2 * T, 0.2 * 2 * T],
      format: (x) => (x === -Infinity ? "·" : seenText(Number(x))),
    });
    select();
  }

  function select() {
    const i = model.get("query");
    const seen = bias[i].filter((x) => x !== -Infinity).length;
    grid.select(i);
    bars.show({
      caption: `weights of query “${names[i]}”`,
      names,
      values: weights[i],
      marks: bias[i].map((x) => (x === -Infinity ? "ruled-out" : "")),
      foot: `all scores equal; sees ${seen} of ${T} keys`,
    });
  }

  function changed() {
    paint();
    say(verdict(bias, chosen(model).kind.parameter === "slope"));
  }

  changed();
  const reactions = ["kind", ...Object.keys(WORDS)].map((trait) => [trait, changed]);
  return { query: select, ...Object.fromEntries(reactions) };
}

export default view("Mask zoo", build);
