// @ts-check
// Decoding with and without a cache: what each way computes, and how much of it.

import { dot, product, softmax } from "../shared/numbers.js";

/** @typedef {[now: number, soFar: number]} Cost of one step, and of all steps up to it */
/** @typedef {{ cached: Cost, again: Cost }} Costs */

/** @param {number} n */
const triangle = (n) => (n * (n + 1)) / 2;

/**
 * Attention of one query over the keys and values it is given: all that a step with a cache has to do.
 *
 * @param {number[]} query
 * @param {number[][]} keys
 * @param {number[][]} values
 */
export function attend(query, keys, values) {
  const weights = softmax(keys.map((key) => dot(query, key) / Math.sqrt(query.length)));
  return product([weights], values)[0];
}

/**
 * The newest output without a cache: attention over the whole text, of which only the last row is used.
 *
 * @param {number[][]} Q
 * @param {number[][]} K
 * @param {number[][]} V
 */
export function attendAgain(Q, K, V) {
  const rows = Q.map((query, i) => attend(query, K.slice(0, i + 1), V.slice(0, i + 1)));
  return rows[rows.length - 1];
}

/**
 * The work of step n and of all steps up to it: scores, and rows of queries, keys and values.
 *
 * @param {number} n
 * @returns {{ scores: Costs, rows: Costs }}
 */
export function work(n) {
  const steps = Array.from({ length: n }, (_, k) => k + 1);
  const triangles = steps.reduce((total, step) => total + triangle(step), 0);
  return {
    scores: { cached: [n, triangle(n)], again: [triangle(n), triangles] },
    rows: { cached: [n ? 1 : 0, n], again: [n, triangle(n)] },
  };
}
