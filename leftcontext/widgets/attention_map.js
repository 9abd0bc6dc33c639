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

// What the mask makes of the scaled score x of query i and key j.
function maskOf(model) {
  const name = model.get("mask"), own = model.get("_own_mask");
  if (name === "yours") return (x, i, j) => (own[i][j] === null ? -Infinity : x + own[i][j]);
  const offset = model.get("_keys").length - model.get("_queries").length;
  const ahead = { causal: 0, zero: 0, one_ahead: 1, none: Infinity }[name];
  return (x, i, j) => (j <= i + offset + ahead ? x : name === "zero" ? 0 : -Infinity);
}

// All stages by name, and for each weight whether its key is hidden, or lies in the future and is seen.
function compute(model) {
  const queries = model.get("_queries"), keys = model.get("_keys"), offset = keys.length - queries.length;
  const scores = product(queries, transpose(keys));
  const scaled = each(scores, (x) => x / Math.sqrt(queries[0].length));
  const masked = each(scaled, maskOf(model));
  const weights = masked.map(softmax);
  const marks = each(masked, (x, i, j) => (x === -Infinity ? "ruled-out" : j > i + offset ? "leak" : ""));
  const future = scores.reduce((sum, row, i) => sum + Math.max(0, row.length - 1 - i - offset), 0);
  return { scores, scaled, masked, weights, output: product(weights, model.get("_values")), marks, future };
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

function verdict({ marks, future }) {
  const seen = marks.flat().filter((mark) => mark === "leak").length;
  return seen ? `${seen} of ${future} future cells can be seen: a leak.` : "No query sees its future.";
}

function render({ model, el }) {
  const keys = model.get("tokens"), components = model.get("components");
  const queries = keys.slice(keys.length - model.get("_queries").length);
  const set = (trait) => (value) => { model.set(trait, value); model.save_changes(); };
  const labels = Object.fromEntries(model.get("masks").map((name) => [name, LABELS[name] ?? name]));
  const masks = choice("mask", labels, set("mask"));
  const stages = choice("stage", Object.fromEntries(Object.keys(STAGES).map((name) => [name, name])), set("stage"));
  const formula = element("p", { className: "lc-formula" });
  const caption = element("p", { className: "lc-muted" });
  const grid = matrixGrid((i, j) => { set("query")(i); tell(i, j); });
  const bars = barTable();
  const status = element("p", { className: "lc-status", role: "status" });
  let result;
  root(el, "Attention map").append(masks.node, stages.node, formula, caption,
    element("div", { className: "lc-columns" }, grid.node, bars.node), status, markLegend());

  const say = (text) => { status.textContent = text; };
  const columns = (stage) => (stage === "output" ? components : keys);
  const tell = (i, j) => {
    const stage = model.get("stage");
    say(sentence(stage, result, i, j, queries[i], columns(stage)[j]));
  };

  function paint() {
    const stage = model.get("stage"), kind = stage === "output" ? "component" : "key";
    result = compute(model);
    masks.choose(model.get("mask"));
    stages.choose(stage);
    formula.replaceChildren(...FORMULA.map((part, k) => element(PARTS[stage].includes(k) ? "b" : "span", {}, part)));
    caption.textContent = model.get("mask") === "zero" ? (WITH_ZERO[stage] ?? STAGES[stage]) : STAGES[stage];
    grid.show({
      label: `${stage}: rows are queries, columns are ${kind}s`,
      rows: queries, columns: columns(stage), axes: ["query ↓", `${kind} →`], values: result[stage],
      marks: stage === "masked" || stage === "weights" ? result.marks : each(result[stage], () => ""),
      range: stage === "weights" ? [0, 1] : undefined,
    });
    select();
  }

  function select() {
    const i = model.get("query"), named = components.some((name, k) => name !== String(k));
    grid.select(i);
    bars.show({
      caption: `weights of query “${queries[i]}”`, names: keys, values: result.weights[i], marks: result.marks[i],
      foot: `output: ${result.output[i].map((x, k) => (named ? `${components[k]} ` : "") + number(x)).join(", ")}`,
    });
  }

  const stop = listen(model, {
    mask: () => { paint(); say(`mask ${labels[model.get("mask")] ?? model.get("mask")}: ${verdict(result)}`); },
    stage: () => { paint(); say(caption.textContent); },
    query: select,
  });
  paint();
  say(verdict(result));
  return stop;
}

export default { render };
