// The view of AttentionMap: every number on it is computed here, so that it repaints at once and needs no kernel.

const STAGES = {
  scores: "Every query times every key.",
  scaled: "The scores, divided by the root of the width d.",
  masked: "The mask adds −∞ where a key may not be seen.",
  weights: "Each row through softmax: it sums to 1, and −∞ has become exactly 0.",
  output: "Each row is a weighted mean of the values.",
};
const WITH_ZERO = { // what is true when 0 stands in place of −∞
  masked: "0 is written where a key should not be seen; −∞ was meant.",
  weights: "Each row through softmax: it sums to 1, and a score of 0 still gets a weight.",
};
const FORMULA = ["softmax(", "Q Kᵀ", " / √d", " + mask", ")", " V"];
const PARTS = { scores: [1], scaled: [1, 2], masked: [1, 2, 3], weights: [0, 1, 2, 3, 4], output: [0, 1, 2, 3, 4, 5] };
const NOTES = { leak: " – a leak: this key lies in the future", "ruled-out": " – hidden by the mask", "": "" };
const LABELS = { one_ahead: "one ahead", zero: "0 instead of −∞", yours: "your mask" };

const LARGE = 10; // keys; beyond, there is no room for numbers, and the map is drawn on a canvas
const BARS = 16, HEAVIEST = 8; // bars there may be; of more, the heaviest are shown

// What the mask makes of the scaled score x of query i and key j; the queries are the last of the positions.
function maskOf(model, offset) {
  const name = model.get("mask"), own = model.get("_own_mask");
  if (name === "yours") return (x, i, j) => (own[i][j] === null ? -Infinity : x + own[i][j]);
  const ahead = { causal: 0, zero: 0, one_ahead: 1, none: Infinity }[name];
  return (x, i, j) => (j <= i + offset + ahead ? x : name === "zero" ? 0 : -Infinity);
}

// Rows of one buffer, so that another mask takes no new memory.
function buffer(height, width) {
  const data = new Float64Array(height * width);
  return Array.from({ length: height }, (_, i) => data.subarray(i * width, (i + 1) * width));
}

// All stages by name, and for each weight whether its key is hidden, or lies in the future and is seen. Scores do not
// depend on the mask and are computed once; `attend()` does the rest.
function attention(model, [queries, keys, values]) {
  const [rows, columns] = [queries.length, keys.length], offset = columns - rows;
  const [scores, scaled, masked, weights] = [1, 2, 3, 4].map(() => buffer(rows, columns));
  const output = buffer(rows, values[0].length);
  const marks = scores.map(() => Array(columns).fill(""));
  const result = { scores, scaled, masked, weights, output, marks, leaks: 0, future: (rows * (rows - 1)) / 2 };
  queries.forEach((query, i) => keys.forEach((key, j) => {
    scores[i][j] = query.reduce((sum, x, k) => sum + x * key[k], 0);
    scaled[i][j] = scores[i][j] / Math.sqrt(query.length);
  }));

  function softmax(i) {
    let top = -Infinity, total = 0;
    for (let j = 0; j < columns; j++) top = Math.max(top, masked[i][j]);
    for (let j = 0; j < columns; j++) total += weights[i][j] = top === -Infinity ? 0 : Math.exp(masked[i][j] - top);
    for (let j = 0; j < columns; j++) weights[i][j] /= total || 1;
  }

  function attend() {
    const mask = maskOf(model, offset);
    result.leaks = 0;
    for (let i = 0; i < rows; i++) {
      for (let j = 0; j < columns; j++) {
        masked[i][j] = mask(scaled[i][j], i, j);
        marks[i][j] = masked[i][j] === -Infinity ? "ruled-out" : j > i + offset ? "leak" : "";
        if (marks[i][j] === "leak") result.leaks++;
      }
      softmax(i);
      output[i].fill(0);
      for (let j = 0; j < columns; j++) for (let k = 0; k < output[i].length; k++) output[i][k] += weights[i][j] * values[j][k];
    }
  }
  return { result, attend };
}

// One cell in a sentence, for the eyes of those who look at it and the ears of those who do not.
function sentence(stage, result, i, j, query, key) {
  const x = number(result[stage][i][j], 3);
  if (stage === "output") return `output of “${query}”, ${key}: ${x}`;
  const pair = `query “${query}”, key “${key}”:`;
  if (stage === "scores") return `${pair} score ${x}`;
  if (stage === "scaled") return `${pair} scaled score ${x}`;
  const note = NOTES[result.marks[i][j]];
  if (stage === "masked") return `${pair} masked score ${x}${note}`;
  return `query “${query}” attends to key “${key}”: weight ${x}${note}`;
}

function verdict({ leaks, future }) {
  return leaks ? `${leaks} of ${future} future cells can be seen: a leak.` : "No query sees its future.";
}

