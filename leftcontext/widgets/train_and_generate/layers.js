// @ts-check
// The layers of the little model, each with its forward and its backward pass, as in
// leftcontext/model/layers.py.
// Axis letters: B texts, T positions (T_q queries, T_k keys), H heads, d width of a head, D width,
// F hidden width, N = B·T rows.

import { dot, linear, zeros } from "./matrices.js";

/** @import { Matrix } from "./matrices.js" */
/**
 * @typedef {boolean[][]} Mask (T, T), true where a query (row) may attend to a key (column)
 *
 * What the backward passes need of the forward passes:
 *
 * @typedef {{ y: Matrix, rms: Float64Array }} Normed y (N, D), rms (N,)
 * @typedef {{ x: Matrix, qkv: Matrix, weights: Float64Array, o: Matrix, T: number }} Attended
 *   x (N, D), qkv (N, 3D), weights (B, H, T_q, T_k), o (N, D)
 * @typedef {{ x: Matrix, h: Matrix }} Activated x (N, D), h (N, F)
 */

/**
 * RMS norm: y = x / rms(x), for each row.
 *
 * @param {Matrix} x (N, D)
 * @returns {Normed}
 */
export function norm(x) {
  const [D, y, rms] = [x.columns, zeros(x.rows, x.columns), new Float64Array(x.rows)];
  for (let n = 0; n < x.rows; n++) {
    let square = 0;
    for (let c = n * D; c < (n + 1) * D; c++) square += x.data[c] ** 2;
    rms[n] = Math.sqrt(square / D + 1e-6);
    for (let c = n * D; c < (n + 1) * D; c++) y.data[c] = x.data[c] / rms[n];
  }
  return { y, rms };
}

/**
 * @param {Matrix} dy (N, D)
 * @param {Normed} normed
 */
export function normBackward(dy, { y, rms }) {
  const [D, dx] = [y.columns, zeros(y.rows, y.columns)];
  for (let n = 0; n < y.rows; n++) {
    let along = 0; // what only stretches y is lost
    for (let c = n * D; c < (n + 1) * D; c++) along += dy.data[c] * y.data[c];
    for (let c = n * D; c < (n + 1) * D; c++) dx.data[c] = (dy.data[c] - (y.data[c] * along) / D) / rms[n];
  }
  return dx; // (N, D)
}

/**
 * softmax(Q Kᵀ / √d + mask) V in each head, then a matrix that merges the heads.
 *
 * @param {Matrix} x (N, D)
 * @param {Matrix} w (D, 3D) queries, keys and values
 * @param {number} heads
 * @param {Mask} mask
 * @param {number} T
 * @returns {Attended} the heads side by side, not merged yet
 */
export function attend(x, w, heads, mask, T) {
  const [qkv, o] = [linear(x, w), zeros(x.rows, x.columns)]; // (N, 3D), (N, D)
  const weights = new Float64Array(x.rows * heads * T); // (B, H, T_q, T_k)
  for (let b = 0; b < x.rows / T; b++) {
    for (let h = 0; h < heads; h++) {
      const head = headOf(b, h, heads, x.columns, T);
      for (let i = 0; i < T; i++) {
        softmaxRow(head, i, qkv.data, mask[i], weights);
        mixRow(head, i, qkv.data, weights, o.data);
      }
    }
  }
  return { x, qkv, weights, o, T };
}

/**
 * Where one head of one text lies: q, k, v in its first row of qkv, out in its first row of o, w in the
 * weights.
 *
 * @param {number} b
 * @param {number} h
 * @param {number} heads
 * @param {number} D
 * @param {number} T
 */
function headOf(b, h, heads, D, T) {
  const d = D / heads;
  const q = 3 * D * b * T + h * d;
  return { d, D, T, q, k: q + D, v: q + 2 * D, out: D * b * T + h * d, w: (b * heads + h) * T * T };
}

/** @typedef {ReturnType<typeof headOf>} Head */

