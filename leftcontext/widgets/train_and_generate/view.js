// @ts-check
// The view of TrainAndGenerate: it asks for a training and draws what is reported. A kernel trains where one
// answers; elsewhere the page does, and its runs stand in `runs` as those of Python do.

import { choice } from "../shared/controls.js";
import { beside, element, muted, statusLine } from "../shared/dom.js";
import { view } from "../shared/host.js";
import { number } from "../shared/numbers.js";
import { combinations, mismatch } from "./combinations.js";
import { lossChart } from "./loss_chart.js";
import { ownMask } from "./own_mask.js";
import { hasSeenAnswers, headMap, sampleText, verdict } from "./runs.js";
import { OWN, trainerOf } from "./trainer.js";

/** @import { Model, SetTrait } from "../shared/types.d.ts" */
/** @import { Mask } from "./layers.js" */
/** @import { Run } from "./runs.js" */
/**
 * @typedef {object} State
 * @property {string} mask
 * @property {string[]} masks
 * @property {string} used the mask used while writing, or "as_trained"
 * @property {string[]} _uses
 * @property {Record<string, string>} _labels
 * @property {number} steps
 * @property {string} running
 * @property {Record<string, Run>} runs
 * @property {Record<string, Run>} recorded
 * @property {Mask | null} allowed the reader's own mask
 * @property {string} _page_training JSON: what Python says of the training, a Plan of page_training.js
 * @property {string} complaint
 * @property {number} entropy
 * @property {string[]} tokens
 */

const AS_TRAINED = "as_trained";
const NOBODY =
  "Python does not answer: it is busy, or this page runs without it. So the page trains the model itself, " +
  "in JavaScript; a training takes about half a minute.";
const NO_WORKER =
  "Python does not answer: it is busy, or this page runs without it. The page can’t train either, " +
  "since it may not start a worker. To train, open the notebook in Jupyter and run this cell.";
const RECORDED = " What was not trained here was recorded when the course was made, in Python.";

/** @param {number[]} [list] of a run; 0 where there is none yet */
const lastOf = (list = []) => list[list.length - 1] ?? 0;

/**
 * @param {Model<State>} model
 * @param {HTMLElement} node
 * @param {SetTrait<State>} set
 */
