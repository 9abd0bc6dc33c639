// @ts-check
// A trained model behind a cache, one token at a time: leftcontext/model/cached.py in JavaScript.
// Axis letters: n tokens in the cache, H heads, d width of a head, D width, F hidden width, V vocabulary.

import { norm } from "../train_and_generate/layers.js";
import { dot } from "../train_and_generate/matrices.js";
import { SHARPNESS } from "../train_and_generate/model.js";

/** @import { Matrix } from "../train_and_generate/matrices.js" */
/** @import { Transformer } from "../train_and_generate/model.js" */

/**
 * x w, for a single row.
 *
 * @param {Float64Array} x (n,)
 * @param {Matrix} w (n, m)
 */
function times(x, { rows, columns, data }) {
  const out = new Float64Array(columns);
  for (let k = 0; k < rows; k++) {
    if (x[k] === 0) continue; // half of the hidden units
    for (let c = 0, at = k * columns; c < columns; c++, at++) out[c] += x[k] * data[at];
  }
  return out; // (m,)
}

/** @param {Float64Array} x (D,) */
const normed = (x) => norm({ rows: 1, columns: x.length, data: x }).y.data;

/** Keeps the keys and values of all that it has read, and computes what a causal pass over the text does. */
export class CachedReader {
  /** @param {Transformer} model */
  constructor(model) {
    this.model = model;
    const { layers, context, width } = model.config;
    const empty = () => new Float64Array(context * width);
    /** @type {{ keys: Float64Array, values: Float64Array }[]} each (context, D), n rows of it filled */
    this.past = Array.from({ length: layers }, () => ({ keys: empty(), values: empty() }));
    this.length = 0; // n
  }

  /**
   * The next token → the logits of what follows it (V,), and its keys and values into the cache.
   *
   * @param {number} token
   */
  read(token) {
    const { model } = this;
    const { params } = model;
    const x = this.embed(token); // (D,)
    for (let layer = 0; layer < model.config.layers; layer++) {
      add(x, times(this.attend(layer, normed(x)), params[`${layer}.merge`]));
      const h = times(normed(x), params[`${layer}.up`]).map((unit) => Math.max(unit, 0)); // (F,)
      add(x, times(h, params[`${layer}.down`]));
    }
    this.length += 1;
    return times(normed(x), params.head).map((logit) => logit * SHARPNESS);
  }

  /** @param {number} token */
  embed(token) {
    const { token: tokens, position } = this.model.params;
    const D = tokens.columns;
    const at = this.length * D;
    return tokens.data.slice(token * D, (token + 1) * D).map((x, c) => x + position.data[at + c]);
  }

  /**
   * @param {number} layer
   * @param {Float64Array} x (D,)
   */
  attend(layer, x) {
    const { heads } = this.model.config;
    const { keys, values } = this.past[layer];
    const [D, n] = [x.length, this.length + 1];
    const d = D / heads;
    const qkv = times(x, this.model.params[`${layer}.qkv`]); // (3D,)
    keys.set(qkv.subarray(D, 2 * D), this.length * D);
    values.set(qkv.subarray(2 * D), this.length * D);
    const out = new Float64Array(D);
    for (let at = 0; at < D; at += d) {
      const e = new Float64Array(n); // (n,)
      for (let j = 0; j < n; j++) e[j] = dot(qkv, at, keys, j * D + at, d) / Math.sqrt(d);
      const top = e.reduce((a, b) => Math.max(a, b), -Infinity);
      let total = 0;
      for (let j = 0; j < n; j++) total += e[j] = Math.exp(e[j] - top);
      for (let j = 0; j < n; j++) {
        for (let c = at; c < at + d; c++) out[c] += (e[j] / total) * values[j * D + c];
      }
    }
    return out; // (D,)
  }
}

/**
 * @param {Float64Array} x changed in place
 * @param {Float64Array} y
 */
function add(x, y) {
  for (let c = 0; c < x.length; c++) x[c] += y[c];
}
