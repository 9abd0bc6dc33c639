// @ts-check
// The view of Heads: small maps side by side, and below them what a merged row is made of.

import { choice } from "../shared/controls.js";
import { element, markLegend, quoted, statusLine } from "../shared/dom.js";
import { view } from "../shared/host.js";
import { labelsOf } from "../shared/mask_rules.js";
import { matrixGrid } from "../shared/matrix_grid.js";
import { each, number, product } from "../shared/numbers.js";
import { looksAhead, meanOf, sourceOf, weightsOf } from "./merging.js";

/** @import { Model, SetTrait } from "../shared/types.d.ts" */
/** @import { HeadState } from "./merging.js" */
/**
 * @typedef {object} ViewState
 * @property {string[]} tokens
 * @property {string[]} names
 * @property {string} merge
 * @property {number} query
 * @property {number[][][]} _values
 */
/** @typedef {ViewState & HeadState} State */

const MERGES = { side_by_side: "side by side", reshape: "reshape alone" };

/** A table of what a row reads: a column for each part, each number with its bar behind it. */
function partTable() {
  const node = element("table", { className: "lc-numbers lc-parts" });

  /** @param {{ caption: string, columns: string[], keys: string[], parts: number[][], i: number }} content */
  function show({ caption, columns, keys, parts, i }) {
    /**
     * @param {number} w
     * @param {number} j
     */
    function cell(w, j) {
      const future = w ? "leak" : "ruled-out";
      const node = element("td", { className: j > i ? future : "" }, number(w));
      node.style.setProperty("--lc-share", `${100 * w}%`);
      return node;
    }
    const head = ["key", ...columns].map((name) => element("th", { scope: "col" }, name));
    const rows = keys.map((key, j) => {
      const cells = parts.map((row) => cell(row[j], j));
      return element("tr", {}, element("th", { scope: "row" }, key), ...cells);
    });
    node.replaceChildren(element("caption", {}, caption), element("tr", {}, ...head), ...rows);
  }

  return { node, show };
}

/**
 * @param {Model<State>} model
 * @param {HTMLElement} node
 * @param {SetTrait<State>} set
 */
