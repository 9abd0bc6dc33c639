// @ts-check
// The linear algebra of the little model. One product of matrices does nearly all of the arithmetic of a
// training, so it alone is written for speed.

/**
 * A matrix, row after row.
 *
 * @typedef {{ rows: number, columns: number, data: Float64Array }} Matrix
 */

/**
 * @param {number} rows
 * @param {number} columns
 * @returns {Matrix}
 */
export const zeros = (rows, columns) => ({ rows, columns, data: new Float64Array(rows * columns) });

/**
 * a bᵀ. Two rows of a meet four rows of b at a time, so that a number that is read is used more than once. At
 * an edge the last row is taken again.
 *
 * @param {Matrix} a (n, k)
 * @param {Matrix} b (m, k)
 */
function timesTransposed(a, b) {
  const n = a.rows;
  const m = b.rows;
  const k = a.columns;
  const [x, y, out] = [a.data, b.data, zeros(n, m)];
  for (let i = 0; i < n; i += 2) {
    const below = Math.min(i + 1, n - 1);
    for (let j = 0; j < m; j += 4) {
      const j1 = Math.min(j + 1, m - 1);
      const j2 = Math.min(j + 2, m - 1);
      const j3 = Math.min(j + 3, m - 1);
      let s00 = 0;
      let s01 = 0;
      let s02 = 0;
      let s03 = 0;
      let s10 = 0;
      let s11 = 0;
      let s12 = 0;
      let s13 = 0;
      for (let p = 0; p < k; p++) {
        const x0 = x[i * k + p];
        const x1 = x[below * k + p];
        const y0 = y[j * k + p];
        const y1 = y[j1 * k + p];
        const y2 = y[j2 * k + p];
        const y3 = y[j3 * k + p];
        s00 += x0 * y0;
        s01 += x0 * y1;
        s02 += x0 * y2;
        s03 += x0 * y3;
        s10 += x1 * y0;
        s11 += x1 * y1;
        s12 += x1 * y2;
        s13 += x1 * y3;
      }
      out.data[i * m + j] = s00;
      out.data[i * m + j1] = s01;
      out.data[i * m + j2] = s02;
      out.data[i * m + j3] = s03;
      out.data[below * m + j] = s10;
      out.data[below * m + j1] = s11;
      out.data[below * m + j2] = s12;
      out.data[below * m + j3] = s13;
    }
  }
  return out; // (n, m)
}

/** @param {Matrix} a (n, m) */
function transpose({ rows, columns, data }) {
  const out = zeros(columns, rows);
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) out.data[j * rows + i] = data[i * columns + j];
  }
  return out; // (m, n)
}

/**
 * @param {Matrix} x (N, n)
 * @param {Matrix} w (n, m)
 */
export const linear = (x, w) => timesTransposed(x, transpose(w)); // (N, m)

/**
 * The gradient of the weights of y = x w goes into dw; that of x is returned.
 *
 * @param {Matrix} dy (N, m)
 * @param {Matrix} x (N, n)
 * @param {Matrix} w (n, m)
 * @param {Matrix} dw (n, m)
 */
export function linearBackward(dy, x, w, dw) {
  dw.data.set(timesTransposed(transpose(x), transpose(dy)).data);
  return timesTransposed(dy, w); // (N, n)
}

/**
 * @param {Matrix} x changed in place
 * @param {Matrix} y
 */
export function add(x, y) {
  for (let k = 0; k < x.data.length; k++) x.data[k] += y.data[k];
}

/**
 * @param {Float64Array} a
 * @param {number} i
 * @param {Float64Array} b
 * @param {number} j
 * @param {number} length
 */
export function dot(a, i, b, j, length) {
  let total = 0;
  for (let c = 0; c < length; c++) total += a[i + c] * b[j + c];
  return total;
}
