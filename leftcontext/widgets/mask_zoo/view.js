// The view of MaskZoo: one mask at a time, its parameter on a slider, everything computed here.

const LABELS = { padding: "padding", window: "window", prefix: "prefix", packed: "packed", alibi: "ALiBi", tree: "tree" };
const PARAMETER = { // of each kind: its trait, what the slider says, its ends
  padding: ["length", "real words", (T) => [1, T]], window: ["window", "window", (T) => [1, T]],
  prefix: ["prefix", "prefix", (T) => [0, T]], packed: ["cut", "words of text 1", (T) => [1, T]],
  alibi: ["slope", "slope", () => [0, 2]], tree: ["trunk", "trunk", (T) => [1, T - 1]],
};
const CAPTIONS = {
  padding: "Shorter texts of a batch are filled up; nobody may read the filler.",
  window: "Each query sees only so many keys, its own included.",
  prefix: "The prompt is read both ways; what is written after it stays causal.",
  packed: "Two texts share a row; neither may read the other.",
  alibi: "No key is hidden, but the older it is, the lower its score.",
  tree: "Two continuations in one pass; each sees its own ancestors, not its rival.",
};

// Which node each node of the tree continues: a trunk, then two branches.
function parentsOf(T, trunk) {
  const second = trunk + Math.ceil((T - trunk) / 2);
  return Array.from({ length: T }, (_, i) => (i === second ? trunk - 1 : i - 1));
}

function ancestors(parents) {
  const path = (node) => (node < 0 ? [] : [node, ...path(parents[node])]);
  return parents.map((_, i) => path(i));
}

// What is added to the score of query i and key j.
function biasOf(model) {
  const [length, window, prefix, cut, slope] = ["length", "window", "prefix", "cut", "slope"].map((name) => model.get(name));
  const paths = ancestors(parentsOf(model.get("tokens").length, model.get("trunk")));
  const rules = {
    padding: (i, j) => j <= i && j < length, window: (i, j) => j <= i && i - j < window,
    prefix: (i, j) => j <= i || j < prefix, packed: (i, j) => j <= i && i < cut === j < cut,
    alibi: (i, j) => j <= i, tree: (i, j) => paths[i].includes(j),
  };
  const kind = model.get("kind"), penalty = kind === "alibi" ? slope : 0;
  return paths.map((_, i) => paths.map((_, j) => (rules[kind](i, j) ? penalty * (j - i) : -Infinity)));
}

// What the positions are under a mask: filler, words of the second text, nodes of a branch.
function namesOf(model) {
  const tokens = model.get("tokens"), kind = model.get("kind"), trunk = model.get("trunk");
  if (kind === "padding") return tokens.map((word, i) => (i < model.get("length") ? word : "(pad)"));
  if (kind === "packed") return tokens.map((word, i) => `${i < model.get("cut") ? 1 : 2}: ${word}`);
  if (kind !== "tree") return tokens;
  const second = parentsOf(tokens.length, trunk).findIndex((parent, i) => i > trunk && parent === trunk - 1);
  const letter = (i) => (i < trunk ? "trunk" : second > 0 && i >= second ? "b" : "a");
  return tokens.map((_, i) => `${letter(i)} ${i < trunk ? i : i - (letter(i) === "b" ? second : trunk)}`);
}

function verdict(bias, kind) {
  const T = bias.length, cells = bias.flatMap((row, i) => row.map((x, j) => [x, j > i]));
  const seen = cells.filter(([x]) => x !== -Infinity).length, ahead = cells.filter(([x, later]) => later && x !== -Infinity).length;
  const plain = cells.every(([x, later]) => x === (later ? -Infinity : 0));
  if (plain) return `${seen} cells: the plain causal mask.`;
  if (kind === "alibi") return `No cell is lost; of the last query the first key gets ${number(softmax(bias.at(-1))[0], 4)}.`;
  return `${seen} cells of ${T * T}; the causal mask has ${(T * (T + 1)) / 2}.` + (ahead ? ` ${ahead} of them look ahead, on purpose.` : "");
}

function build(model, node, set) {
  const T = model.get("tokens").length;
  const kinds = choice("mask", LABELS, (kind) => set("kind", kind));
  const slider = element("input", { type: "range" });
  const name = element("span", { className: "lc-word" }), readout = element("span", { className: "lc-muted" });
  slider.addEventListener("input", () => set(PARAMETER[model.get("kind")][0], slider.valueAsNumber));
  const caption = muted();
  const grid = matrixGrid((i, j) => { set("query", i); tell(i, j); });
  const bars = barTable();
  const { node: status, say } = statusLine();
  let bias, weights, names;
  node.append(kinds.node,
    element("label", { className: "lc-controls" }, name, slider, readout), caption,
    beside(grid.node, bars.node), status,
    legend([["ruled-out", "hidden"], ["now", "ahead of the query, on purpose"]]));

  const tell = (i, j) => say(`query “${names[i]}”, key “${names[j]}”: ` + (bias[i][j] === -Infinity ? "hidden"
    : `${bias[i][j] ? `penalty ${number(bias[i][j])}, ` : "may be seen, "}weight ${number(weights[i][j], 3)} if all scores are equal`));

  function paint() {
    const kind = model.get("kind"), [trait, label, ends] = PARAMETER[kind], [low, high] = ends(T);
    bias = biasOf(model);
    weights = bias.map(softmax);
    names = namesOf(model);
    kinds.choose(kind);
    name.textContent = label;
    Object.assign(slider, { min: low, max: high, step: kind === "alibi" ? 0.25 : 1, ariaLabel: label });
    slider.value = model.get(trait);
    readout.textContent = kind === "alibi" ? number(model.get(trait)) : `${model.get(trait)}`;
    caption.textContent = CAPTIONS[kind];
    grid.show({
      label: `${LABELS[kind]}: rows are queries, columns are keys`, rows: names, columns: names, axes: ["query ↓", "key →"],
      values: bias, marks: each(bias, (x, i, j) => (x === -Infinity ? "ruled-out" : j > i ? "now" : "")),
      range: [-0.8 * 2 * T, 0.2 * 2 * T], format: (x) => (x === -Infinity ? "·" : kind === "alibi" ? number(x) : "✓"),
    });
    select();
  }

  function select() {
    const i = model.get("query"), seen = bias[i].filter((x) => x !== -Infinity).length;
    grid.select(i);
    bars.show({
      caption: `weights of query “${names[i]}”`, names, values: weights[i],
      marks: bias[i].map((x) => (x === -Infinity ? "ruled-out" : "")), foot: `all scores equal; sees ${seen} of ${T} keys`,
    });
  }

  const changed = () => { paint(); say(verdict(bias, model.get("kind"))); };
  const traits = ["kind", ...Object.values(PARAMETER).map(([trait]) => trait)];
  paint();
  say(verdict(bias, model.get("kind")));
  return { query: select, ...Object.fromEntries(traits.map((trait) => [trait, changed])) };
}

export default view("Mask zoo", build);
