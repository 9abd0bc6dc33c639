// @ts-check
// Trains beside the page, so that the page stays responsive: one training for one worker. It is given a job
// and reports what is new of the run, as widget.py does; to stop it, end the worker.

import { Language } from "./language.js";
import { draw, mean, Transformer, train } from "./model.js";
import { generator } from "./random.js";
import { attentionWeights, countLeaks, generateTexts, heldOutLoss } from "./writing.js";

/** @import { Grammar } from "./language.js" */
/** @import { Mask } from "./layers.js" */
/** @import { Config, Schedule } from "./model.js" */
/** @import { Run } from "./runs.js" */
/**
 * @typedef {object} Job
 * @property {Config} config
 * @property {Schedule} schedule
 * @property {Grammar} language
 * @property {number} seed
 * @property {Mask} mask of the training (T, T)
 * @property {Record<string, Mask>} uses masks used while writing, by name
 * @property {string[]} sentence the attention to it is reported
 * @property {number} chunk steps between two reports
 * @property {number} sample steps between two texts
 * @property {number} judged texts that are judged at the end
 * @property {number} held_out rows for the held-out losses
 */

/** Streams of random numbers, one for each purpose: what one of them draws changes no other. */
const STREAM = { weights: 1, rows: 2, heldOut: 3, texts: 4, probes: 5, samples: 6 };

/**
 * The run of a job, part by part.
 *
 * @param {Job} job
 * @returns {Generator<Partial<Run>>}
 */
export function* run(job) {
  const language = new Language(job.language);
  const model = new Transformer(job.config, draw(job.config, generator(job.seed, STREAM.weights)));
  yield* descend(job, model, language);
  yield* judge(job, model, language);
}

/**
 * @param {Job} job
 * @param {Transformer} model
 * @param {Language} language
 * @returns {Generator<Partial<Run>>}
 */
function* descend({ config, schedule, seed, mask, chunk, sample, sentence }, model, language) {
  const random = generator(seed, STREAM.rows);
  const tokens = sentence.map((word) => language.symbols.indexOf(word));
  const drawRows = () => language.rows(schedule.batch, config.context, random);
  /** @type {number[]} */
  const steps = [];
  /** @type {number[]} */
  const losses = [];
  /** @type {number[]} */
  let recent = [];
  let step = 0;
  for (const loss of train(model, mask, drawRows, schedule)) {
    step += 1;
    recent.push(loss);
    const last = step === schedule.steps;
    if (step % chunk && !last) continue;
    steps.push(step);
    losses.push(mean(recent));
    recent = [];
    yield { steps, losses };
    if (step % sample && !last) continue;
    const [text] = generateTexts(model, mask, 1, generator(seed, STREAM.samples + step));
    yield { ...judged(language, text), after: step, weights: attentionWeights(model, mask, tokens) };
  }
}

/**
 * The share of legal texts among many, the leak test, and what every mask used while writing makes of the
 * model.
 *
 * @param {Job} job
 * @param {Transformer} model
 * @param {Language} language
 * @returns {Generator<Partial<Run>>}
 */
function* judge(job, model, language) {
  const { config, seed, mask } = job;
  const texts = generateTexts(model, mask, job.judged, generator(seed, STREAM.texts));
  const leaks = countLeaks(model, mask, generator(seed, STREAM.probes));
  yield { share: shareLegal(language, texts), leaks };
  const rows = language.rows(job.held_out, config.context, generator(seed, STREAM.heldOut));
  /** @type {NonNullable<Run["used"]>} */
  const used = {};
  for (const [name, other] of Object.entries(job.uses)) {
    const written = generateTexts(model, other, job.judged, generator(seed, STREAM.texts));
    const loss = heldOutLoss(model, other, rows);
    used[name] = { share: shareLegal(language, written), loss, ...judged(language, written[0]) };
    yield { used: { ...used } };
  }
}

/**
 * @param {Language} language
 * @param {number[]} text
 */
const judged = (language, text) => ({ words: language.words(text), legal: language.legalTokens(text) });

/**
 * The share of texts that are legal in every word: the honest score of a model that writes.
 *
 * @param {Language} language
 * @param {number[][]} texts
 */
export function shareLegal(language, texts) {
  return texts.filter((text) => language.legalTokens(text) === text.length).length / texts.length;
}

self.onmessage = ({ data }) => {
  for (const news of run(data)) self.postMessage({ news });
  self.postMessage({ over: true });
};
