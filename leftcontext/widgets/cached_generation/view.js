// The view of CachedGeneration: a step is one more token; it is decoded both ways, and both are counted.

const WAYS = { cached: "with a cache", again: "without" };
const seenBy = (i, j) => j <= i;
const triangle = (n) => (n * (n + 1)) / 2;

// Attention of one query over the keys and values it is given: all that a step with a cache has to do.
function attend(query, keys, values) {
  const weights = softmax(keys.map((key) => product([query], transpose([key]))[0][0] / Math.sqrt(query.length)));
  return { weights, output: product([weights], values)[0] };
}

// The newest output without a cache: attention over the whole text, of which only the last row is used.
function again(Q, K, V) {
  const rows = Q.map((query, i) => attend(query, K.slice(0, i + 1), V.slice(0, i + 1)));
  return rows.at(-1);
}

// What step n costs, and what all steps up to it cost: scores, and rows of queries, keys and values.
function work(n) {
  const steps = Array.from({ length: n }, (_, k) => k + 1);
  const sum = (cost) => steps.reduce((total, step) => total + cost(step), 0);
  return {
    scores: { cached: [n, sum((step) => step)], again: [triangle(n), sum(triangle)] },
    rows: { cached: [n ? 1 : 0, n], again: [n, triangle(n)] },
  };
}

function build(model, node, set) {
  const tokens = model.get("tokens"), T = tokens.length, components = model.get("components");
  const [Q, K, V] = ["_queries", "_keys", "_values"].map((name) => model.get(name));
  const ways = choice("decode", WAYS, (way) => set("cached", way === "cached"));
  const walk = stepper("tokens so far", T, (step) => set("step", step));
  const text = element("p", {});
  const grid = matrixGrid((i, j) => tell(i, j));
  const cache = numberTable(), bill = numberTable();
  const { node: status, say } = statusLine();
  let times;
  node.append(ways.node, walk.node, text,
    beside(grid.node, element("div", { className: "lc-stack" }, bill.node, cache.node)), status, legend([
      ["now", "computed in this step"], ["ruled-out", "hidden by the mask: never computed"], ["unfilled", "not computed yet"]]));

  const count = (x, what) => `${x} ${what}${x === 1 ? "" : "s"}`;

  function tell(i, j) {
    const what = seenBy(i, j) ? `computed ${count(times[i][j], "time")}` : "hidden by the mask, never computed";
    say(`score of query “${tokens[i]}” and key “${tokens[j]}”: ${what}`);
  }

  function verdict(n, cached) {
    if (!n) return "No token yet. Press Next.";
    const { scores } = work(n), [now, before] = cached ? scores.cached : scores.again;
    return `“${tokens[n - 1]}”: ${count(now, "score")} in this step, ${before} so far.`;
  }

  function paintGrid(n, cached) {
    times = Q.map((_, i) => K.map((_, j) => (!seenBy(i, j) || i >= n ? 0 : cached ? 1 : n - i)));
    const now = (i) => (cached ? i === n - 1 : i < n);
    grid.show({
      label: "how often each score has been computed: rows are queries, columns are keys", rows: tokens, columns: tokens,
      axes: ["query ↓", "key →"], values: times, range: [0, T], format: (x) => (x ? String(x) : ""),
      marks: each(times, (x, i, j) => (!seenBy(i, j) ? "ruled-out" : !x ? "unfilled" : now(i) ? "now" : "")),
    });
  }

  function paintTables(n, cached) {
    const row = (x) => `(${x.map((entry) => number(entry, 1)).join(", ")})`;
    cache.show({
      caption: cached ? `KV cache: ${count(n, "row")}` : `keys and values, computed anew: ${count(n, "row")}`,
      columns: ["token", "key", "value"], rows: tokens.slice(0, n).map((name, t) => [name, row(K[t]), row(V[t])]),
    });
    const { scores, rows } = work(n);
    const line = (name, { cached: [, kept], again: [, anew] }) => [name, String(kept), String(anew)];
    bill.show({
      caption: "work so far", columns: ["computed", "cache", "without"],
      rows: [line("scores", scores), line("rows of Q, K, V", rows)],
    });
  }

  // The newest output as this way of decoding computes it; the other way has to find the same.
  function newest(n, cached) {
    if (!n) return "";
    const one = attend(Q[n - 1], K.slice(0, n), V.slice(0, n)).output, all = again(Q.slice(0, n), K, V).output;
    const same = one.every((x, k) => Math.abs(x - all[k]) < 1e-12);
    const shown = (cached ? one : all).map((x, k) => `${components[k]}: ${number(x)}`).join(", ");
    return `Output of “${tokens[n - 1]}”: ${shown}, ${same ? "the same" : "not the same"} both ways.`;
  }

  function paint() {
    const n = model.get("step"), cached = model.get("cached");
    ways.choose(cached ? "cached" : "again");
    walk.show(n, T, count(n, "token"));
    paintGrid(n, cached);
    paintTables(n, cached);
    text.textContent = newest(n, cached) || "What has to be computed for the next token?";
    say(verdict(n, cached));
  }

  paint();
  return { step: paint, cached: paint };
}

export default view("Generation with a cache", build);