// The keys whose weights are shown as bars: all, or the heaviest, in the order of the text.
function heaviest(weights) {
  const all = Array.from(weights.keys());
  if (all.length <= BARS) return all;
  return all.sort((a, b) => weights[b] - weights[a]).slice(0, HEAVIEST).sort((a, b) => a - b);
}

// A map of one sentence; another one gets another map.
function mapOf(model, node, set, keys, arrays) {
  const components = model.get("components"), large = keys.length > LARGE;
  const called = keys.map((word, j) => (keys.indexOf(word) === keys.lastIndexOf(word) ? word : `${word} ${j}`)); // which “the”?
  const queries = keys.slice(keys.length - arrays[0].length), asker = (i) => called[i + keys.length - queries.length];
  const labels = Object.fromEntries(model.get("masks").map((name) => [name, LABELS[name] ?? name]));
  const masks = choice("mask", labels, (mask) => set("mask", mask));
  const stages = choice("stage", Object.fromEntries(Object.keys(STAGES).map((name) => [name, name])), (stage) => set("stage", stage));
  const formula = element("p", { className: "lc-formula" });
  const caption = muted();
  const { result, attend } = attention(model, arrays);
  const cell = (i, j) => {
    const stage = model.get("stage");
    return sentence(stage, result, i, j, asker(i), (stage === "output" ? components : called)[j]);
  };
  const enter = (i, j) => { set("query", i); say(cell(i, j)); };
  const grid = large ? canvasGrid(enter, cell) : matrixGrid(enter);
  const bars = barTable();
  const { node: status, say } = statusLine();
  const unmarked = queries.map(() => Array(Math.max(keys.length, components.length)).fill(""));
  node.classList.toggle("lc-wide", large);
  node.replaceChildren(masks.node, stages.node, formula, caption, beside(grid.node, bars.node), status, markLegend());

  const columns = (stage) => (stage === "output" ? components : keys);

  function paint() {
    const stage = model.get("stage"), kind = stage === "output" ? "component" : "key";
    attend();
    masks.choose(model.get("mask"));
    stages.choose(stage);
    formula.replaceChildren(...FORMULA.map((part, k) => element(PARTS[stage].includes(k) ? "b" : "span", {}, part)));
    caption.textContent = (model.get("mask") === "zero" && WITH_ZERO[stage]) || STAGES[stage];
    if (large && stage === "weights") caption.append(" The colour follows the root of a weight.");
    grid.show({
      label: `${stage}: rows are queries, columns are ${kind}s`,
      rows: queries, columns: columns(stage), axes: ["query ↓", `${kind} →`], values: result[stage],
      marks: stage === "masked" || stage === "weights" ? result.marks : unmarked,
      ...(stage === "weights" ? { range: [0, 1], tone: Math.sqrt } : {}),
    });
    select();
  }

  function select() {
    const i = Math.min(model.get("query"), queries.length - 1), row = result.weights[i], named = components.some((name, k) => name !== String(k));
    const shown = heaviest(row), some = shown.length < keys.length, of = (list) => shown.map((j) => list[j]);
    const rest = row.reduce((sum, x) => sum + x, 0) - of(row).reduce((sum, x) => sum + x, 0);
    grid.select(i);
    bars.show({
      caption: `weights of query “${asker(i)}”${some ? `: the ${shown.length} largest of ${keys.length}` : ""}`,
      names: of(called), values: of(row), marks: of(result.marks[i]), full: (large && Math.max(...of(row))) || 1,
      foot: (some ? `all others together: ${number(rest)}; ` : "") +
        `output: ${Array.from(result.output[i], (x, k) => (named ? `${components[k]} ` : "") + number(x)).join(", ")}`,
    });
  }

  paint();
  say(verdict(result));
  return {
    mask: () => { paint(); say(`mask ${labels[model.get("mask")] ?? model.get("mask")}: ${verdict(result)}`); },
    stage: () => { paint(); say(caption.textContent); },
    query: select,
  };
}

function build(model, node, set) {
  const words = model.get("_words"), typed = Object.keys(words).length > 0, map = element("div");
  const field = sentenceField(words, (text) => set("sentence", text));
  node.append(...(typed ? [field.node] : []), map);
  let shown;

  function read() {
    const text = model.get("sentence"), tokens = typed ? text.split(" ") : model.get("tokens"), before = shown;
    const arrays = typed ? [0, 1, 2].map((k) => tokens.map((word) => words[word][k]))
      : ["_queries", "_keys", "_values"].map((name) => model.get(name));
    field.show(text);
    shown = mapOf(model, map, set, tokens, arrays);
    if (before) set("query", tokens.length - 1);
  }

  read();
  const pass = (trait) => [trait, () => shown[trait]()];
  return { sentence: read, ...Object.fromEntries(["mask", "stage", "query"].map(pass)) };
}

export default view("Attention map", build);
