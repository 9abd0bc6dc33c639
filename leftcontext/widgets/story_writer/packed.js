// @ts-check
// The weights as they come to the page: one signed byte each, and a factor for each row of each matrix.
// leftcontext/model/english.py packs them.

import { shapes } from "../train_and_generate/model.js";

/** @import { Config } from "../train_and_generate/model.js" */
/** @typedef {{ bytes: string, factors: string }} Packed both in base64; the factors are 32-bit numbers */

/** @param {string} text in base64 */
const bytesOf = (text) => Uint8Array.from(atob(text), (character) => character.charCodeAt(0));

/**
 * All parameters in one vector, in the order of `shapes`.
 *
 * @param {Config} config
 * @param {Packed} packed
 */
export function unpack(config, packed) {
  const numbers = new Int8Array(bytesOf(packed.bytes).buffer);
  const factors = new Float32Array(bytesOf(packed.factors).buffer);
  const theta = Float64Array.from(numbers);
  let [at, row] = [0, 0];
  for (const [, rows, columns] of shapes(config)) {
    for (let end = row + rows; row < end; row++) {
      for (let c = 0; c < columns; c++, at++) theta[at] = Math.fround(theta[at] * factors[row]);
    }
  }
  return theta;
}
