// @ts-check
// The online softmax, one tile a step; nothing that the mask hides as a whole is computed.

import { dot, each, product, softmax, sum, transpose } from "../shared/numbers.js";

/** @import { Sees } from "../shared/types.d.ts" */
/** @typedef {{ Q: number[][], K: number[][], V: number[][], sees: Sees }} Inputs */
/** @typedef {"plain" | "masked" | "skipped"} Kind what the mask leaves of a tile: all, some or nothing */
/** @typedef {{ queries: number[], keys: number[], kind: Kind }} Tile */
/** @typedef {{ m: number, l: number, acc: number[] }} Running a query's maximum, sum, accumulated values */

/**
 * All tiles in the order of the two loops.
 *
 * @param {number} T
 * @param {number} block
 * @param {Sees} sees
 * @returns {Tile[]}
 */
function tilesOf(T, block, sees) {
  const starts = Array.from({ length: Math.ceil(T / block) }, (_, n) => n * block);
  /** @param {number} from */
  const range = (from) => Array.from({ length: Math.min(block, T - from) }, (_, n) => from + n);
  return starts.flatMap((a) =>
    starts.map((b) => ({ queries: range(a), keys: range(b), kind: kindOf(range(a), range(b), sees) })),
  );
}

/**
 * @param {number[]} queries
 * @param {number[]} keys
 * @param {Sees} sees
 * @returns {Kind}
 */
function kindOf(queries, keys, sees) {
  const seen = queries.flatMap((i) => keys.map((j) => sees(i, j)));
  if (seen.every(Boolean)) return "plain";
  return seen.some(Boolean) ? "masked" : "skipped";
}

/**
 * One query meets the keys of one tile: its state as seen from the new maximum.
 *
 * @param {Running} state
 * @param {number[]} scores
 * @param {number[][]} values
 * @returns {Running}
 */
function update({ m, l, acc }, scores, values) {
  const top = Math.max(m, ...scores);
  if (top === -Infinity) return { m, l, acc };
  const shrink = Math.exp(m - top);
  const e = scores.map((s) => Math.exp(s - top));
  return {
    m: top,
    l: l * shrink + sum(e),
    acc: acc.map((x, k) => x * shrink + sum(e.map((weight, n) => weight * values[n][k]))),
  };
}

/**
 * Everything after `step` computed tiles: which cells are there, each query's running state, the tile of this
 * step.
 *
 * @param {Inputs} inputs
 * @param {number} block
 * @param {number} step
 */
export function run(inputs, block, step) {
  const { Q, K, V, sees } = inputs;
  const tiles = tilesOf(Q.length, block, sees);
  const total = tiles.filter(({ kind }) => kind !== "skipped").length;
  const done = Math.min(step, total);
  const reached = done ? tiles.slice(0, endOf(tiles, done)) : [];
  /** @type {(number | null)[][]} */
  const cells = Q.map(() => K.map(() => Number.NaN));
  const marks = Q.map(() => K.map(() => "unfilled"));
  /** @type {Running[]} */
  const states = Q.map(() => ({ m: -Infinity, l: 0, acc: V[0].map(() => 0) }));

  /** @param {Tile} tile */
  function skip({ queries, keys }) {
    for (const i of queries) {
      for (const j of keys) [cells[i][j], marks[i][j]] = [null, "skipped"];
    }
  }

  /** @param {Tile} tile */
  function compute({ queries, keys }) {
    for (const i of queries) {
      const scores = keys.map((j) => (sees(i, j) ? dot(Q[i], K[j]) / Math.sqrt(Q[0].length) : -Infinity));
      keys.forEach((j, n) => {
        [cells[i][j], marks[i][j]] = [scores[n], scores[n] === -Infinity ? "ruled-out" : ""];
      });
      states[i] = update(
        states[i],
        scores,
        keys.map((j) => V[j]),
      );
    }
  }

  for (const tile of reached) {
    if (tile.kind === "skipped") skip(tile);
    else compute(tile);
  }
  const now = reached.findLast(({ kind }) => kind !== "skipped");
  for (const i of now?.queries ?? []) {
    for (const j of now?.keys ?? []) marks[i][j] += " now";
  }
  const skipped = reached.length - done;
  return { cells, marks, states, computed: done, skipped, now, total, tiles: tiles.length };
}

/**
 * How many tiles have been passed when `done` of them are computed, with the skipped ones that follow.
 *
 * @param {Tile[]} tiles
 * @param {number} done
 */
function endOf(tiles, done) {
  let computed = 0;
  const next = tiles.findIndex(({ kind }) => {
    if (kind !== "skipped") computed += 1;
    return computed > done;
  });
  return next < 0 ? tiles.length : next;
}

/** @param {Running} state */
export const outputOf = ({ l, acc }) => acc.map((x) => (l ? x / l : 0));

/**
 * How far the tiles' outputs are from attention all at once.
 *
 * @param {Inputs} inputs
 * @param {Running[]} states
 */
export function gap({ Q, K, V, sees }, states) {
  const root = Math.sqrt(Q[0].length);
  const scores = each(product(Q, transpose(K)), (x, i, j) => (sees(i, j) ? x / root : -Infinity));
  const expected = product(scores.map(softmax), V);
  return Math.max(...each(expected, (x, i, k) => Math.abs(x - outputOf(states[i])[k])).flat());
}
