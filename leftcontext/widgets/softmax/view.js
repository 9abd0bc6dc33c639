// @ts-check
// The view of Softmax: two sliders, and the weights that follow at once.

import { choice, numbered, slider } from "../shared/controls.js";
import { beside, element, muted, statusLine } from "../shared/dom.js";
import { view } from "../shared/host.js";
import { number, softmax } from "../shared/numbers.js";
import { barTable } from "../shared/tables.js";

/** @import { Model, SetTrait } from "../shared/types.d.ts" */
/**
 * @typedef {object} State
 * @property {string[]} tokens
 * @property {string[]} rows
 * @property {number} row
 * @property {number} temperature
 * @property {number} shift
 * @property {number[][]} _scores
 * @property {Record<"temperature" | "shift", [low: number, high: number]>} _limits
 */

/**
 * What a shift does: it multiplies every exponential by the same number.
 *
 * @param {number} shift
 * @param {number} temperature
 */
function onShift(shift, temperature) {
  const exponent = shift / temperature;
  const factor = Math.exp(exponent);
  const times = factor >= 1e4 || factor < 1e-2 ? `e^${number(exponent, 1)}` : number(factor);
  return (
    `Shift ${number(shift, 1)}: every exponential is multiplied by ${times}, and so is their sum. ` +
    "No weight changes."
  );
}

/**
 * What a temperature does to the largest weight.
 *
 * @param {number[]} scores
 * @param {number} temperature
 * @param {string[]} tokens
 */
function onTemperature(scores, temperature, tokens) {
  const [plain, now] = [1, temperature].map((divisor) => softmax(scores.map((x) => x / divisor)));
  const best = now.indexOf(Math.max(...now));
  const change = `the weight of “${tokens[best]}” goes from ${number(plain[best])} to ${number(now[best])}`;
  if (temperature === 1) return "Temperature 1: the scores as they are.";
  const effect = temperature < 1 ? "differences grow" : "differences shrink";
  return `Temperature ${number(temperature, 1)}: ${effect}, ${change}.`;
}

/**
 * @param {Model<State>} model
 * @param {HTMLElement} node
 * @param {SetTrait<State>} set
 */
function build(model, node, set) {
  const tokens = model.get("tokens");
  const limits = model.get("_limits");
  const rows = choice("scores of", numbered(model.get("rows")), (row) => set("row", Number(row)));
  const temperature = slider("temperature", [...limits.temperature, 0.1], (x) => set("temperature", x));
  const shift = slider("shift", [...limits.shift, 0.5], (x) => set("shift", x));
  const formula = element(
    "p",
    { className: "lc-formula" },
    "weights = softmax((scores + shift) / temperature)",
  );
  const bars = barTable();
  const { node: status, say } = statusLine();
  node.append(rows.node, temperature.node, shift.node, formula, beside(bars.node), status);
  node.append(muted("Predict before you move a slider: which of the two changes a weight?"));

  function paint() {
    const scores = model.get("_scores")[model.get("row")];
    const divisor = model.get("temperature");
    const added = model.get("shift");
    const logits = scores.map((score) => (score + added) / divisor);
    rows.choose(String(model.get("row")));
    temperature.show(divisor, number(divisor, 1));
    shift.show(added, number(added, 1));
    bars.show({
      caption: `softmax of the scores of “${model.get("rows")[model.get("row")]}”`,
      names: tokens,
      values: softmax(logits),
      marks: tokens.map(() => ""),
      kind: ["token", "score", "into softmax", "weight"],
      before: scores.map((score, j) => [number(score), number(logits[j])]),
      format: (x) => number(x, 3),
      foot: "",
    });
  }

  /** @param {() => string} sentence */
  const tells = (sentence) => () => {
    paint();
    say(sentence());
  };
  const scores = () => model.get("_scores")[model.get("row")];
  const aboutTemperature = tells(() => onTemperature(scores(), model.get("temperature"), tokens));
  aboutTemperature();
  return {
    row: aboutTemperature,
    temperature: aboutTemperature,
    shift: tells(() => onShift(model.get("shift"), model.get("temperature"))),
  };
}

export default view("Softmax", build);
