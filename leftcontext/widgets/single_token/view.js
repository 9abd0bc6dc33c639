// @ts-check
// The view of SingleToken: a query one can drag, the table of its weights, and the weighted sum, arrow after
// arrow.

import { choice, numbered } from "../shared/controls.js";
import { beside, element, statusLine } from "../shared/dom.js";
import { view } from "../shared/host.js";
import { dot, number, product, softmax, sum } from "../shared/numbers.js";
import { barTable } from "../shared/tables.js";
import { firstTwo } from "./drawing.js";
import { queryPlane, valuePlane, vector } from "./planes.js";

/** @import { Model, SetTrait } from "../shared/types.d.ts" */
/** @import { Attention } from "./planes.js" */
/**
 * @typedef {object} State
 * @property {string[]} tokens
 * @property {string[]} components
 * @property {number} query
 * @property {number[][]} queries
 * @property {number[][]} _given the queries as they were at first
 * @property {number[][]} _keys
 * @property {number[][]} _values
 */

const STEP = 0.1; // of the query, by keys and by mouse

/**
 * A vector with as few digits as it needs.
 *
 * @param {number[]} v
 */
const plain = (v) => `(${v.map((x) => String(Number(x.toFixed(2))).replace("-", "−")).join(", ")})`;

/**
 * Scores, weights, and the weighted sum, of the chosen query and the keys up to its own.
 *
 * @param {Model<State>} model
 * @returns {Attention}
 */
function attend(model) {
  const i = model.get("query");
  const query = model.get("queries")[i];
  const keys = model.get("_keys").slice(0, i + 1);
  const values = model.get("_values").slice(0, i + 1);
  const scores = keys.map((key) => dot(query, key));
  const scaled = scores.map((x) => x / Math.sqrt(query.length));
  const weights = softmax(scaled);
  return { i, query, keys, values, scores, scaled, weights, output: product([weights], values)[0] };
}

/**
 * How far the drawing of the query reaches: to all keys and queries as given, and to the query as it is.
 *
 * @param {Model<State>} model
 */
function reachOf(model) {
  const given = [...model.get("_keys"), ...model.get("_given")].flatMap(firstTwo);
  const base = 1.2 * Math.max(...given.map(Math.abs), 0.1);
  const chosen = firstTwo(model.get("queries")[model.get("query")]);
  return Math.ceil(10 * Math.max(base, ...chosen.map(Math.abs))) / 10;
}

/**
 * Two sliders for the first two components of the query.
 *
 * @param {(k: number, x: number) => void} onMove
 */
function querySliders(onMove) {
  const sliders = [0, 1].map((k) => {
    const node = element("input", { type: "range", step: STEP, ariaLabel: `query, component ${k}` });
    node.addEventListener("input", () => onMove(k, node.valueAsNumber));
    return { node, readout: element("span", { className: "lc-muted" }) };
  });
  const nodes = sliders.map(({ node, readout }, k) =>
    element("label", {}, `q${"₀₁"[k]} `, node, " ", readout),
  );

  /**
   * @param {number[]} query
   * @param {number} reach
   */
  function show(query, reach) {
    sliders.forEach(({ node, readout }, k) => {
      Object.assign(node, { min: -reach, max: reach, value: query[k] });
      readout.textContent = number(query[k]);
      node.setAttribute("aria-valuetext", number(query[k]));
    });
  }

  return { nodes, show };
}

/**
 * @param {string} text
 * @param {Node} node
 */
const figure = (text, node) =>
  element("figure", {}, element("figcaption", { className: "lc-muted" }, text), node);

/**
 * @param {Model<State>} model
 * @param {HTMLElement} node
 * @param {SetTrait<State>} set
 */
function build(model, node, set) {
  const tokens = model.get("tokens");
  const components = model.get("components");
  const width = model.get("_keys")[0].length;
  const queries = choice("query", numbered(tokens), (i) => set("query", Number(i)));
  const sliders = querySliders((k, x) => {
    const tip = firstTwo(model.get("queries")[model.get("query")]);
    tip[k] = x;
    move(tip);
  });
  const back = element("button", { type: "button", className: "lc-step" }, "Reset");
  back.addEventListener("click", () => set("queries", model.get("_given")));
  const left = queryPlane(move);
  const right = valuePlane(model.get("_values"));
  const bars = barTable();
  const mixture = element("p", { className: "lc-sum" });
  const { node: status, say } = statusLine();
  const more = width > 2 ? "; its other components stay" : "";
  const planes = [
    figure(`The thick arrow is the query: drag its tip${more}.`, left.node),
    figure(`weight × value: → ${components[0]}, ↑ ${components[1]}`, right.node),
  ];
  node.append(
    queries.node,
    element("div", { className: "lc-controls" }, ...sliders.nodes, back),
    element("div", { className: "lc-columns lc-planes" }, ...planes),
    beside(bars.node),
    mixture,
    status,
  );

  /** @param {[number, number]} tip */
  function move(tip) {
    const i = model.get("query");
    const end = reachOf(model);
    const fit = tip.map((x) => {
      const inside = Math.max(-end, Math.min(end, x));
      return Number((Math.round(inside / STEP) * STEP).toFixed(1));
    });
    const moved = model.get("queries").map((row, k) => (k === i ? [...fit, ...row.slice(2)] : row));
    set("queries", moved);
  }

  /** @param {Attention} attention */
  function describe({ i, query, weights, output }) {
    const top = weights.indexOf(Math.max(...weights));
    const shown = output.map((x, k) => `${components[k]} ${number(x)}`).join(", ");
    return (
      `“${tokens[i]}”, query ${vector(query)}: reads ${i + 1} of ${tokens.length} keys, ` +
      `most of all “${tokens[top]}” (${number(weights[top])}). Output: ${shown}.`
    );
  }

  /** @param {Attention} attention */
  function showBars({ i, scores, scaled, weights }) {
    bars.show({
      caption: `the keys that “${tokens[i]}” reads`,
      names: tokens,
      values: tokens.map((_, j) => weights[j] ?? 0),
      hidden: "not read yet",
      marks: tokens.map((_, j) => (j > i ? "ruled-out" : "")),
      kind: ["key", "q·k", `÷ √${width}`, "weight"],
      before: tokens.map((_, j) => (j > i ? ["", ""] : [number(scores[j]), number(scaled[j])])),
      foot: `weights sum to ${number(sum(weights))}`,
    });
  }

  function paint() {
    const attention = attend(model);
    const { i, query, weights, values, output } = attention;
    const reach = reachOf(model);
    queries.choose(String(i));
    sliders.show(query, reach);
    left.show(attention, tokens, reach);
    right.show(attention, tokens);
    showBars(attention);
    const terms = weights.map((w, j) => `${number(w)}·${plain(values[j])}`);
    mixture.textContent = `${terms.join(" + ")} = ${vector(output)}`;
    say(describe(attention));
  }

  paint();
  return { query: paint, queries: paint };
}

export default view("A single token", build);
