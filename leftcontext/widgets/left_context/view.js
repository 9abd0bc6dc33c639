// @ts-check
// The view of LeftContext: inputs above, predictions below, and a line from each token that may be used.

import { choice } from "../shared/controls.js";
import { element, muted, quoted, statusLine, svg } from "../shared/dom.js";
import { view } from "../shared/host.js";
import { labelsOf, sees } from "../shared/mask_rules.js";
import { number, sum } from "../shared/numbers.js";

/** @import { MaskRule, Model, Sees, SetTrait } from "../shared/types.d.ts" */
/** @typedef {"read" | "leak" | "hidden"} Role what a token is to a prediction */
/**
 * @typedef {object} State
 * @property {string[]} tokens
 * @property {string} mask
 * @property {number} position
 * @property {Record<string, MaskRule>} _rules
 * @property {number[]} _chances
 */

const LONG = 7; // tokens; more of them stand on their side

/** @param {number[]} costs */
const mean = (costs) => sum(costs) / costs.length;

/**
 * What token j is to the prediction at position i.
 *
 * @param {number} i
 * @param {number} j
 * @param {Sees} seen
 * @returns {Role}
 */
function roleOf(i, j, seen) {
  if (!seen(i, j)) return "hidden";
  return j <= i ? "read" : "leak";
}

/**
 * Why position i sees what it sees: what it reads, what it predicts, and what becomes of everything to its
 * right.
 *
 * @param {string[]} tokens
 * @param {number} i
 * @param {Sees} seen
 */
function reasons(tokens, i, seen) {
  const own = `“${tokens[i]}”`;
  const answer = `“${tokens[i + 1]}”`;
  const reads = i
    ? `${own} reads ${quoted(tokens.slice(0, i))} and itself: its left context.`
    : `${own} reads itself only: nothing stands to its left.`;
  if (i === tokens.length - 1) {
    return [
      reads,
      "It predicts a word that is not in the input: whatever the mask, there is nothing to copy.",
    ];
  }
  const fate = seen(i, i + 1)
    ? `A leak: ${answer} is the target, and it can be read. The model only has to copy it.`
    : `Hidden: ${answer}, because it is the target.`;
  const lines = [reads, `It predicts ${answer}, the token at position ${i + 1}.`, fate];
  return [...lines, ...fateOfTheRest(tokens, i, seen)];
}

/**
 * What becomes of the tokens beyond the answer.
 *
 * @param {string[]} tokens
 * @param {number} i
 * @param {Sees} seen
 */
function fateOfTheRest(tokens, i, seen) {
  const beyond = tokens.slice(i + 2);
  if (!beyond.length) return [];
  const fate = seen(i, i + 2) ? "Can be read too" : "Hidden";
  const come = beyond.length > 1 ? "come" : "comes";
  return [`${fate}: ${quoted(beyond)} ${come} later still, and will not be there when the model writes.`];
}

/**
 * One line for each token that a prediction may use; those of the chosen one are drawn last and strong.
 *
 * @param {number} T
 */
function fan(T) {
  const shape = {
    viewBox: `0 0 ${T} 1`,
    preserveAspectRatio: "none",
    "aria-hidden": "true",
    class: "lc-fan",
  };
  const node = svg("svg", shape);
  const all = Array.from({ length: T }, (_, i) => i);

  /**
   * @param {number} chosen
   * @param {Sees} seen
   */
  function show(chosen, seen) {
    /**
     * @param {number} i
     * @param {boolean} strong
     */
    function lines(i, strong) {
      const used = all.filter((j) => seen(i, j));
      return used.map((j) =>
        svg("line", { x1: j + 0.5, y1: 0, x2: i + 0.5, y2: 1, class: strong ? roleOf(i, j, seen) : "" }),
      );
    }
    const others = all.filter((i) => i !== chosen);
    node.replaceChildren(...others.flatMap((i) => lines(i, false)), ...lines(chosen, true));
  }

  return { node, show };
}

/**
 * The tokens with what each of them is to the chosen prediction.
 *
 * @param {string[]} tokens
 */
function inputList(tokens) {
  const notes = tokens.map(() => element("small", {}));
  const items = tokens.map((word, j) => element("li", {}, element("b", {}, word), notes[j]));
  const node = element("ol", { ariaLabel: "inputs" }, ...items);

  /**
   * @param {number} i
   * @param {Sees} seen
   */
  function show(i, seen) {
    items.forEach((item, j) => {
      const role = roleOf(i, j, seen);
      item.className = `lc-${role}`;
      notes[j].textContent = j === i ? "itself" : role;
    });
  }

  return { node, items, show };
}

