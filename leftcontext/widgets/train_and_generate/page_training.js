// @ts-check
// Trains in the page, where no kernel does: puts together what the worker needs, and knows which one runs.

import source from "worker:./worker.js";
import { backgroundWork } from "../shared/background.js";
import { allowedBy } from "../shared/mask_rules.js";
import { each } from "../shared/numbers.js";

/** @import { MaskRule } from "../shared/types.d.ts" */
/** @import { Mask } from "./layers.js" */
/** @import { Run } from "./runs.js" */
/** @import { Job } from "./worker.js" */
/**
 * What Python says of the training, as in_page.py has it.
 *
 * @typedef {Omit<Job, "mask" | "uses" | "sentence"> & { rules: Record<string, MaskRule> }} Plan
 */

/**
 * A mask by name, of the model's size (context, context).
 *
 * @param {Plan} plan
 * @param {string} name
 * @returns {Mask}
 */
export const maskOf = (plan, name) => allowedBy(plan.rules[name], plan.config.context);

/**
 * A painted mask, top left of a causal one of the model's size.
 *
 * @param {Plan} plan
 * @param {Mask} painted (n, n)
 * @returns {Mask}
 */
export function withPainted(plan, painted) {
  return each(maskOf(plan, "causal"), (may, i, j) => painted[i]?.[j] ?? may);
}

/**
 * One training at a time.
 *
 * @param {Plan} plan
 * @param {string[]} sentence
 * @param {string[]} uses masks used while writing
 * @param {{ report: (mask: string, news: Partial<Run>) => void, end: (mask: string) => void }} listener `end`
 *   hears of a stop too
 */
export function pageTraining(plan, sentence, uses, { report, end }) {
  let running = "";
  let failed = false;
  /** @param {Partial<Run>} news */
  const heard = (news) => report(running, news);
  const work = backgroundWork(source, { report: heard, end: over });

  /**
   * @param {string} name
   * @param {Mask} mask (context, context)
   */
  function start(name, mask) {
    running = name;
    const { rules, ...rest } = plan;
    const used = Object.fromEntries(uses.map((use) => [use, maskOf(plan, use)]));
    work.start({ ...rest, mask, uses: used, sentence });
  }

  /** @param {boolean} hasFailed */
  function over(hasFailed) {
    failed ||= hasFailed;
    stop();
  }

  /** What the training has come to stays. */
  function stop() {
    const name = running;
    work.stop();
    running = "";
    if (name) end(name);
  }

  return { start, stop, running: () => running, failed: () => failed };
}
