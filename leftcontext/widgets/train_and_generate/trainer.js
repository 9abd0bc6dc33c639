// @ts-check
// Who trains: a kernel where one answers, the page where none does. Either way the result stands in `runs`.

import { allowedBy } from "../shared/mask_rules.js";
import { kernelOf } from "./kernel.js";
import { maskOf, pageTraining, withPainted } from "./page_training.js";

/** @import { Model, SetTrait } from "../shared/types.d.ts" */
/** @import { Mask } from "./layers.js" */
/** @import { Plan } from "./page_training.js" */
/** @import { Run } from "./runs.js" */
/** @import { State } from "./view.js" */

export const OWN = "yours"; // the mask of the reader's own
/** @type {Omit<Run, "allowed">} */
const BEGUN = { steps: [], losses: [], words: [], legal: 0, after: 0, share: null, leaks: null };

/**
 * @param {Model<State>} model
 * @param {SetTrait<State>} set
 * @param {() => void} onChange hears when someone else trains now, or nobody
 */
export function trainerOf(model, set, onChange) {
  /** @type {Plan} */
  const plan = JSON.parse(model.get("_page_training"));
  const sentence = model.get("tokens");
  const kernel = kernelOf(model, onChange);
  const page = pageTraining(plan, sentence, model.get("_uses"), { report, end });

  /**
   * @param {string} mask
   * @param {Partial<Run>} news
   */
  function report(mask, news) {
    const runs = model.get("runs");
    set("runs", { ...runs, [mask]: { ...runs[mask], ...news } });
  }

  /** @param {string} mask */
  function end(mask) {
    if (page.failed()) set("runs", without(model.get("runs"), mask));
    onChange();
  }

  /** The mask that is being trained with, or "". */
  function running() {
    return page.running() || (kernel.answers() ? model.get("running") : "");
  }

  function startHere() {
    const mask = model.get("mask");
    const allowed = mask === OWN ? withPainted(plan, model.get("allowed") ?? []) : maskOf(plan, mask);
    const shown = allowed.slice(0, sentence.length).map((row) => row.slice(0, sentence.length));
    report(mask, { ...BEGUN, used: undefined, weights: undefined, allowed: shown });
    page.start(mask, allowed);
    onChange();
  }

  /** Start a training under the chosen mask, or stop the one that runs. */
  function toggle() {
    if (page.running()) page.stop();
    else if (kernel.isAbsent()) startHere();
    else kernel.ask(running() ? "stop" : "train");
  }

  /** The kernel has answered. Whether that is news. */
  function heard() {
    const first = kernel.heard();
    if (model.get("running")) page.stop(); // the kernel trains now
    return first;
  }

  /**
   * What was trained under another mask of the reader's is no longer true.
   *
   * @param {Mask} mask
   */
  function setOwnMask(mask) {
    if (page.running() === OWN) page.stop();
    set("runs", without(model.get("runs"), OWN));
    set("recorded", without(model.get("recorded"), OWN));
    set("allowed", mask);
  }

  /** A mask to begin painting with: the causal one. */
  function giveOwnMask() {
    if (!model.get("allowed")) set("allowed", allowedBy(plan.rules.causal, sentence.length));
  }

  return {
    running,
    toggle,
    heard,
    setOwnMask,
    giveOwnMask,
    greet: () => kernel.ask("hello"),
    runningHere: page.running,
    isAbsent: kernel.isAbsent,
    isReady: () => kernel.answers() || (kernel.isAbsent() && !page.failed()),
    end() {
      kernel.end();
      page.stop();
    },
  };
}

/**
 * @param {Record<string, Run>} runs
 * @param {string} mask
 */
const without = (runs, mask) => Object.fromEntries(Object.entries(runs).filter(([name]) => name !== mask));