function build(model, node, set) {
  const entropy = model.get("entropy");
  const steps = model.get("steps");
  const labels = model.get("_labels");
  const button = element("button", { type: "button", className: "lc-button", disabled: true });
  const progress = element("progress", { max: steps, ariaLabel: "training steps done" });
  const readout = element("span", { className: "lc-muted" });
  const note = muted();
  const chart = lossChart(steps, entropy, labels);
  const samples = element("div", { className: "lc-samples" });
  const uses = model.get("_uses");
  const useLabels = Object.fromEntries(uses.map((name) => [name, labels[name]]));
  const used = choice("used with", { [AS_TRAINED]: "as trained", ...useLabels }, (use) => set("used", use));
  const table = combinations(labels, uses);
  const own = ownMask(model.get("tokens"), (text) => say(text), paintOwn);
  const { node: status, say } = statusLine();
  const map = headMap(model.get("tokens"), say);
  const controls = element("div", { className: "lc-controls" }, button, progress, readout);
  const seen = element("div", { className: "lc-seen" }, chart.node, map.node);
  node.append(used.node, own.node, controls, note, status, table.node, beside(seen, samples));
  let announced = "";
  let leakTold = false; // of the training that runs
  /** @type {Mask | null} a painted mask that can't be trained with yet */
  let draft = null;
  const trainer = trainerOf(model, set, () => {
    reoffer();
    if (!announce()) tell();
  });
  let masks = offer();
  node.prepend(masks.node);

  function offer() {
    const options = Object.fromEntries(offered().map((name) => [name, labels[name]]));
    return choice("trained with", options, chooseMask);
  }

  /** Without a kernel one paints a mask of one's own here. */
  function offered() {
    const masks = model.get("masks");
    return trainer.isAbsent() && !masks.includes(OWN) ? [...masks, OWN] : masks;
  }

  /** @param {string} mask */
  function chooseMask(mask) {
    if (mask === OWN) trainer.giveOwnMask();
    set("mask", mask);
  }

  /** @param {Mask} mask */
  function paintOwn(mask) {
    draft = mask;
    own.show(mask);
    if (!own.complaint()) trainer.setOwnMask(mask);
    paint();
  }

  /** Without a kernel, what was recorded stands in for what was not trained here. */
  function allRuns() {
    return trainer.isAbsent() ? { ...model.get("recorded"), ...model.get("runs") } : model.get("runs");
  }

  function tell() {
    if (trainer.running()) return;
    const mask = model.get("mask");
    const run = allRuns()[mask];
    if (run) say(verdict(labels[mask], run, entropy));
    else say(trainer.isReady() ? "Choose a mask to train with and press Train." : "");
  }

  /** Why one can't train with the mask that is chosen; "" where one can. */
  function obstacle() {
    if (model.get("mask") !== OWN) return "";
    const complaint = trainer.isAbsent() ? own.complaint() : model.get("complaint");
    return complaint && `Your mask can’t be trained with. ${complaint}`;
  }

  /** Who trains where there is no kernel, and what is shown until then. */
  function absence() {
    if (!trainer.isAbsent()) return "";
    const old = Object.keys(model.get("recorded")).some((mask) => !(mask in model.get("runs")));
    return (trainer.isReady() ? NOBODY : NO_WORKER) + (old ? RECORDED : "");
  }

  /**
   * What the button says.
   *
   * @param {boolean} running
   * @param {boolean} again
   */
  function action(running, again) {
    if (running) return "■ Stop";
    return again ? "▶ Train again" : "▶ Train";
  }

  /** @param {string} mask of the training */
  function useOf(mask) {
    return model.get("used") === AS_TRAINED ? mask : model.get("used");
  }

  /** @param {Run} run */
  function otherText(run) {
    const text = run.used?.[model.get("used")];
    return text && { label: labels[model.get("used")], text };
  }

  /** What the mask used while writing makes of the model that is chosen. */
  function tellUse() {
    const mask = model.get("mask");
    const use = useOf(mask);
    const combined = allRuns()[mask]?.used?.[use];
    if (combined) say(mismatch(labels[mask], labels[use], combined, entropy));
    else tell();
  }

  /** @param {Run} [run] */
  function paintControls(run) {
    const running = trainer.running() !== "";
    const hindered = obstacle();
    const done = lastOf(run?.steps);
    const soFar = done ? `step ${done} of ${steps}, loss ${number(lastOf(run?.losses))}, ` : "";
    note.textContent = hindered || absence();
    button.textContent = action(running, run !== undefined);
    button.disabled = !running && (!trainer.isReady() || hindered !== "");
    progress.value = done;
    readout.textContent = `${soFar}entropy ${number(entropy)}`;
  }

  function paint() {
    const runs = allRuns();
    const run = runs[model.get("mask")];
    const shown = Object.keys(labels).filter((name) => runs[name]?.words.length);
    masks.choose(model.get("mask"));
    paintOwnMask();
    paintControls(run);
    chart.show(runs);
    samples.replaceChildren(
      ...shown.map((name) => sampleText(name, labels[name], runs[name], otherText(runs[name]))),
    );
    used.choose(model.get("used"));
    table.show(runs, model.get("mask"), useOf(model.get("mask")));
    map.show(run);
  }

  function paintOwnMask() {
    own.node.hidden = !(trainer.isAbsent() && model.get("mask") === OWN);
    const mask = draft ?? model.get("allowed");
    if (!own.node.hidden && mask) own.show(mask);
  }

  /**
   * Say what happened once, not at every step: a screen reader reads each change of the status aloud. Whether
   * something happened.
   */
  function announce() {
    const running = trainer.running();
    if (running === announced) return false;
    leakTold = false;
    const run = model.get("runs")[announced];
    if (running) say(`Training with mask ${labels[running]} …`);
    else if (run) say(verdict(labels[announced], run, entropy));
    announced = running;
    return true;
  }

  /** A training in the page takes its time, so the leak is told as soon as the loss shows it. */
  function announceLeak() {
    const mask = trainer.runningHere();
    const run = model.get("runs")[mask];
    if (leakTold || !run || !hasSeenAnswers(lastOf(run.losses), entropy)) return;
    leakTold = true;
    say(
      `${labels[mask]}: after ${lastOf(run.steps)} steps the loss is below the entropy: it sees the answers.`,
    );
  }

  function heard() {
    const first = trainer.heard();
    reoffer();
    if (first) tell();
  }

  /** Offer the masks that there are now, and paint. */
  function reoffer() {
    if (masks.node.querySelectorAll("input").length !== offered().length) {
      const old = masks.node;
      masks = offer();
      old.replaceWith(masks.node);
    }
    paint();
  }

  button.addEventListener("click", trainer.toggle);
  paint();
  trainer.greet();
  return {
    mask() {
      paint();
      tell();
    },
    used() {
      paint();
      tellUse();
    },
    masks: reoffer,
    allowed() {
      draft = null;
      paint();
    },
    runs() {
      paint();
      announceLeak();
    },
    complaint: paint,
    running() {
      heard();
      announce();
    },
    "msg:custom": heard,
    end: trainer.end,
  };
}

export default view("Train and generate", build);
