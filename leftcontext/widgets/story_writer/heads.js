// @ts-check
// What the heads look at in the prompt: how much of each head goes to the first token, and the map of one.

import { largeGrid } from "../attention_map/large_grid.js";
import { element, muted } from "../shared/dom.js";
import { matrixGrid } from "../shared/matrix_grid.js";
import { each, number, percent, sum } from "../shared/numbers.js";

/** @import { Mask } from "../train_and_generate/layers.js" */
/** @typedef {{ tokens: string[], weights: number[][][][], mask: Mask }} Read (layers, heads, T, T) */

/**
 * How much of a head's attention goes to the first token, in the mean over all later queries.
 *
 * @param {number[][]} weights (T, T)
 */
export function sink(weights) {
  const later = weights.slice(1);
  return later.length ? sum(later.map((row) => row[0])) / later.length : 1;
}

/**
 * How much of it goes to the next token, which has to be predicted.
 *
 * @param {number[][]} weights (T, T)
 */
export function ahead(weights) {
  const earlier = weights.slice(0, -1);
  return earlier.length ? sum(earlier.map((row, i) => row[i + 1])) / earlier.length : 0;
}

/** @param {string} character */
export const visible = (character) => ({ "\n": "¶", " ": "·" })[character] ?? character;

/** @param {(text: string) => void} say */
export function headMaps(say) {
  const sinks = matrixGrid(choose);
  const map = largeGrid(tell, describe);
  const caption = muted();
  const explained = muted(
    "Share of each head’s attention that goes to the first token, ¶. Choose a head here.",
  );
  const node = element("div", { className: "lc-maps" }, explained, sinks.node, caption, map.node);
  /** @type {[number, number] | undefined} */
  let chosen;
  /** @type {Read | undefined} */
  let shown;

  /** The head that is chosen, or the one that looks most ahead, or most at the first token. */
  function head() {
    if (chosen || !shown) return chosen ?? [0, 0];
    const { weights } = shown;
    const all = weights.flatMap((heads, layer) => heads.map((_, h) => /** @type {const} */ ([layer, h])));
    /** @param {readonly [number, number]} of */
    const merit = ([layer, h]) => ahead(weights[layer][h]) || sink(weights[layer][h]);
    return all.reduce((a, b) => (merit(b) > merit(a) ? b : a));
  }

  /**
   * @param {number} layer
   * @param {number} h
   */
  function choose(layer, h) {
    chosen = [layer, h];
    paint();
    if (!shown) return;
    say(`layer ${layer + 1}, head ${h + 1}: ${facts(shown.weights[layer][h])}`);
  }

  /** @param {number[][]} weights */
  function facts(weights) {
    const next = ahead(weights);
    const leak = next > 0 ? `, ${percent(next)} to the next token, which is to be predicted` : "";
    return `${percent(sink(weights))} of its attention goes to the first token${leak}.`;
  }

  /**
   * @param {number} i
   * @param {number} j
   */
  function describe(i, j) {
    if (!shown) return "";
    const [layer, h] = head();
    const { tokens, weights, mask } = shown;
    const note = mask[i][j]
      ? j > i
        ? " – a leak: this key lies in the future"
        : ""
      : " – hidden by the mask";
    const weight = number(weights[layer][h][i][j], 3);
    return `query “${tokens[i]}” at ${i}, key “${tokens[j]}” at ${j}: weight ${weight}${note}`;
  }

  /**
   * @param {number} i
   * @param {number} j
   */
  function tell(i, j) {
    say(describe(i, j));
  }

  function paint() {
    if (!shown) return;
    const { tokens, weights, mask } = shown;
    const [layer, h] = head();
    const shares = weights.map((heads) => heads.map(sink));
    sinks.show({
      label: "share of attention to the first token: rows are layers, columns are heads",
      rows: weights.map((_, k) => `layer ${k + 1}`),
      columns: weights[0].map((_, k) => `head ${k + 1}`),
      axes: ["layer ↓", "head →"],
      values: shares,
      range: [0, 1],
      marks: each(shares, (_, i, j) => (i === layer && j === h ? "now" : "")),
    });
    caption.textContent = `Layer ${layer + 1}, head ${h + 1}: ${facts(weights[layer][h])}`;
    map.show({
      label: `attention of layer ${layer + 1}, head ${h + 1}: rows are queries, columns are keys`,
      rows: tokens,
      columns: tokens,
      axes: ["query ↓", "key →"],
      values: weights[layer][h],
      range: [0, 1],
      tone: Math.sqrt,
      marks: each(weights[layer][h], (_, i, j) => (mask[i][j] ? (j > i ? "leak" : "") : "ruled-out")),
    });
  }

  /** @param {Read} read */
  function show(read) {
    shown = read;
    paint();
  }

  return { node, show };
}
