// @ts-check
// Attention, stage by stage, as AttentionMap of widget.py computes it.

import { sees } from "../shared/mask_rules.js";

/** @import { MaskRule, Model } from "../shared/types.d.ts" */
/** @typedef {{ mask: string, _rules: Record<string, MaskRule>, _own_mask: (number | null)[][] }} MaskState */
/** @typedef {{ queries: number[][], keys: number[][], values: number[][] }} Arrays */
/** @typedef {{ leaks: number, future: number, marks: string[][] }} Seen */
/** @typedef {Record<"scores" | "scaled" | "masked" | "weights" | "output", Float64Array[]>} Stages */

/**
 * What the mask makes of the scaled score x of query i and key j; the queries are the last of the positions.
 *
 * @param {Model<MaskState>} model
 * @param {number} offset
 * @returns {(x: number, i: number, j: number) => number}
 */
function maskOf(model, offset) {
  const name = model.get("mask");
  if (name === "yours") {
    const own = model.get("_own_mask");
    return (x, i, j) => x + (own[i][j] ?? -Infinity);
  }
  const mayAttend = sees(model.get("_rules")[name]);
  const hidden = name === "zero" ? 0 : -Infinity;
  return (x, i, j) => (mayAttend(i + offset, j) ? x : hidden);
}

/**
 * Rows of one buffer, so that another mask takes no new memory.
 *
 * @param {number} height
 * @param {number} width
 */
function buffer(height, width) {
  const data = new Float64Array(height * width);
  return Array.from({ length: height }, (_, i) => data.subarray(i * width, (i + 1) * width));
}

/**
 * Writes the softmax of a row into `weights`; a row of −∞ alone gets zeros.
 *
 * @param {Float64Array} masked
 * @param {Float64Array} weights
 */
function softmaxInto(masked, weights) {
  const top = masked.reduce((a, b) => Math.max(a, b), -Infinity);
  let total = 0;
  for (let j = 0; j < masked.length; j++) {
    weights[j] = top === -Infinity ? 0 : Math.exp(masked[j] - top);
    total += weights[j];
  }
  for (let j = 0; j < weights.length; j++) weights[j] /= total || 1;
}

/**
 * Writes the weighted sum of the values into `output`.
 *
 * @param {Float64Array} weights
 * @param {number[][]} values
 * @param {Float64Array} output
 */
function mixInto(weights, values, output) {
  output.fill(0);
  for (let j = 0; j < weights.length; j++) {
    for (let k = 0; k < output.length; k++) output[k] += weights[j] * values[j][k];
  }
}

/**
 * All stages by name, and for each weight whether its key is hidden, or lies in the future and is seen.
 * Scores do not depend on the mask and are computed once; `attend()` does the rest.
 *
 * @param {Model<MaskState>} model
 * @param {Arrays} arrays
 */
export function attention(model, { queries, keys, values }) {
  const [rows, columns] = [queries.length, keys.length];
  const offset = columns - rows;
  const [scores, scaled, masked, weights] = [1, 2, 3, 4].map(() => buffer(rows, columns));
  const output = buffer(rows, values[0].length);
  const marks = scores.map(() => Array(columns).fill(""));
  /** @type {Stages & Seen} */
  const result = {
    scores,
    scaled,
    masked,
    weights,
    output,
    marks,
    leaks: 0,
    future: (rows * (rows - 1)) / 2,
  };
  queries.forEach((query, i) => {
    keys.forEach((key, j) => {
      scores[i][j] = query.reduce((sum, x, k) => sum + x * key[k], 0);
      scaled[i][j] = scores[i][j] / Math.sqrt(query.length);
    });
  });

  /**
   * @param {number} i
   * @param {number} j
   */
  function markOf(i, j) {
    if (masked[i][j] === -Infinity) return "ruled-out";
    return j > i + offset ? "leak" : "";
  }

  function attend() {
    const mask = maskOf(model, offset);
    result.leaks = 0;
    for (let i = 0; i < rows; i++) {
      for (let j = 0; j < columns; j++) {
        masked[i][j] = mask(scaled[i][j], i, j);
        marks[i][j] = markOf(i, j);
        if (marks[i][j] === "leak") result.leaks++;
      }
      softmaxInto(masked[i], weights[i]);
      mixInto(weights[i], values, output[i]);
    }
  }

  return { result, attend };
}
