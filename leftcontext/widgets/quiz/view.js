// @ts-check
// The view of QuizForm: options to click, a button that hands them in, and the letters in the answer's cell.

import { element, muted, statusLine } from "../shared/dom.js";
import { view } from "../shared/host.js";
import { writeAnswer } from "./answer_cell.js";

/** @import { Model, SetTrait } from "../shared/types.d.ts" */
/**
 * @typedef {{ name: string, options: [string, string][], several: boolean, chosen: string[],
 *   feedback: string, line: string }} State
 */

/**
 * @param {string} letter
 * @param {string} html written by the course
 */
function words(letter, html) {
  const text = element("span");
  text.innerHTML = html || `Option ${letter}`;
  return text;
}

/**
 * @param {Model<State>} model
 * @param {HTMLElement} node
 * @param {SetTrait<State>} set
 */
function build(model, node, set) {
  const several = model.get("several");
  const group = `lc-${Math.random()}`;
  const inputs = model
    .get("options")
    .map(([letter]) =>
      element("input", { type: several ? "checkbox" : "radio", name: group, value: letter }),
    );
  const labels = model
    .get("options")
    .map(([letter, html], n) =>
      element("label", {}, inputs[n], element("b", {}, `${letter}.`), words(letter, html)),
    );
  const legend = element("legend", {}, several ? "Choose all that hold." : "Choose one.");
  const button = element("button", { type: "button", className: "lc-step" }, "Check my answer");
  const feedback = element("div", { role: "status" });
  const { node: status, say } = statusLine();
  const place = muted();
  node.append(
    element("fieldset", { className: "lc-quiz" }, legend, ...labels),
    button,
    status,
    feedback,
    place,
  );

  button.addEventListener("click", () => {
    const letters = inputs.filter((input) => input.checked).map((input) => input.value);
    if (!letters.length) {
      say("Choose an option first.");
      return;
    }
    say("");
    set("chosen", letters);
  });

  function paint() {
    const chosen = model.get("chosen");
    for (const input of inputs) input.checked = chosen.includes(input.value);
    feedback.innerHTML = model.get("feedback"); // escaped by the judge's own renderer
  }

  function handIn() {
    const line = model.get("line");
    const written = writeAnswer(node, model.get("name"), line);
    place.textContent = written
      ? `Written into the answer's cell: ${line}. That line is what is graded.`
      : `To hand it in, write this line in the answer's cell, which is what is graded: ${line}`;
  }

  paint();
  return { feedback: paint, line: handIn };
}

export default view("Quiz", build);
