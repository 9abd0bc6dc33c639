// @ts-check
// The view of StoryWriter: a worker beside the page writes and reads, and what it reports is drawn.

import source from "worker:./worker.js";
import { backgroundWork } from "../shared/background.js";
import { choice, slider } from "../shared/controls.js";
import { beside, element, markLegend, muted, statusLine } from "../shared/dom.js";
import { view } from "../shared/host.js";
import { allowedBy, labelsOf, sees } from "../shared/mask_rules.js";
import { number, sum } from "../shared/numbers.js";
import { numberTable } from "../shared/tables.js";
import { headMaps, visible } from "./heads.js";
import { promptField } from "./prompt_field.js";
import { shareKnown, textList } from "./texts.js";

/** @import { MaskRule, Model, SetTrait } from "../shared/types.d.ts" */
/** @import { Config } from "../train_and_generate/model.js" */
/** @import { Packed } from "./packed.js" */
/** @import { Written } from "./texts.js" */
/** @import { Job, News } from "./worker.js" */
/**
 * @typedef {object} State
 * @property {string} trained
 * @property {string} used the mask used while writing, or "as_trained"
 * @property {boolean} cached
 * @property {number} temperature
 * @property {string} prompt
 * @property {number} characters
 * @property {Record<string, Written>} texts by the mask of the training
 * @property {string} _models JSON: an Asset
 * @property {string} _attention JSON: what the heads look at in the first prompt, an Attention
 * @property {{ caption: string, columns: string[], rows: string[][] }} _measured
 *
 * @typedef {{ trained: string, used: string, prompt: string, weights: number[][][][] }} Attention
 *
 * @typedef {object} Asset
 * @property {Config} config
 * @property {string[]} symbols
 * @property {Record<string, string>} typed what stands for a character that the books do not have
 * @property {number} longest characters of a prompt
 * @property {Record<string, MaskRule>} rules
 * @property {Record<string, Packed>} packed
 * @property {string} words those of the books
 */

const AS_TRAINED = "as_trained";
const NO_WORKER = "This page may not start a worker, so the model can’t write here.";
const CACHES = { on: "on", off: "off" };

/**
 * Numbers of multiplications are large: in millions.
 *
 * @param {number} count
 */
const millions = (count) => `${number(count / 1e6, 1)} million`;

/**
 * @param {Model<State>} model
 * @param {HTMLElement} node
 * @param {SetTrait<State>} set
 */
