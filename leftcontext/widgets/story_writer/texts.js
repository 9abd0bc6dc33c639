// @ts-check
// What each model has written, and which of its words are words of the books.

import { element, muted } from "../shared/dom.js";
import { percent } from "../shared/numbers.js";

/**
 * A text of a model.
 *
 * @typedef {object} Written
 * @property {string} prompt
 * @property {string} text what follows the prompt
 * @property {string} used the mask used while writing, by its label
 * @property {number} temperature
 */

const WORD = /[a-z']+/gi;

/** @param {string} word */
const bare = (word) => word.toLowerCase().replace(/^'+|'+$/g, "");

/**
 * A text in pieces: words that the books have, words that they do not have, and what stands between them.
 *
 * @param {string} text
 * @param {Set<string>} known
 * @returns {{ kind: "known" | "unknown" | "between", text: string }[]}
 */
export function pieces(text, known) {
  /** @type {ReturnType<typeof pieces>} */
  const list = [];
  let at = 0;
  for (const { 0: word, index } of text.matchAll(WORD)) {
    if (index > at) list.push({ kind: "between", text: text.slice(at, index) });
    at = index + word.length;
    const kind = bare(word) ? (known.has(bare(word)) ? "known" : "unknown") : "between";
    list.push({ kind, text: word });
  }
  if (at < text.length) list.push({ kind: "between", text: text.slice(at) });
  return list;
}

/**
 * The share of a text's words that the books have.
 *
 * @param {string} text
 * @param {Set<string>} known
 */
export function shareKnown(text, known) {
  const words = pieces(text, known).filter(({ kind }) => kind !== "between");
  return words.length ? words.filter(({ kind }) => kind === "known").length / words.length : 0;
}

/**
 * The texts of all models, the one that is chosen marked.
 *
 * @param {Record<string, string>} labels of the masks
 * @param {Set<string>} known
 */
export function textList(labels, known) {
  const node = element("div", { className: "lc-written" });

  /**
   * @param {string} mask
   * @param {Written} written
   * @param {boolean} chosen
   */
  function block(mask, { prompt, text, used, temperature }, chosen) {
    const words = pieces(text, known).map(({ kind, text: piece }) =>
      kind === "unknown" ? element("s", {}, piece) : piece,
    );
    const title = `trained with ${labels[mask]}, written with ${used}, temperature ${temperature}`;
    const share = `${percent(shareKnown(text, known))} of its words are words of the books.`;
    return element(
      "div",
      { className: chosen ? "lc-sample now" : "lc-sample" },
      element("p", { className: `lc-title ${mask}` }, title),
      element("p", { className: "lc-prose" }, element("b", {}, prompt), ...words),
      muted(text ? share : ""),
    );
  }

  /**
   * @param {Record<string, Written>} texts
   * @param {string} chosen
   */
  function show(texts, chosen) {
    const masks = Object.keys(labels).filter((mask) => texts[mask]);
    node.replaceChildren(...masks.map((mask) => block(mask, texts[mask], mask === chosen)));
  }
  return { node, show };
}
