// @ts-check
// A model writes, character by character, as `write` of leftcontext/model/english.py does, and what it costs.

import { choose } from "../train_and_generate/writing.js";
import { CachedReader } from "./cached_reader.js";

/** @import { Mask } from "../train_and_generate/layers.js" */
/** @import { Config, Transformer } from "../train_and_generate/model.js" */
/** @import { Random } from "../train_and_generate/random.js" */
/**
 * @typedef {{ token: number, read: number, width: number }} Step a token, and of how many positions of a
 *   window so wide the model had to compute keys and values for it
 */

/**
 * Characters without end. Where the window is full, the model goes on from its second half.
 *
 * @param {Transformer} model
 * @param {Mask} mask used while writing (context, context)
 * @param {number[]} tokens the text so far, at least one
 * @param {{ temperature: number, cached: boolean, random: Random }} how `cached` only with a causal mask
 * @returns {Generator<Step>}
 */
export function* write(model, mask, tokens, { temperature, cached, random }) {
  const { context } = model.config;
  let window = tokens.slice(-context);
  let reader = new CachedReader(model);
  for (;;) {
    if (window.length > context) {
      window = window.slice(-context / 2);
      reader = new CachedReader(model);
    }
    const width = window.length;
    const read = cached ? width - reader.length : width;
    const logits = cached ? readOn(reader, window) : lastLogits(model, window, mask);
    const token = choose(logits, random, temperature);
    window.push(token);
    yield { token, read, width };
  }
}

/**
 * @param {CachedReader} reader
 * @param {number[]} window
 */
function readOn(reader, window) {
  const fresh = window.slice(reader.length);
  return fresh.map((token) => reader.read(token))[fresh.length - 1]; // (V,)
}

/**
 * @param {Transformer} model
 * @param {number[]} window
 * @param {Mask} mask
 */
function lastLogits(model, window, mask) {
  const { data, columns } = model.logits(window, window.length, mask); // (T, V)
  return data.subarray(data.length - columns); // (V,)
}

/**
 * The multiplications of a step: those of the matrices, and those of scores and values. With no cache every
 * position of the window is computed again, and no hidden score is counted.
 *
 * @param {Config} config
 * @param {Omit<Step, "token">} step
 * @param {Mask} mask
 */
export function multiplications({ width: D, layers, hidden, vocab }, { read, width }, mask) {
  const matrices = layers * (4 * D * D + 2 * D * hidden) + D * vocab;
  let pairs = 0;
  for (let i = width - read; i < width; i++) {
    for (let j = 0; j < width; j++) pairs += Number(mask[i][j]);
  }
  return read * matrices + layers * 2 * D * pairs;
}
