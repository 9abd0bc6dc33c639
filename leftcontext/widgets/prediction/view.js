// @ts-check
// The view of Prediction: a field or a choice, a button that keeps it, and the result beside it.

import { choice } from "../shared/controls.js";
import { element, statusLine } from "../shared/dom.js";
import { view } from "../shared/host.js";

/** @import { Model, SetTrait } from "../shared/types.d.ts" */
/** @typedef {"text" | "number" | "choice"} Kind */
/**
 * @typedef {{ question: string, kind: Kind, options: string[], asks: boolean, answer: string,
 *   result: string | null }} State
 */

/**
 * @param {Model<State>} model
 * @param {HTMLElement} node
 * @param {SetTrait<State>} set
 */
function build(model, node, set) {
  const question = model.get("question");
  const { node: status, say } = statusLine();
  const entry = model.get("kind") === "choice" ? chooser(model.get("options")) : field();
  const asked = model.get("asks") ? [element("p", {}, element("b", {}, question))] : [];
  const group = element("div", { className: "lc-prediction", role: "group", ariaLabel: question });
  group.append(...asked, ...entry.nodes, status);
  node.append(group);

  /** @param {string[]} options */
  function chooser(options) {
    const words = Object.fromEntries(options.map((option) => [option, option]));
    const choose = choice("your prediction", words, (value) => set("answer", value));
    return { nodes: [choose.node], show: choose.choose };
  }

  function field() {
    const number = model.get("kind") === "number";
    const more = number ? { inputMode: "decimal" } : {};
    const input = element("input", { type: "text", className: "lc-text", autocomplete: "off", ...more });
    const label = element("label", {}, element("span", { className: "lc-muted" }, "your prediction"), input);
    const button = element("button", { type: "button", className: "lc-step" }, "Keep it");
    const keep = () => {
      const text = input.value.trim();
      const wrong = number && text !== "" && Number.isNaN(Number(text.replace(",", ".").replace("−", "-")));
      input.setAttribute("aria-invalid", String(wrong));
      if (wrong) say("Write a number, such as 0.25.");
      else set("answer", text);
    };
    button.addEventListener("click", keep);
    input.addEventListener("keydown", ({ key }) => key === "Enter" && keep());
    /** @param {string} answer */
    const show = (answer) => {
      if (document.activeElement !== input) input.value = answer;
    };
    return { nodes: [label, button], show };
  }

  function paint() {
    const answer = model.get("answer");
    const result = model.get("result");
    entry.show(answer);
    if (result !== null) say(`You predicted: ${answer || "nothing"}. The result: ${result}.`);
    else say(answer ? `Kept: ${answer}. Now run the next cell and compare.` : "");
  }

  paint();
  return { answer: paint, result: paint };
}

export default view("Your prediction", build);
