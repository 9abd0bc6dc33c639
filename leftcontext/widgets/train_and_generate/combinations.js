// @ts-check
// Every mask of the training against every mask used while writing: what each combination is worth.

import { element } from "../shared/dom.js";
import { number, percent } from "../shared/numbers.js";
import { hasSeenAnswers } from "./runs.js";

/** @import { Run } from "./runs.js" */
/**
 * @typedef {object} Use a model that has been trained, under one mask while writing
 * @property {number} share of 200 texts that are legal in every word
 * @property {number} loss on texts that were held out, all positions in one pass under this mask
 * @property {string[]} words
 * @property {number} legal words before the first illegal one
 */

/**
 * A table that fills as the combinations are computed: rows are masks of the training, columns masks used
 * while writing.
 *
 * @param {Record<string, string>} labels
 * @param {string[]} uses
 */
export function combinations(labels, uses) {
  const body = element("tbody");
  const heads = uses.map((use) => element("th", { scope: "col" }, `used: ${labels[use]}`));
  const head = element("thead", {}, element("tr", {}, element("td"), ...heads));
  const caption = element(
    "caption",
    {},
    "Share of 200 texts that are legal in every word, and held-out loss in nats per token",
  );
  const node = element("table", { className: "lc-numbers lc-uses" }, caption, head, body);

  /**
   * @param {Use} [of]
   * @param {boolean} [chosen]
   */
  function cell(of, chosen = false) {
    if (!of) return element("td", { className: "lc-muted", ariaLabel: "not computed yet" }, "–");
    const share = element("b", {}, `${percent(of.share)} legal`);
    return element("td", { className: chosen ? "now" : "" }, share, element("br"), `loss ${number(of.loss)}`);
  }

  /**
   * @param {Record<string, Run>} runs
   * @param {string} mask
   * @param {string} used
   */
  function show(runs, mask, used) {
    const others = Object.keys(labels).filter((name) => !uses.includes(name) && runs[name]?.used);
    const rows = [...uses, ...others].map((name) => {
      const title = element("th", { scope: "row", className: name }, `trained: ${labels[name]}`);
      const cells = uses.map((use) => cell(runs[name]?.used?.[use], name === mask && use === used));
      return element("tr", {}, title, ...cells);
    });
    body.replaceChildren(...rows);
  }
  return { node, show };
}

/**
 * What a combination shows, in two sentences.
 *
 * @param {string} trained label of the mask
 * @param {string} used label of the mask
 * @param {Use} of
 * @param {number} entropy
 */
export function mismatch(trained, used, { share, loss }, entropy) {
  const facts =
    `Trained with ${trained}, used with ${used}: ${percent(share)} of the texts are legal, ` +
    `held-out loss ${number(loss)}.`;
  if (hasSeenAnswers(loss, entropy)) {
    return `${facts} The loss has seen the answers; while writing, they are not there yet.`;
  }
  if (trained === used) return `${facts} Training and writing agree.`;
  return `${facts} The same weights, under a mask that they were not trained with.`;
}
