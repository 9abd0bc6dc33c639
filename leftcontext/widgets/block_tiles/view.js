// The view of BlockTiles: the online softmax, one tile a step; nothing that the mask hides as a whole is computed.

const MASKS = { causal: "causal", window: "window", none: "none" };
const NOTES = { plain: "every score counts", masked: "the mask hides some of its scores" };

function maskOf(model) {
  const mask = model.get("mask"), window = model.get("window");
  return (i, j) => mask === "none" || (j <= i && (mask === "causal" || j > i - window));
}

// All tiles in the order of the two loops; `kind` says what the mask leaves of each.
function tilesOf(T, block, allowed) {
  const starts = Array.from({ length: Math.ceil(T / block) }, (_, n) => n * block);
  const range = (from) => Array.from({ length: Math.min(block, T - from) }, (_, n) => from + n);
  return starts.flatMap((a) => starts.map((b) => {
    const seen = range(a).flatMap((i) => range(b).map((j) => allowed(i, j)));
    const kind = seen.every(Boolean) ? "plain" : seen.some(Boolean) ? "masked" : "skipped";
    return { queries: range(a), keys: range(b), kind };
  }));
}

// One query meets the keys of one tile: running maximum m, sum l and accumulated values, as seen from the new maximum.
function update({ m, l, acc }, scores, values) {
  const top = Math.max(m, ...scores);
  if (top === -Infinity) return { m, l, acc };
  const shrink = Math.exp(m - top), e = scores.map((s) => Math.exp(s - top));
  return {
    m: top, l: l * shrink + e.reduce((sum, x) => sum + x, 0),
    acc: acc.map((x, k) => x * shrink + e.reduce((sum, weight, n) => sum + weight * values[n][k], 0)),
  };
}

// Everything after `step` computed tiles: which cells are there, each query's running state, and the tile of this step.
function run(model, step) {
  const [Q, K, V] = ["_queries", "_keys", "_values"].map((name) => model.get(name));
  const allowed = maskOf(model), tiles = tilesOf(Q.length, model.get("block"), allowed);
  const total = tiles.filter((tile) => tile.kind !== "skipped").length, done = Math.min(step, total);
  const cells = Q.map(() => K.map(() => NaN)), marks = Q.map(() => K.map(() => "unfilled"));
  const states = Q.map(() => ({ m: -Infinity, l: 0, acc: V[0].map(() => 0) }));
  let computed = 0, skipped = 0, now;
  for (const tile of tiles) {
    if (tile.kind !== "skipped" && computed === done) break;
    if (!done) break;
    if (tile.kind === "skipped") skipped += 1;
    else { computed += 1; now = tile; }
    for (const i of tile.queries) {
      const scores = tile.keys.map((j) => (allowed(i, j) ? dot(Q[i], K[j]) / Math.sqrt(Q[0].length) : -Infinity));
      tile.keys.forEach((j, n) => {
        cells[i][j] = tile.kind === "skipped" ? null : scores[n];
        marks[i][j] = tile.kind === "skipped" ? "skipped" : scores[n] === -Infinity ? "ruled-out" : "";
      });
      if (tile.kind !== "skipped") states[i] = update(states[i], scores, tile.keys.map((j) => V[j]));
    }
  }
  now?.queries.forEach((i) => now.keys.forEach((j) => (marks[i][j] += " now")));
  return { cells, marks, states, computed, skipped, now, total, tiles: tiles.length, allowed, Q, K, V };
}

const outputOf = ({ l, acc }) => acc.map((x) => (l ? x / l : 0));

// How far the tiles' outputs are from attention all at once.
function gap({ Q, K, V, states, allowed }) {
  const scores = each(product(Q, transpose(K)), (x, i, j) => (allowed(i, j) ? x / Math.sqrt(Q[0].length) : -Infinity));
  const expected = product(scores.map(softmax), V);
  return Math.max(...each(expected, (x, i, k) => Math.abs(x - outputOf(states[i])[k])).flat());
}

function build(model, node, set) {
  const tokens = model.get("tokens"), T = tokens.length;
  const restart = (trait, value) => { model.set("step", 0); set(trait, value); };
  const masks = choice("mask", { ...MASKS, window: `window of ${model.get("window")}` }, (value) => restart("mask", value));
  const blocks = choice("block", { 1: "1", 2: "2", 3: "3", 4: "4" }, (value) => restart("block", Number(value)));
  const walk = stepper("tiles computed", 1, (step) => set("step", step));
  const grid = matrixGrid((i, j) => tell(i, j));
  const table = numberTable();
  const { node: status, say } = statusLine();
  let result;
  node.append(masks.node, blocks.node, walk.node,
    beside(grid.node, table.node), status, legend([
      ["now", "this tile"], ["ruled-out", "computed, then hidden"], ["skipped", "skipped: never computed"], ["unfilled", "not reached"]]));

  const span = (places) => (places.length > 1 ? `${tokens[places[0]]} to ${tokens[places.at(-1)]}` : tokens[places[0]]);

  function tell(i, j) {
    const x = result.cells[i][j];
    const what = x === null ? "skipped, never computed" : Number.isNaN(x) ? "not reached yet" : `scaled score ${number(x, 3)}`;
    say(`query ${tokens[i]}, key ${tokens[j]}: ${what}`);
  }

  function verdict() {
    const { computed, skipped, total, tiles, now } = result;
    if (!computed) return `${tiles} tiles. How many of them need not be computed?`;
    if (computed < total) return `Queries ${span(now.queries)}, keys ${span(now.keys)}: ${NOTES[now.kind]}. Skipped so far: ${skipped}.`;
    const exact = gap(result) < 1e-12 ? "The output is that of attention all at once." : "The output differs.";
    return `Done: ${computed} of ${tiles} tiles computed, ${skipped} skipped. ${exact}`;
  }

  function paint() {
    result = run(model, model.get("step"));
    const { computed, total, cells, marks, states, now } = result;
    masks.choose(model.get("mask"));
    blocks.choose(String(model.get("block")));
    walk.show(computed, total, computed ? `tile ${computed}` : "no tile yet");
    grid.show({
      label: "scaled scores, tile by tile: rows are queries, columns are keys", rows: tokens, columns: tokens,
      axes: ["query ↓", "key →"], values: cells, marks, range: [-2, 2],
      format: (x) => (x === null ? "skip" : Number.isNaN(x) ? "" : number(x, 1)),
    });
    const rows = (now?.queries ?? [0]).map((i) => [tokens[i], ...[states[i].m, states[i].l, ...outputOf(states[i])].map((x) => number(x))]);
    const parts = states[0].acc.map((_, k) => `output ${k}`);
    table.show({
      caption: `running state of query ${span(now?.queries ?? [0])}; in memory: ${now ? now.queries.length * now.keys.length : 0} of ${T * T} scores`,
      columns: ["query", "max m", "sum l", ...parts], rows,
    });
    say(verdict());
  }

  paint();
  return { mask: paint, block: paint, step: paint };
}

export default view("Attention in blocks", build);
