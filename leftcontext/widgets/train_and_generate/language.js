// @ts-check
// The little language, as Python describes it: sampled and checked. Its words and rules stand in
// leftcontext/language alone. Axis letters: B texts, T tokens of a text, V symbols.

/** @import { Random } from "./random.js" */
/** @import { Rows } from "./model.js" */
/**
 * Words that may come next with this probability each, and the state that they lead to.
 *
 * @typedef {[p: number, tokens: number[], next: number]} Choice
 *
 * @typedef {object} Grammar an automaton; state 0 is the beginning of a sentence
 * @property {string[]} symbols
 * @property {Choice[][]} states
 */

const ILLEGAL = -1;

export class Language {
  /** @param {Grammar} grammar */
  constructor({ symbols, states }) {
    this.symbols = symbols;
    this.cumulative = states.map((choices) => cumulativeOf(choices, symbols.length)); // (S, V)
    this.successor = states.map((choices) => successorOf(choices, symbols.length)); // (S, V)
  }

  /**
   * Fresh texts, each from the beginning of a sentence (B, T).
   *
   * @param {number} texts
   * @param {number} length
   * @param {Random} random
   */
  sample(texts, length, random) {
    const tokens = Array.from({ length: texts }, () => new Uint8Array(length));
    const state = new Array(texts).fill(0);
    for (let t = 0; t < length; t++) {
      for (let b = 0; b < texts; b++) {
        const draw = random();
        const token = this.cumulative[state[b]].findIndex((total) => total > draw);
        tokens[b][t] = token;
        state[b] = this.successor[state[b]][token];
      }
    }
    return tokens;
  }

  /**
   * Fresh rows for training. A full stop, token 0, stands before every text, so that the first word is a
   * prediction too.
   *
   * @param {number} texts
   * @param {number} length
   * @param {Random} random
   * @returns {Rows}
   */
  rows(texts, length, random) {
    const sampled = this.sample(texts, length, random);
    const targets = sampled.flatMap((text) => [...text]); // (B · T)
    const inputs = sampled.flatMap((text) => [0, ...text.subarray(0, length - 1)]); // (B · T)
    return { inputs, targets };
  }

  /**
   * How many tokens of a text stand before the first illegal one.
   *
   * @param {ArrayLike<number>} text
   */
  legalTokens(text) {
    let state = 0;
    for (let t = 0; t < text.length; t++) {
      state = this.successor[state][text[t]];
      if (state === ILLEGAL) return t;
    }
    return text.length;
  }

  /** @param {ArrayLike<number>} text */
  words(text) {
    return Array.from(text, (token) => this.symbols[token]);
  }
}

/**
 * @param {Choice[]} choices
 * @param {number} V
 */
function cumulativeOf(choices, V) {
  const p = new Float64Array(V);
  for (const [share, tokens] of choices) for (const token of tokens) p[token] = share;
  for (let v = 1; v < V; v++) p[v] += p[v - 1];
  return p.map((total) => total / p[V - 1]); // ends in exactly 1, above every draw
}

/**
 * @param {Choice[]} choices
 * @param {number} V
 */
function successorOf(choices, V) {
  const states = new Int8Array(V).fill(ILLEGAL);
  for (const [, tokens, next] of choices) for (const token of tokens) states[token] = next;
  return states;
}
