// @ts-check
// Runs a model of real English beside the page, so that the page stays responsive: one job for one worker. It
// writes, or it tells what the heads look at; to stop it, end the worker.

import { Transformer } from "../train_and_generate/model.js";
import { generator } from "../train_and_generate/random.js";
import { attentionWeights } from "../train_and_generate/writing.js";
import { unpack } from "./packed.js";
import { multiplications, write } from "./write.js";

/** @import { Mask } from "../train_and_generate/layers.js" */
/** @import { Config } from "../train_and_generate/model.js" */
/** @import { Packed } from "./packed.js" */
/**
 * @typedef {object} Job
 * @property {Config} config
 * @property {Packed} packed
 * @property {Mask} mask used while writing (context, context)
 * @property {number[]} tokens the prompt, after the token that ends a line
 * @property {number} characters to write; 0 reads the prompt and tells what the heads look at
 * @property {number} temperature
 * @property {boolean} cached
 * @property {number} seed
 *
 * @typedef {object} News
 * @property {number} [token]
 * @property {number} [done] multiplications of this step
 * @property {number} [milliseconds]
 * @property {number[][][][]} [weights] (layers, heads, T, T)
 */

/**
 * What a job comes to, part by part.
 *
 * @param {Job} job
 * @returns {Generator<News>}
 */
export function* run(job) {
  const { config, mask, tokens, characters } = job;
  const model = new Transformer(config, unpack(config, job.packed));
  if (!characters) {
    yield { weights: attentionWeights(model, mask, tokens) };
    return;
  }
  const steps = write(model, mask, tokens, { ...job, random: generator(job.seed) });
  for (let k = 0; k < characters; k++) {
    const begin = performance.now();
    const { token, ...step } = /** @type {import("./write.js").Step} */ (steps.next().value);
    const milliseconds = performance.now() - begin;
    yield { token, done: multiplications(config, step, mask), milliseconds };
  }
}

self.onmessage = ({ data }) => {
  for (const news of run(data)) self.postMessage({ news });
  self.postMessage({ over: true });
};