/**
 * The weights of query i.
 *
 * @param {Head} head
 * @param {number} i
 * @param {Float64Array} qkv
 * @param {boolean[]} sees
 * @param {Float64Array} weights
 */
function softmaxRow({ d, D, T, q, k, w }, i, qkv, sees, weights) {
  const row = w + i * T;
  let top = -Infinity;
  for (let j = 0; j < T; j++) {
    if (!sees[j]) continue;
    weights[row + j] = dot(qkv, q + 3 * D * i, qkv, k + 3 * D * j, d) / Math.sqrt(d);
    top = Math.max(top, weights[row + j]);
  }
  let total = 0;
  for (let j = 0; j < T; j++) {
    weights[row + j] = sees[j] ? Math.exp(weights[row + j] - top) : 0;
    total += weights[row + j];
  }
  for (let j = 0; j < T; j++) weights[row + j] /= total || 1; // a query that sees nothing gets zeros
}

/**
 * The output of query i: the values, mixed by its weights.
 *
 * @param {Head} head
 * @param {number} i
 * @param {Float64Array} qkv
 * @param {Float64Array} weights
 * @param {Float64Array} o
 */
function mixRow({ d, D, T, v, out, w }, i, qkv, weights, o) {
  for (let j = 0; j < T; j++) {
    const weight = weights[w + i * T + j];
    if (weight === 0) continue; // a hidden key
    for (let c = 0; c < d; c++) o[out + D * i + c] += weight * qkv[v + 3 * D * j + c];
  }
}

/**
 * @param {Matrix} go (N, D) the gradient of the heads' outputs
 * @param {Attended} attended
 * @param {number} heads
 */
export function attendBackward(go, { qkv, weights, T }, heads) {
  const dqkv = zeros(qkv.rows, qkv.columns);
  for (let b = 0; b < go.rows / T; b++) {
    for (let h = 0; h < heads; h++) {
      const head = headOf(b, h, heads, go.columns, T);
      for (let i = 0; i < T; i++) queryBackward(head, i, go.data, qkv.data, weights, dqkv.data);
    }
  }
  return dqkv; // (N, 3D)
}

/**
 * What query i adds to the gradients of its own q and of all k and v.
 *
 * @param {Head} head
 * @param {number} i
 * @param {Float64Array} go
 * @param {Float64Array} qkv
 * @param {Float64Array} weights
 * @param {Float64Array} dqkv
 */
function queryBackward({ d, D, T, q, k, v, out, w }, i, go, qkv, weights, dqkv) {
  const [row, query, from] = [w + i * T, q + 3 * D * i, out + D * i];
  const dweights = new Float64Array(T);
  let mean = 0; // of the gradients of the weights, by the weights: softmax shifts them by it
  for (let j = 0; j < T; j++) {
    if (weights[row + j] === 0) continue; // a hidden key
    dweights[j] = dot(go, from, qkv, v + 3 * D * j, d);
    mean += weights[row + j] * dweights[j];
  }
  for (let j = 0; j < T; j++) {
    const weight = weights[row + j];
    if (weight === 0) continue;
    const dscore = (weight * (dweights[j] - mean)) / Math.sqrt(d);
    const [key, value] = [k + 3 * D * j, v + 3 * D * j];
    for (let c = 0; c < d; c++) {
      dqkv[value + c] += weight * go[from + c];
      dqkv[query + c] += dscore * qkv[key + c];
      dqkv[key + c] += dscore * qkv[query + c];
    }
  }
}

/**
 * relu(x Up) Down.
 *
 * @param {Matrix} x (N, D)
 * @param {Matrix} up (D, F)
 * @returns {Activated}
 */
export function activate(x, up) {
  const h = linear(x, up); // (N, F)
  for (let k = 0; k < h.data.length; k++) h.data[k] = Math.max(h.data[k], 0);
  return { x, h };
}

/**
 * @param {Matrix} dh (N, F) changed in place
 * @param {Activated} activated
 */
export function activateBackward(dh, { h }) {
  for (let k = 0; k < h.data.length; k++) if (h.data[k] <= 0) dh.data[k] = 0;
  return dh;
}
