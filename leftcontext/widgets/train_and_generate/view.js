// @ts-check
// The view of TrainAndGenerate: it only asks for a training and draws what Python reports.

import { choice } from "../shared/controls.js";
import { beside, element, muted, statusLine } from "../shared/dom.js";
import { view } from "../shared/host.js";
import { number } from "../shared/numbers.js";
import { combinations, mismatch } from "./combinations.js";
import { lossChart } from "./loss_chart.js";
import { headMap, sampleText, verdict } from "./runs.js";

/** @import { Model, SetTrait } from "../shared/types.d.ts" */
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
 * @property {string} complaint
 * @property {number} entropy
 * @property {string[]} tokens
 */

const AS_TRAINED = "as_trained";
const ANSWER = 2500; // milliseconds in which a kernel that is not busy has answered
const NOBODY =
  "No kernel answers: it is busy, or there is none. " +
  "To train, open the notebook in Jupyter and run this cell.";
const RECORDED = " What you see was recorded when the course was made, by the same code.";

/** @param {number[]} [list] of a run; 0 where there is none yet */
const lastOf = (list = []) => list[list.length - 1] ?? 0;

/**
 * Who is at the other end: "unknown" before an answer, then a kernel, or nobody.
 *
 * @param {Model<State>} model
 * @param {() => void} onChange
 */
function kernelOf(model, onChange) {
  /** @type {"unknown" | "kernel" | "nobody"} */
  let state = "unknown";
  let waiting = 0;

  /**
   * Ask Python for something. Where nobody answers there is no kernel, and the page says so instead of doing
   * nothing.
   *
   * @param {"hello" | "train" | "stop"} what
   */
  function ask(what) {
    // The mask too: a trait may arrive later than a message.
    model.send?.({ do: what, mask: model.get("mask") });
    clearTimeout(waiting);
    waiting = setTimeout(
      () => {
        state = "nobody";
        onChange();
      },
      model.send ? ANSWER : 0,
    );
  }

  /** Python has answered. Whether that is news. */
  function heard() {
    const first = state !== "kernel";
    clearTimeout(waiting);
    state = "kernel";
    return first;
  }

  return {
    ask,
    heard,
    answers: () => state === "kernel",
    isAbsent: () => state === "nobody",
    end: () => clearTimeout(waiting),
  };
}

/**
 * @param {Model<State>} model
 * @param {HTMLElement} node
 * @param {SetTrait<State>} set
 */
function build(model, node, set) {
  const entropy = model.get("entropy");
  const steps = model.get("steps");
  const labels = model.get("_labels");
  let masks = offer();
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
  const { node: status, say } = statusLine();
  const map = headMap(model.get("tokens"), say);
  const controls = element("div", { className: "lc-controls" }, button, progress, readout);
  const seen = element("div", { className: "lc-seen" }, chart.node, map.node);
  node.append(masks.node, used.node, controls, note, status, table.node, beside(seen, samples));
  let announced = "";
  const kernel = kernelOf(model, () => {
    paint();
    tell();
  });

  function offer() {
    const options = Object.fromEntries(model.get("masks").map((name) => [name, labels[name]]));
    return choice("trained with", options, (mask) => set("mask", mask));
  }

  /** Without a kernel, what was recorded stands in for what was not trained here. */
  function allRuns() {
    return kernel.isAbsent() ? { ...model.get("recorded"), ...model.get("runs") } : model.get("runs");
  }

  function tell() {
    if (model.get("running")) return;
    const mask = model.get("mask");
    const run = allRuns()[mask];
    if (run) say(verdict(labels[mask], run, entropy));
    else say(kernel.answers() ? "Choose a mask to train with and press Train." : "");
  }

  /** Why one can't train now; "" where one can. */
  function reason() {
    const complaint = model.get("complaint");
    if (complaint && model.get("mask") === "yours") return `Your mask can’t be trained with. ${complaint}`;
    if (!kernel.isAbsent()) return "";
    const old = Object.keys(model.get("recorded")).some((mask) => !(mask in model.get("runs")));
    return NOBODY + (old ? RECORDED : "");
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
    const running = kernel.answers() && model.get("running") !== "";
    const done = lastOf(run?.steps);
    const soFar = done ? `step ${done} of ${steps}, loss ${number(lastOf(run?.losses))}, ` : "";
    note.textContent = reason();
    button.textContent = action(running, run !== undefined);
    button.disabled = !kernel.answers() || (!running && note.textContent !== "");
    progress.value = done;
    readout.textContent = `${soFar}entropy ${number(entropy)}`;
  }

  function paint() {
    const runs = allRuns();
    const run = runs[model.get("mask")];
    const shown = Object.keys(labels).filter((name) => runs[name]?.words.length);
    masks.choose(model.get("mask"));
    paintControls(run);
    chart.show(runs);
    samples.replaceChildren(
      ...shown.map((name) => sampleText(name, labels[name], runs[name], otherText(runs[name]))),
    );
    used.choose(model.get("used"));
    table.show(runs, model.get("mask"), useOf(model.get("mask")));
    map.show(run);
  }

  /** Say what happened once, not at every step: a screen reader reads each change of the status aloud. */
  function announce() {
    const running = model.get("running");
    if (running === announced) return;
    const run = model.get("runs")[announced];
    if (running) say(`Training with mask ${labels[running]} …`);
    else if (run) say(verdict(labels[announced], run, entropy));
    announced = running;
  }

  function heard() {
    const first = kernel.heard();
    paint();
    if (first) tell();
  }

  function reoffer() {
    const old = masks.node;
    masks = offer();
    old.replaceWith(masks.node);
    paint();
  }

  button.addEventListener("click", () => kernel.ask(model.get("running") ? "stop" : "train"));
  paint();
  kernel.ask("hello");
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
    runs: paint,
    complaint: paint,
    running() {
      heard();
      announce();
    },
    "msg:custom": heard,
    end: kernel.end,
  };
}

export default view("Train and generate", build);