/**
 * The predictions: a choice of a position, with the chance of each answer below it.
 *
 * @param {string[]} tokens
 * @param {(position: number) => void} onChoose
 */
function predictionChoice(tokens, onChoose) {
  const answers = Object.fromEntries(tokens.map((_, i) => [i, tokens[i + 1] ?? "?"]));
  const { node, choose } = choice("prediction at position", answers, (i) => onChoose(Number(i)));
  const items = [...node.querySelectorAll("label")];
  const inputs = [...node.querySelectorAll("input")];
  const chances = items.map(() => element("small", {}));
  items.forEach((label, i) => {
    const target = i < tokens.length - 1 ? `“${tokens[i + 1]}”` : "the next token";
    inputs[i].ariaLabel = `position ${i}, after “${tokens[i]}”: predicts ${target}`;
    label.append(chances[i]);
  });

  /**
   * @param {number} here the prediction that is looked at
   * @param {string[]} texts
   */
  function show(here, texts) {
    items.forEach((label, i) => {
      label.classList.toggle("lc-here", i === here);
      chances[i].textContent = texts[i];
    });
  }

  return { node, items, choose, show, focus: (/** @type {number} */ i) => inputs[i].focus() };
}

/**
 * @param {Model<State>} model
 * @param {HTMLElement} node
 * @param {SetTrait<State>} set
 */
function build(model, node, set) {
  const tokens = model.get("tokens");
  const chances = model.get("_chances");
  const T = tokens.length;
  const rules = model.get("_rules");
  const masks = choice("mask", labelsOf(rules), (mask) => set("mask", mask));
  const inputs = inputList(tokens);
  const lines = fan(T);
  const predictions = predictionChoice(tokens, (i) => set("position", i));
  const words = element("div", { className: "lc-reasons" });
  const { node: status, say } = statusLine();
  const hint = muted("Inputs above, predictions below. Choose a prediction: what may it read?");
  const flow = element("div", { className: "lc-flow" }, hint, inputs.node, lines.node, predictions.node);
  flow.style.setProperty("--lc-count", String(T));
  flow.classList.toggle("lc-long", T > LONG);
  node.append(masks.node, flow, words, status);

  const rule = () => rules[model.get("mask")];
  /** @param {number} i whether its answer can be read */
  const copied = (i) => i < T - 1 && sees(rule())(i, i + 1);
  /** @param {number} i */
  const chance = (i) => (copied(i) ? 1 : chances[i]);
  /** @param {(i: number) => number} of */
  const loss = (of) => number(mean(chances.map((_, i) => -Math.log(of(i)))));

  /** @param {number} [here] the prediction that the pointer is at; else the chosen one */
  function paint(here) {
    const i = here ?? model.get("position");
    const seen = sees(rule());
    masks.choose(model.get("mask"));
    predictions.choose(String(model.get("position")));
    inputs.show(i, seen);
    predictions.show(
      i,
      tokens.map((_, k) => (k < chances.length ? `p = ${number(chance(k))}` : "")),
    );
    lines.show(i, seen);
    words.replaceChildren(...reasons(tokens, i, seen).map((line) => element("p", {}, line)));
  }

  function verdict() {
    const leaks = tokens.filter((_, i) => copied(i)).length;
    const readable = `${rule().label}: ${leaks || "none"} of ${T - 1} targets can be read`;
    if (!chances.length) return `${readable}.`;
    const honest = loss((i) => chances[i]);
    const best = leaks ? `falls from ${honest} to ${loss(chance)}` : `is ${honest}`;
    return `${readable}; the best loss ${best} nats per token.`;
  }

  function tell() {
    const i = model.get("position");
    const seen = sees(rule());
    const read = tokens.filter((_, j) => seen(i, j)).length;
    const fate = copied(i) ? "and can read it: a leak" : "which is hidden";
    const end = i === T - 1 ? "predicts what comes next." : `predicts “${tokens[i + 1]}”, ${fate}.`;
    say(`position ${i}, “${tokens[i]}”: reads ${read} of ${T} tokens, ${end}`);
  }

  /** @param {PointerEvent} event */
  function under({ target }) {
    const at = [inputs.items, predictions.items].map((items) =>
      items.findIndex((item) => item.contains(/** @type {Node} */ (target))),
    );
    return at.find((i) => i >= 0);
  }

  flow.addEventListener("pointerover", (event) => paint(under(event)));
  flow.addEventListener("pointerleave", () => paint());
  inputs.items.forEach((item, i) => {
    item.addEventListener("click", () => {
      set("position", i);
      predictions.focus(i);
    });
  });
  paint();
  say(verdict());
  return {
    mask() {
      paint();
      say(verdict());
    },
    position() {
      paint();
      tell();
    },
  };
}

export default view("Left context", build);
