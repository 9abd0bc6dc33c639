// @ts-check
// A field for the text with which the model begins.

import { element } from "../shared/dom.js";

/**
 * @param {{ symbols: string[], typed: Record<string, string>, longest: number }} characters those that the
 *   model knows, in the order of their tokens; what stands for others; how many there may be
 * @param {(text: string) => void} onRead hears a text of known characters
 */
export function promptField({ symbols, typed, longest }, onRead) {
  const options = { type: "text", spellcheck: false, autocomplete: "off", className: "lc-text" };
  const input = element("input", options);
  const note = element("p", { className: "lc-note", role: "alert" });
  const label = element("label", {}, element("span", { className: "lc-word" }, "beginning"), input);
  const node = element("div", { className: "lc-controls lc-sentence" }, label, note);

  /** @param {string} text */
  const plain = (text) => Array.from(text, (character) => typed[character] ?? character).join("");

  /** @param {string} text */
  function complaint(text) {
    const unknown = Array.from(text).find((character) => !symbols.includes(character));
    if (unknown) return `The books have no “${unknown}”.`;
    return text.length <= longest ? "" : `At most ${longest} characters, not ${text.length}.`;
  }

  input.addEventListener("input", () => {
    const text = plain(input.value);
    note.textContent = complaint(text);
    input.setAttribute("aria-invalid", String(note.textContent !== ""));
    if (!note.textContent) onRead(text);
  });

  /** @param {string} text */
  function show(text) {
    if (plain(input.value) !== text && !note.textContent) input.value = text;
  }

  /** @param {string} text */
  const tokens = (text) => Array.from(text, (character) => symbols.indexOf(character));

  return { node, show, tokens };
}
