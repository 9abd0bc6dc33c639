// @ts-check
// What heads compute, and where each part of a merged row comes from.

import { sees } from "../shared/mask_rules.js";
import { each, product, softmax, transpose } from "../shared/numbers.js";

/** @import { MaskRule, Model } from "../shared/types.d.ts" */
/**
 * @typedef {object} HeadState
 * @property {string} mask
 * @property {Record<string, MaskRule>} _rules
 * @property {number[][][]} _queries
 * @property {number[][][]} _keys
 * @property {number[][][]} _weights
 */

/**
 * The weights of every head; those that are given have a mask of their own.
 *
 * @param {Model<HeadState>} model
 */
export function weightsOf(model) {
  if (model.get("_weights").length) return model.get("_weights");
  const seen = sees(model.get("_rules")[model.get("mask")]);
  return model.get("_queries").map((queries, h) => {
    const root = Math.sqrt(queries[0].length);
    const scores = product(queries, transpose(model.get("_keys")[h]));
    return each(scores, (x, i, j) => (seen(i, j) ? x / root : -Infinity)).map(softmax);
  });
}

/**
 * Whose output stands in part b of merged row i: the head and its position. A reshape alone counts on through
 * memory.
 *
 * @param {[i: number, b: number]} place
 * @param {number} heads
 * @param {number} T
 * @param {string} merge
 * @returns {[head: number, position: number]}
 */
export function sourceOf([i, b], heads, T, merge) {
  const n = i * heads + b;
  return merge === "reshape" ? [Math.floor(n / T), n % T] : [b, i];
}

/**
 * Whether position i gives weight to a later one.
 *
 * @param {number[]} weights
 * @param {number} i
 */
export const looksAhead = (weights, i) => weights.some((w, j) => j > i && w > 0);

/**
 * The mean of the heads' weights.
 *
 * @param {number[][][]} weights
 */
export const meanOf = (weights) =>
  each(weights[0], (_, i, j) => weights.reduce((total, head) => total + head[i][j], 0) / weights.length);
