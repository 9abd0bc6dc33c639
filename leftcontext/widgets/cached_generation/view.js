// @ts-check
// The view of CachedGeneration: a step is one more token; it is decoded both ways, and both are counted.

import { choice, stepper } from "../shared/controls.js";
import { beside, element, legend, statusLine } from "../shared/dom.js";
import { view } from "../shared/host.js";
import { sees } from "../shared/mask_rules.js";
import { matrixGrid } from "../shared/matrix_grid.js";
import { each, number } from "../shared/numbers.js";
import { numberTable } from "../shared/tables.js";
import { attend, attendAgain, work } from "./work.js";

/** @import { MaskRule, Model, SetTrait } from "../shared/types.d.ts" */
/**
 * @typedef {object} State
 * @property {string[]} tokens
 * @property {string[]} components
 * @property {number} step
 * @property {boolean} cached
 * @property {MaskRule} _rule
 * @property {number[][]} _queries
 * @property {number[][]} _keys
 * @property {number[][]} _values
 */

const WAYS = { cached: "with a cache", again: "without" };

/**
 * @param {number} x
 * @param {string} what
 */
const count = (x, what) => `${x} ${what}${x === 1 ? "" : "s"}`;

/** @param {number[]} row */
const vector = (row) => `(${row.map((entry) => number(entry, 1)).join(", ")})`;

/**
 * @param {Model<State>} model
 * @param {HTMLElement} node
 * @param {SetTrait<State>} set
 */
function build(model, node, set) {
  const tokens = model.get("tokens");
  const T = tokens.length;
  const [Q, K, V] = [model.get("_queries"), model.get("_keys"), model.get("_values")];
  const seen = sees(model.get("_rule"));
  const ways = choice("decode", WAYS, (way) => set("cached", way === "cached"));
  const walk = stepper("tokens so far", T, (step) => set("step", step));
  const text = element("p", {});
  const grid = matrixGrid(tell);
  const cache = numberTable();
  const bill = numberTable();
  const { node: status, say } = statusLine();
  let times = timesOf();
  const tables = element("div", { className: "lc-stack" }, bill.node, cache.node);
  const marks = legend([
    ["now", "computed in this step"],
    ["ruled-out", "hidden by the mask: never computed"],
    ["unfilled", "not computed yet"],
  ]);
  node.append(ways.node, walk.node, text, beside(grid.node, tables), status, marks);

  /** How often each score has been computed by now. */
  function timesOf() {
    const n = model.get("step");
    const cached = model.get("cached");
    /** @param {number} i */
    const ofRow = (i) => (cached ? Number(i < n) : Math.max(n - i, 0));
    return Q.map((_, i) => K.map((_, j) => (seen(i, j) ? ofRow(i) : 0)));
  }

  /**
   * @param {number} i
   * @param {number} j
   */
  function tell(i, j) {
    const what = seen(i, j) ? `computed ${count(times[i][j], "time")}` : "hidden by the mask, never computed";
    say(`score of query “${tokens[i]}” and key “${tokens[j]}”: ${what}`);
  }

  /**
   * @param {number} n
   * @param {boolean} cached
   */
  function verdict(n, cached) {
    if (!n) return "No token yet. Press Next.";
    const { scores } = work(n);
    const [now, soFar] = cached ? scores.cached : scores.again;
    return `“${tokens[n - 1]}”: ${count(now, "score")} in this step, ${soFar} so far.`;
  }

  /**
   * @param {number} n
   * @param {boolean} cached
   */
  function paintGrid(n, cached) {
    times = timesOf();
    /**
     * @param {number} i
     * @param {number} j
     */
    function markOf(i, j) {
      if (!seen(i, j)) return "ruled-out";
      if (!times[i][j]) return "unfilled";
      return !cached || i === n - 1 ? "now" : "";
    }
    grid.show({
      label: "how often each score has been computed: rows are queries, columns are keys",
      rows: tokens,
      columns: tokens,
      axes: ["query ↓", "key →"],
      values: times,
      range: [0, T],
      format: (x) => (x ? String(x) : ""),
      marks: each(times, (_, i, j) => markOf(i, j)),
    });
  }

  /**
   * @param {number} n
   * @param {boolean} cached
   */
  function paintTables(n, cached) {
    cache.show({
      caption: cached
        ? `KV cache: ${count(n, "row")}`
        : `keys and values, computed again: ${count(n, "row")}`,
      columns: ["token", "key", "value"],
      rows: tokens.slice(0, n).map((name, t) => [name, vector(K[t]), vector(V[t])]),
    });
    const { scores, rows } = work(n);
    /**
     * @param {string} name
     * @param {typeof scores} costs
     */
    const line = (name, { cached, again }) => [name, String(cached[1]), String(again[1])];
    bill.show({
      caption: "work so far",
      columns: ["computed", "cache", "without"],
      rows: [line("scores", scores), line("rows of Q, K, V", rows)],
    });
  }

  /**
   * The newest output as this way of decoding computes it; the other way has to find the same.
   *
   * @param {number} n
   * @param {boolean} cached
   */
  function newest(n, cached) {
    if (!n) return "What has to be computed for the next token?";
    const components = model.get("components");
    const kept = attend(Q[n - 1], K.slice(0, n), V.slice(0, n));
    const fromScratch = attendAgain(Q.slice(0, n), K, V);
    const same = kept.every((x, k) => Math.abs(x - fromScratch[k]) < 1e-12);
    const shown = (cached ? kept : fromScratch).map((x, k) => `${components[k]}: ${number(x)}`).join(", ");
    return `Output of “${tokens[n - 1]}”: ${shown}, ${same ? "the same" : "not the same"} both ways.`;
  }

  function paint() {
    const n = model.get("step");
    const cached = model.get("cached");
    ways.choose(cached ? "cached" : "again");
    walk.show(n, T, count(n, "token"));
    paintGrid(n, cached);
    paintTables(n, cached);
    text.textContent = newest(n, cached);
    say(verdict(n, cached));
  }

  paint();
  return { step: paint, cached: paint };
}

export default view("Generation with a cache", build);
