// @ts-check
// A choice among a few words, and a walk through numbered steps.

import { element } from "./dom.js";

/**
 * A choice (value → label): radio buttons, so that arrow keys and screen readers know it already.
 *
 * @param {string} legend
 * @param {Record<string, string>} options
 * @param {(value: string) => void} onChoose
 */
export function choice(legend, options, onChoose) {
  const name = `lc-${Math.random()}`; // what belongs together; another one for each choice on the page
  const inputs = Object.keys(options).map((value) => element("input", { type: "radio", name, value }));
  const labels = inputs.map((input) =>
    element("label", {}, input, element("span", {}, options[input.value])),
  );
  const words = element("legend", {}, legend);
  const node = element("fieldset", { className: "lc-choice" }, words, element("div", {}, ...labels));
  node.addEventListener("change", ({ target }) => {
    if (target instanceof HTMLInputElement) onChoose(target.value);
  });
  /** @param {string} value */
  const choose = (value) => {
    for (const input of inputs) input.checked = input.value === value;
  };
  return { node, choose };
}

/**
 * Words as the options of a choice of a position.
 *
 * @param {string[]} words
 * @returns {Record<string, string>}
 */
export const numbered = (words) => Object.fromEntries(words.map((word, i) => [String(i), word]));

/**
 * A walk through the steps 0 to `last`: back, a slider, on. A button that has nothing left to do stays
 * focusable.
 *
 * @param {string} legend
 * @param {number} last
 * @param {(step: number) => void} onStep
 */
export function stepper(legend, last, onStep) {
  const slider = element("input", { type: "range", min: 0, max: last, step: 1, ariaLabel: legend });
  const readout = element("span", { className: "lc-muted" });
  const word = element("span", { className: "lc-word" }, "step");
  const back = button("◀", "one step back", -1);
  const on = button("Next ▶", "Next step", 1);

  /**
   * @param {string} text
   * @param {string} label
   * @param {number} by
   */
  function button(text, label, by) {
    const node = element("button", { type: "button", className: "lc-step", ariaLabel: label }, text);
    node.addEventListener("click", () => go(slider.valueAsNumber + by));
    return node;
  }

  /** @param {number} step */
  function go(step) {
    if (step >= 0 && step <= Number(slider.max)) onStep(step);
  }

  /**
   * @param {number} step
   * @param {number} last
   * @param {string} text
   */
  function show(step, last, text) {
    slider.max = String(last);
    slider.value = String(step);
    slider.setAttribute("aria-valuetext", text);
    readout.textContent = text;
    back.ariaDisabled = String(step === 0);
    on.ariaDisabled = String(step === last);
  }

  slider.addEventListener("input", () => go(slider.valueAsNumber));
  return { node: element("div", { className: "lc-controls" }, word, back, slider, on, readout), show };
}

/**
 * A number that one slides: its name, the slider, and the number as `show` writes it.
 *
 * @param {string} name
 * @param {[low: number, high: number, step: number]} range
 * @param {(value: number) => void} onSlide
 */
export function slider(name, [min, max, step], onSlide) {
  const input = element("input", { type: "range", min, max, step, ariaLabel: name });
  const word = element("span", { className: "lc-word" }, name);
  const readout = element("span", { className: "lc-muted" });
  input.addEventListener("input", () => onSlide(input.valueAsNumber));

  /**
   * @param {number} value
   * @param {string} text
   */
  function show(value, text) {
    input.value = String(value);
    input.setAttribute("aria-valuetext", text);
    readout.textContent = text;
  }
  return { node: element("label", { className: "lc-controls" }, word, input, readout), show };
}
