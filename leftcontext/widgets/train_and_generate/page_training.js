// @ts-check
// Trains in the page, where no kernel does: starts and ends the worker, and puts together what it needs.

import source from "worker:./worker.js";
import { sees } from "../shared/mask_rules.js";
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
 * A mask by name (size, size), of the model's size unless it is given.
 *
 * @param {Plan} plan
 * @param {string} name
 * @returns {Mask}
 */
export function maskOf(plan, name, size = plan.config.context) {
  const seen = sees(plan.rules[name]);
  return Array.from({ length: size }, (_, i) => Array.from({ length: size }, (_, j) => seen(i, j)));
}

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
 * One training at a time, in a worker of its own, so that the page stays responsive and a stop is a stop.
 *
 * @param {Plan} plan
 * @param {string[]} sentence
 * @param {string[]} uses masks used while writing
 * @param {{ report: (mask: string, news: Partial<Run>) => void, end: (mask: string) => void }} listener
 */
export function pageTraining(plan, sentence, uses, { report, end }) {
  /** @type {Worker | undefined} */
  let worker;
  let running = "";
  let failed = false;

  /**
   * @param {string} name
   * @param {Mask} mask (context, context)
   */
  function start(name, mask) {
    running = name;
    const { rules, ...rest } = plan;
    const used = Object.fromEntries(uses.map((use) => [use, maskOf(plan, use)]));
    try {
      const address = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
      worker = new Worker(address);
      worker.onmessage = ({ data: { news, over } }) => (over ? stop() : report(name, news));
      worker.onerror = fail;
      worker.postMessage({ ...rest, mask, uses: used, sentence });
    } catch {
      fail(); // the host allows no worker
    }
  }

  function fail() {
    failed = true;
    stop();
  }

  /** What the training has come to stays. */
  function stop() {
    const name = running;
    worker?.terminate();
    worker = undefined;
    running = "";
    if (name) end(name);
  }

  return { start, stop, running: () => running, failed: () => failed };
}
