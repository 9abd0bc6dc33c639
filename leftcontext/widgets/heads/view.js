// The view of Heads: small maps side by side, and below them what a merged row is made of.

const MASKS = { causal: "causal", none: "none" };
const MERGES = { side_by_side: "side by side", reshape: "reshape alone" };

// The weights of every head; those that are given have a mask of their own.
function weightsOf(model) {
  if (model.get("_weights").length) return model.get("_weights");
  const causal = model.get("mask") === "causal";
  return model.get("_queries").map((queries, h) => each(product(queries, transpose(model.get("_keys")[h])),
    (x, i, j) => (causal && j > i ? -Infinity : x / Math.sqrt(queries[0].length))).map(softmax));
}

// Whose output stands in part b of merged row i: the head and its position. A reshape alone counts on through memory.
function sourceOf(i, b, heads, T, merge) {
  const n = i * heads + b;
  return merge === "reshape" ? [Math.floor(n / T), n % T] : [b, i];
}

const ahead = (row, i) => row.some((w, j) => j > i && w > 0);

// A table of what a row reads: a column for each part, each number with its bar behind it.
function partTable() {
  const node = element("table", { className: "lc-numbers lc-parts" });
  function show({ caption, columns, keys, parts, i }) {
    const cell = (w, j) => {
      const node = element("td", { className: j > i ? (w ? "leak" : "ruled-out") : "" }, number(w));
      node.style.setProperty("--lc-share", `${100 * w}%`);
      return node;
    };
    node.replaceChildren(element("caption", {}, caption),
      element("tr", {}, ...["key", ...columns].map((name) => element("th", { scope: "col" }, name))),
      ...keys.map((key, j) => element("tr", {}, element("th", { scope: "row" }, key), ...parts.map((row) => cell(row[j], j)))));
  }
  return { node, show };
}

function build(model, node, set) {
  const tokens = model.get("tokens"), names = model.get("names"), T = tokens.length, H = names.length;
  const masks = choice("mask", MASKS, (mask) => set("mask", mask));
  const merges = choice("merge", MERGES, (merge) => set("merge", merge));
  const titles = [...names, "mean"];
  const maps = titles.map((name, h) => matrixGrid((i, j) => { set("query", i); tellWeight(h, i, j); }));
  const figures = maps.map(({ node }, h) => element("figure", {}, element("figcaption", {}, titles[h]), node));
  const rows = matrixGrid((i, b) => { set("query", i); tellPart(i, b); });
  const table = partTable();
  const { node: status, say } = statusLine();
  const merged = element("figure", {},
    element("figcaption", { className: "lc-muted" }, "merged rows: head · word of each output"), rows.node);
  node.append(...(model.get("_weights").length ? [] : [masks.node]),
    element("div", { className: "lc-columns lc-heads" }, ...figures), merges.node,
    element("div", { className: "lc-columns lc-merged" }, merged, table.node),
    status, markLegend("hidden by the mask", "of the future, and it can be seen"));
  let weights;

  const merge = () => model.get("merge");
  const spell = (n) => `${Math.floor(n / T)} · ${tokens[n % T]}`;
  const source = (i, b) => sourceOf(i, b, H, T, merge());
  const partOf = (i, b) => { const [h, position] = source(i, b); return weights[h][position]; };
  const inMemory = (i, b) => { const [h, position] = source(i, b); return h * T + position; };
  const ofParts = (i, f) => names.map((_, b) => f(i, b));
  const mean = () => each(weights[0], (_, i, j) => weights.reduce((sum, head) => sum + head[i][j], 0) / H);
  const leaking = () => tokens.filter((_, i) => names.some((_, b) => ahead(partOf(i, b), i)));

  function tellWeight(h, i, j) {
    const w = (weights[h] ?? mean())[i][j], note = j <= i ? "" : w ? " – a leak" : " – hidden by the mask";
    say(`${titles[h]}: “${tokens[i]}” attends to “${tokens[j]}”: weight ${number(w, 3)}${note}`);
  }

  function tellPart(i, b) {
    const [h, position] = source(i, b), row = weights[h][position], values = model.get("_values")[h];
    const output = values ? ` (${product([row], values)[0].map((x) => number(x)).join(", ")})` : "";
    const note = ahead(row, i) ? " – a leak" : position === i && h === b ? "" : " – misplaced";
    say(`row “${tokens[i]}”, part ${b}: the output of ${names[h]} at “${tokens[position]}”${output}${note}`);
  }

  function verdict() {
    const rows = leaking(), misplaced = merge() === "reshape" && H > 1 && T > 1;
    const why = misplaced && !weights.some((head) => head.some(ahead)) ? ", though every head is causal" : "";
    return rows.length ? `${rows.length} of ${T} merged rows read their future, ${quoted(rows)}: a leak${why}.`
      : `No merged row reads its future${misplaced ? ", but outputs stand in rows of other words" : ""}.`;
  }

  function paint() {
    weights = weightsOf(model);
    masks.choose(model.get("mask"));
    merges.choose(merge());
    maps.forEach((map, h) => {
      const values = weights[h] ?? mean();
      map.show({
        label: `weights of ${titles[h]}: rows are queries, columns are keys`,
        rows: tokens, columns: tokens, axes: ["", ""], values,
        marks: each(values, (w, i, j) => (j > i ? (w ? "leak" : "ruled-out") : "")), range: [0, 1], compact: true,
      });
    });
    rows.show({
      label: "merged rows: rows are positions, columns are parts",
      rows: tokens, columns: names.map((_, b) => `part ${b}`), axes: ["row ↓", ""],
      values: tokens.map((_, i) => ofParts(i, inMemory)), range: [0, H * T], format: spell,
      marks: tokens.map((_, i) => ofParts(i, (i, b) => (ahead(partOf(i, b), i) ? "leak" : ""))),
    });
    select();
  }

  function select() {
    const i = model.get("query"), parts = ofParts(i, partOf);
    const titled = merge() === "reshape" ? ofParts(i, (i, b) => spell(inMemory(i, b))) : names;
    [...maps, rows].forEach((grid) => grid.select(i));
    table.show({
      caption: `what the merged row of “${tokens[i]}” reads`, keys: tokens, i,
      columns: [...titled, "mean"],
      parts: [...parts, tokens.map((_, j) => parts.reduce((sum, row) => sum + row[j], 0) / H)],
    });
  }

  const changed = () => { paint(); say(verdict()); };
  paint();
  say(verdict());
  return { mask: changed, merge: changed, query: select };
}

export default view("Heads", build);
