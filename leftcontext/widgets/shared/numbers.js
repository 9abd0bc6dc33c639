// @ts-check
// Numbers as text, and the little linear algebra that attention needs. Matrices are lists of rows.

/**
 * A number with a true minus sign and so many digits; a zero has no sign.
 *
 * @param {number} x
 */
export function number(x, digits = 2) {
  if (x === -Infinity) return "−∞";
  const text = Math.abs(x).toFixed(digits);
  return x < 0 && Number(text) !== 0 ? `−${text}` : text;
}

/**
 * A share as a whole percentage.
 *
 * @param {number} share
 */
export const percent = (share) => `${Math.round(100 * share)}\u00a0%`;

const ROUNDING = 1e-3; // a share of the largest number: what is smaller says nothing by its sign

/**
 * The range of a matrix's colours, from the lowest to the highest finite entry; around 0 where both signs
 * occur, and neither by rounding alone.
 *
 * @param {import("./types.d.ts").Rows} matrix
 * @returns {[number, number]}
 */
export function rangeOf(matrix) {
  let low = Infinity;
  let high = -Infinity;
  for (const row of matrix) {
    for (const x of Array.from(row)) {
      if (x === null || !Number.isFinite(x)) continue;
      low = Math.min(low, x);
      high = Math.max(high, x);
    }
  }
  const top = Math.max(-low, high);
  if (Math.min(-low, high) > ROUNDING * top) return [-top, top];
  return high > low ? [low, high] : [low - 0.5, high + 0.5];
}

/** @param {number[]} list */
export const sum = (list) => list.reduce((total, x) => total + x, 0);

/**
 * @param {ArrayLike<number>} a
 * @param {number[]} b
 */
export const dot = (a, b) => b.reduce((total, x, k) => total + x * a[k], 0);

/**
 * @param {number[][]} a (n, m)
 * @param {number[][]} b (m, k)
 */
export const product = (a, b) => a.map((row) => b[0].map((_, j) => sum(row.map((x, k) => x * b[k][j]))));

/** @param {number[][]} a */
export const transpose = (a) => a[0].map((_, j) => a.map((row) => row[j]));

/**
 * A matrix of the same shape: f of every entry and its place.
 *
 * @template From, To
 * @param {From[][]} a
 * @param {(x: From, i: number, j: number) => To} f
 */
export const each = (a, f) => a.map((row, i) => row.map((x, j) => f(x, i, j)));

/**
 * The softmax of a row; a row of −∞ alone gets zeros.
 *
 * @param {number[]} row
 */
export function softmax(row) {
  const top = Math.max(...row);
  const e = row.map((x) => (top === -Infinity ? 0 : Math.exp(x - top)));
  const total = sum(e);
  return e.map((x) => (total ? x / total : 0));
}