function build(model, node, set) {
  const [tokens, names] = [model.get("tokens"), model.get("names")];
  const [T, H] = [tokens.length, names.length];
  const titles = [...names, "mean"];
  const masks = choice("mask", labelsOf(model.get("_rules")), (mask) => set("mask", mask));
  const merges = choice("merge", MERGES, (merge) => set("merge", merge));
  const maps = titles.map((_, h) =>
    matrixGrid((i, j) => {
      set("query", i);
      tellWeight(h, i, j);
    }),
  );
  const figures = maps.map(({ node }, h) =>
    element("figure", {}, element("figcaption", {}, titles[h]), node),
  );
  const rows = matrixGrid((i, b) => {
    set("query", i);
    tellPart(i, b);
  });
  const table = partTable();
  const { node: status, say } = statusLine();
  const title = element("figcaption", { className: "lc-muted" }, "merged rows: head · word of each output");
  const merged = element("figure", {}, title, rows.node);
  node.append(
    ...(model.get("_weights").length ? [] : [masks.node]),
    element("div", { className: "lc-columns lc-heads" }, ...figures),
    merges.node,
    element("div", { className: "lc-columns lc-merged" }, merged, table.node),
    status,
    markLegend("hidden by the mask", "of the future, and it can be seen"),
  );
  let weights = weightsOf(model);

  /** @param {number} n a place in the memory of the heads' outputs (H, T) */
  const spell = (n) => `${Math.floor(n / T)} · ${tokens[n % T]}`;
  /**
   * @param {number} i
   * @param {number} b
   */
  const source = (i, b) => sourceOf([i, b], H, T, model.get("merge"));
  /**
   * @param {number} i
   * @param {number} b
   */
  function partOf(i, b) {
    const [h, position] = source(i, b);
    return weights[h][position];
  }
  /**
   * @param {number} i
   * @param {number} b
   */
  function inMemory(i, b) {
    const [h, position] = source(i, b);
    return h * T + position;
  }
  /**
   * @template Part
   * @param {number} i
   * @param {(i: number, b: number) => Part} f
   */
  const ofParts = (i, f) => names.map((_, b) => f(i, b));

  /**
   * @param {number} h
   * @param {number} i
   * @param {number} j
   */
  function tellWeight(h, i, j) {
    const w = (weights[h] ?? meanOf(weights))[i][j];
    const future = w ? " – a leak" : " – hidden by the mask";
    const note = j > i ? future : "";
    say(`${titles[h]}: “${tokens[i]}” attends to “${tokens[j]}”: weight ${number(w, 3)}${note}`);
  }

  /**
   * @param {number} i
   * @param {number} b
   */
  function tellPart(i, b) {
    const [h, position] = source(i, b);
    const row = weights[h][position];
    const values = model.get("_values")[h];
    const output = values
      ? ` (${product([row], values)[0]
          .map((x) => number(x))
          .join(", ")})`
      : "";
    const misplaced = position === i && h === b ? "" : " – misplaced";
    const note = looksAhead(row, i) ? " – a leak" : misplaced;
    say(`row “${tokens[i]}”, part ${b}: the output of ${names[h]} at “${tokens[position]}”${output}${note}`);
  }

  function verdict() {
    const leaking = tokens.filter((_, i) => ofParts(i, partOf).some((row) => looksAhead(row, i)));
    const misplaced = model.get("merge") === "reshape" && H > 1 && T > 1;
    const causal = !weights.some((head) => head.some(looksAhead));
    const why = misplaced && causal ? ", though every head is causal" : "";
    if (leaking.length) {
      return `${leaking.length} of ${T} merged rows read their future, ${quoted(leaking)}: a leak${why}.`;
    }
    return `No merged row reads its future${misplaced ? ", but outputs stand in rows of other words" : ""}.`;
  }

  function paintMaps() {
    maps.forEach((map, h) => {
      const values = weights[h] ?? meanOf(weights);
      map.show({
        label: `weights of ${titles[h]}: rows are queries, columns are keys`,
        rows: tokens,
        columns: tokens,
        axes: ["", ""],
        values,
        marks: each(values, (w, i, j) => (j > i ? (w ? "leak" : "ruled-out") : "")),
        range: [0, 1],
        compact: true,
      });
    });
  }

  function paint() {
    weights = weightsOf(model);
    masks.choose(model.get("mask"));
    merges.choose(model.get("merge"));
    paintMaps();
    rows.show({
      label: "merged rows: rows are positions, columns are parts",
      rows: tokens,
      columns: names.map((_, b) => `part ${b}`),
      axes: ["row ↓", ""],
      values: tokens.map((_, i) => ofParts(i, inMemory)),
      range: [0, H * T],
      format: (n) => spell(Number(n)),
      marks: tokens.map((_, i) => ofParts(i, (i, b) => (looksAhead(partOf(i, b), i) ? "leak" : ""))),
    });
    select();
  }

  function select() {
    const i = model.get("query");
    const parts = ofParts(i, partOf);
    const titled = model.get("merge") === "reshape" ? ofParts(i, (i, b) => spell(inMemory(i, b))) : names;
    for (const grid of [...maps, rows]) grid.select(i);
    table.show({
      caption: `what the merged row of “${tokens[i]}” reads`,
      keys: tokens,
      i,
      columns: [...titled, "mean"],
      parts: [...parts, tokens.map((_, j) => parts.reduce((total, row) => total + row[j], 0) / H)],
    });
  }

  function changed() {
    paint();
    say(verdict());
  }

  changed();
  return { mask: changed, merge: changed, query: select };
}

export default view("Heads", build);
