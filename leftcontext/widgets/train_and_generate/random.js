// @ts-check
// Random numbers that a seed repeats: sfc32 of Chris Doty-Humphrey (PractRand), 128 bits of state. They are
// not NumPy's numbers, so a model of the page begins with other weights than the same seed gives in Python.

/** @typedef {() => number} Random the next number, 0 ≤ x < 1, in steps of 2⁻³² */

const WARM_UP = 20; // numbers thrown away, until every bit of the seed has reached every bit of the state

/**
 * @param {number} seed
 * @param {number} [stream] another one for each purpose
 * @returns {Random}
 */
export function generator(seed, stream = 0) {
  let [a, b, c, counter] = [seed | 0, stream | 0, 0x9e3779b9 | 0, 1];
  function next() {
    const sum = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + sum) | 0;
    return (sum >>> 0) / 2 ** 32;
  }
  for (let k = 0; k < WARM_UP; k++) next();
  return next;
}

/**
 * A draw from the standard normal distribution (Box and Muller 1958).
 *
 * @param {Random} random
 */
export function normal(random) {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

/**
 * An integer 0 ≤ x < below.
 *
 * @param {Random} random
 * @param {number} below
 */
export const integer = (random, below) => Math.floor(below * random());
