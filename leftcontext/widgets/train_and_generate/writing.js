// @ts-check
// What a model writes, and the numbers that tell an honest one from one that cheats: generation.py and
// evaluation.py of leftcontext/model. Axis letters: B texts, T positions, V vocabulary.

import { crossEntropy, mean } from "./model.js";
import { integer } from "./random.js";

/** @import { Mask } from "./layers.js" */
/** @import { Rows, Transformer } from "./model.js" */
/** @import { Random } from "./random.js" */

const PROBED = 8; // random texts in which tokens are replaced

/**
 * Whole windows from nothing but the full stop that stands before every text, itself left out (B, T).
 *
 * @param {Transformer} model
 * @param {Mask} mask
 * @param {number} texts
 * @param {Random} random
 */
export function generateTexts(model, mask, texts, random) {
  const { context } = model.config;
  const written = Array.from({ length: texts }, () => [0]);
  for (let t = 1; t <= context; t++) {
    const { columns: V, data } = model.forward(written.flat(), t, mask).logits; // (B · t, V)
    written.forEach((text, b) => {
      const last = (b + 1) * t - 1;
      text.push(choose(data.subarray(last * V, (last + 1) * V), random));
    });
  }
  return written.map((text) => text.slice(1));
}

/**
 * A draw from the softmax of logits over a temperature, by the Gumbel trick: the largest of logits + noise. A
 * temperature of 0 takes the likeliest.
 *
 * @param {Float64Array} logits (V,)
 * @param {Random} random
 */
export function choose(logits, random, temperature = 1) {
  const noisy = temperature ? logits.map((x) => x / temperature - Math.log(-Math.log(1 - random()))) : logits;
  return noisy.indexOf(Math.max(...noisy));
}

/**
 * The mean loss on rows, in nats per token, all positions in one pass under this mask.
 *
 * @param {Transformer} model
 * @param {Mask} mask
 * @param {Rows} rows
 */
export function heldOutLoss(model, mask, { inputs, targets }) {
  const { logits } = model.forward(inputs, model.config.context, mask);
  return mean(crossEntropy(logits, targets).losses);
}

/**
 * The leak test: in how many pairs of an output and a token of its future does replacing the token move the
 * output? An honest model has none. Random tokens, so that no habit of the language hides a path.
 *
 * @param {Transformer} model
 * @param {Mask} mask
 * @param {Random} random
 */
export function countLeaks(model, mask, random) {
  const { vocab, context: T } = model.config;
  const tokens = Array.from({ length: PROBED * T }, () => integer(random, vocab)); // (B · T)
  const before = model.forward(tokens, T, mask).logits.data; // (B · T · V)
  let leaks = 0;
  for (let j = 1; j < T; j++) {
    const other = 1 + integer(random, vocab - 1);
    const changed = tokens.map((token, n) => (n % T === j ? (token + other) % vocab : token));
    const after = model.forward(changed, T, mask).logits.data;
    const moved = new Set();
    after.forEach((x, k) => {
      if (x !== before[k]) moved.add(Math.floor(k / vocab) % T);
    });
    leaks += [...moved].filter((i) => i < j).length;
  }
  return leaks;
}

/**
 * The attention of each layer and head to a text (layers, heads, T, T), with so many digits.
 *
 * @param {Transformer} model
 * @param {Mask} mask
 * @param {number[]} tokens (T,)
 */
export function attentionWeights(model, mask, tokens, digits = 4) {
  const T = tokens.length;
  const { blocks } = model.forward(tokens, T, mask);
  /** @param {Float64Array} list @param {number} size */
  const parts = (list, size) =>
    Array.from({ length: list.length / size }, (_, k) => list.subarray(k * size, (k + 1) * size));
  return blocks.map(({ attended }) =>
    parts(attended.weights, T * T).map((head) =>
      parts(head, T).map((row) => Array.from(row, (x) => Number(x.toFixed(digits)))),
    ),
  );
}
