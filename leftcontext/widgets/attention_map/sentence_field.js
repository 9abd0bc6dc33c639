// @ts-check
// A field for a sentence of the reader's own.

import { element, muted } from "../shared/dom.js";

const MOST_WORDS = 16;

/** @param {string} text */
const wordsOf = (text) => text.toLowerCase().trim().split(/\s+/).filter(Boolean);

/**
 * @param {Record<string, unknown>} words those that are known
 * @param {(sentence: string) => void} onRead hears a sentence of known words
 */
export function sentenceField(words, onRead) {
  const options = { type: "text", spellcheck: false, autocomplete: "off", className: "lc-text" };
  const input = element("input", options);
  const known = Object.keys(words);
  const note = element("p", { className: "lc-note", role: "alert" });
  const summary = element("summary", {}, `its ${known.length} words`);
  const list = element("details", {}, summary, muted(known.join(" ")));
  const label = element("label", {}, element("span", { className: "lc-word" }, "sentence"), input);
  const node = element("div", { className: "lc-controls lc-sentence" }, label, list, note);

  /**
   * What can't be read of a text, in a sentence; "" for one that can.
   *
   * @param {string[]} tokens
   */
  function complaint(tokens) {
    const unknown = tokens.find((word) => !(word in words));
    if (unknown) return `“${unknown}” is not a word of the little language.`;
    return tokens.length && tokens.length <= MOST_WORDS ? "" : `A sentence has 1 to ${MOST_WORDS} words.`;
  }

  /** @param {Event} event */
  function read(event) {
    const tokens = wordsOf(input.value);
    const wrong = complaint(tokens);
    input.setAttribute("aria-invalid", String(wrong !== ""));
    // Who is still typing has not finished the word.
    if (!wrong || event.type === "change") note.textContent = wrong;
    if (!wrong) onRead(tokens.join(" "));
  }

  /** @param {string} text */
  function show(text) {
    if (wordsOf(input.value).join(" ") !== text) input.value = text; // what is being typed stays as it is
  }

  input.addEventListener("input", read);
  input.addEventListener("change", read);
  return { node, show };
}