function build(model, node, set) {
  /** @type {Asset} */
  const asset = JSON.parse(model.get("_models"));
  const labels = labelsOf(asset.rules);
  const known = new Set(asset.words.split(" "));
  const trained = choice("trained with", labels, (mask) => set("trained", mask));
  const used = choice("written with", { [AS_TRAINED]: "as trained", ...labels }, (use) => set("used", use));
  const caches = choice("cache", CACHES, (cache) => set("cached", cache === "on"));
  const temperature = slider("temperature", [0, 2, 0.1], (x) => set("temperature", x));
  const field = promptField(asset, (text) => set("prompt", text));
  const button = element("button", { type: "button", className: "lc-button" }, "▶ Write");
  const bill = element("span", { className: "lc-muted" });
  const note = muted();
  const { node: status, say } = statusLine();
  const texts = textList(labels, known);
  const maps = headMaps(say);
  const table = numberTable();
  const writer = backgroundWork(source, { report: heard, end: written });
  const reader = backgroundWork(source, { report: looked, end: (failed) => failed && fail() });
  const controls = element("div", { className: "lc-controls" }, button, bill);
  node.append(trained.node, used.node, caches.node, temperature.node, field.node, controls, note, status);
  node.append(texts.node, beside(table.node), maps.node, markLegend());
  table.show(model.get("_measured"));
  let drawing = 0; // one frame at a time
  let writing = { mask: "", prompt: "", used: "", temperature: 0 }; // who writes, and how
  let text = "";
  /** @type {number[]} */
  let costs = [];
  /** @type {number[]} */
  let times = [];

  const use = () => (model.get("used") === AS_TRAINED ? model.get("trained") : model.get("used"));

  const mask = () => allowedBy(asset.rules[use()], asset.config.context);

  /** A cache is of use only where no later character changes an earlier key: under a causal mask. */
  const mayCache = () => !sees(asset.rules[use()])(0, 1);

  /**
   * @param {number} characters
   * @returns {Job}
   */
  function job(characters) {
    return {
      config: asset.config,
      packed: asset.packed[model.get("trained")],
      mask: mask(),
      tokens: [0, ...field.tokens(model.get("prompt"))],
      characters,
      temperature: model.get("temperature"),
      cached: model.get("cached") && mayCache(),
      seed: Math.floor(2 ** 31 * Math.random()),
    };
  }

  function start() {
    [text, costs, times] = ["", [], []];
    writing = {
      mask: model.get("trained"),
      prompt: model.get("prompt"),
      used: labels[use()],
      temperature: model.get("temperature"),
    };
    writer.start(job(model.get("characters")));
    button.textContent = "■ Stop";
    say(`The model that was trained with ${labels[model.get("trained")]} writes …`);
    keep();
  }

  function toggle() {
    if (!writer.running()) start();
    else {
      writer.stop();
      written(false);
    }
  }

  /** @param {News} news */
  function heard({ token = 0, done = 0, milliseconds = 0 }) {
    text += asset.symbols[token];
    costs.push(done);
    times.push(milliseconds);
    drawing ||= requestAnimationFrame(() => {
      drawing = 0;
      keep();
    });
  }

  /** Show the text so far, as one of the model that writes it, whatever has been chosen since. */
  function keep() {
    const { mask, ...how } = writing;
    set("texts", { ...model.get("texts"), [mask]: { ...how, text } });
  }

  /** @param {boolean} failed */
  function written(failed) {
    button.textContent = "▶ Write";
    if (failed) fail();
    else {
      keep();
      say(`${Math.round(100 * shareKnown(text, known))} % of the words are words of the books.`);
    }
  }

  function fail() {
    note.textContent = NO_WORKER;
    button.disabled = true;
  }

  /** What the heads look at in the prompt. */
  function look() {
    reader.start(job(0));
  }

  /** @param {News} news */
  function looked({ weights = [] }) {
    const tokens = ["\n", ...model.get("prompt")].map(visible);
    const size = tokens.length;
    maps.show({ tokens, weights, mask: mask().slice(0, size) });
  }

  /** At first, what Python has computed, unless another model or prompt has been chosen since. */
  function begin() {
    /** @type {Attention} */
    const { weights, ...of } = JSON.parse(model.get("_attention"));
    const same = /** @type {const} */ (["trained", "used", "prompt"]).every(
      (name) => of[name] === model.get(name),
    );
    if (same) looked({ weights });
    else look();
  }

  /** What the last text has cost. */
  function billOf() {
    if (!costs.length) return "";
    const [cost, time] = [costs, times].map((list) => sum(list) / list.length);
    const way = model.get("cached") && mayCache() ? "with the cache" : "without a cache";
    return `${millions(cost)} multiplications a character ${way}, ${number(time, 1)} ms here`;
  }

  function paint() {
    trained.choose(model.get("trained"));
    used.choose(model.get("used"));
    caches.choose(model.get("cached") && mayCache() ? "on" : "off");
    for (const input of caches.node.querySelectorAll("input")) input.disabled = !mayCache();
    temperature.show(model.get("temperature"), number(model.get("temperature"), 1));
    field.show(model.get("prompt"));
    texts.show(model.get("texts"), model.get("trained"));
    bill.textContent = billOf();
    if (!button.disabled) note.textContent = mayCache() ? "" : NO_CACHE;
  }

  /** Another model or mask: what is being written with the last one is over. */
  function changed() {
    if (writer.running()) toggle();
    [costs, times] = [[], []];
    paint();
    look();
  }

  button.addEventListener("click", toggle);
  paint();
  begin();
  return {
    trained: changed,
    used: changed,
    prompt: changed,
    cached: changed,
    temperature: paint,
    texts: paint,
    end() {
      writer.stop();
      reader.stop();
      cancelAnimationFrame(drawing);
    },
  };
}

const NO_CACHE =
  "No cache: under this mask each new character changes the keys and values of those before it, so they " +
  "are computed again.";

export default view("Story writer", build);
