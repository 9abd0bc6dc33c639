// A field for a sentence of the reader's own. `words` are those that are known; `onRead(text)` hears a sentence of them.

const MOST_WORDS = 16;

function sentenceField(words, onRead) {
  const input = element("input", { type: "text", spellcheck: false, autocomplete: "off", className: "lc-text" });
  const known = Object.keys(words), note = element("p", { className: "lc-note", role: "alert" });
  const list = element("details", {}, element("summary", {}, `its ${known.length} words`), muted(known.join(" ")));
  const label = element("label", {}, element("span", { className: "lc-word" }, "sentence"), input);
  const node = element("div", { className: "lc-controls lc-sentence" }, label, list, note);

  // What can't be read of a text, in a sentence; "" for one that can.
  function complaint(tokens) {
    const unknown = tokens.find((word) => !(word in words));
    if (unknown) return `“${unknown}” is not a word of the little language.`;
    return tokens.length && tokens.length <= MOST_WORDS ? "" : `A sentence has 1 to ${MOST_WORDS} words.`;
  }

  function read(event) {
    const tokens = input.value.trim().split(/\s+/).filter(Boolean), wrong = complaint(tokens);
    input.setAttribute("aria-invalid", wrong !== "");
    if (!wrong || event.type === "change") note.textContent = wrong; // who is still typing has not finished the word
    if (!wrong) onRead(tokens.join(" "));
  }

  function show(text) { // what is being typed stays as it is
    if (input.value.trim().split(/\s+/).join(" ") !== text) input.value = text;
  }
  input.addEventListener("input", read);
  input.addEventListener("change", read);
  return { node, show };
}
