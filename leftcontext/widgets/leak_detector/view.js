// The view of LeakDetector: Python has replaced every token once, here one looks at what moved.

// What replacing token j does, in a sentence.
function finding(tokens, moved, j) {
  const all = moved.map((row, i) => (row[j] ? i : -1)).filter((i) => i >= 0);
  const left = all.filter((i) => i < j).map((i) => tokens[i]);
  const begin = `Replacing “${tokens[j]}” moves ${all.length ? quoted(all.map((i) => tokens[i])) : "no output"}`;
  return left.length ? `${begin}. A leak: ${quoted(left)} ${left.length > 1 ? "stand" : "stands"} to its left.`
    : `${begin}, nothing to its left.`;
}

function verdict(marks) {
  const leaks = marks.flat().filter((mark) => mark === "leak").length;
  return leaks ? `${leaks} of ${(marks.length * (marks.length - 1)) / 2} future cells move an output: a leak.`
    : "No output moves with a token of its future: causal.";
}

// A tiny movement is not zero; two digits would say so.
const distance = (x) => (x === 0 ? "0" : x < 0.005 ? x.toExponential(0).replace("-", "−") : number(x));

function build(model, node, set) {
  const tokens = model.get("tokens"), moved = model.get("_moved");
  const marks = each(moved, (x, i, j) => (x === 0 ? "ruled-out" : j > i ? "leak" : ""));
  const labels = Object.fromEntries(tokens.map((name, j) => [j, name]));
  const choose = choice("replace", labels, (j) => set("token", Number(j)));
  const grid = matrixGrid((i, j) => { set("token", j); tell(i, j); });
  const bars = barTable();
  const { node: status, say } = statusLine();
  node.append(choose.node,
    beside(grid.node, bars.node), status,
    muted(verdict(marks)),
    markLegend("does not move", "moves with a token of its future: a leak"));

  const tell = (i, j) => say(moved[i][j]
    ? `Replacing “${tokens[j]}” moves the output of “${tokens[i]}” by ${distance(moved[i][j])}` + (j > i ? " – a leak." : ".")
    : `Replacing “${tokens[j]}” does not move the output of “${tokens[i]}”.`);

  function paint() {
    const j = model.get("token"), column = moved.map((row) => row[j]);
    choose.choose(String(j));
    bars.show({
      caption: `moved by replacing “${tokens[j]}”`, names: tokens, values: column, format: distance,
      marks: marks.map((row) => row[j]), kind: ["output", "distance"], hidden: "still", full: Math.max(...column) || 1, foot: "",
    });
  }

  grid.show({
    label: "how far outputs move: rows are outputs, columns are the tokens that were replaced",
    rows: tokens, columns: tokens, axes: ["output ↓", "replaced →"], values: moved, marks, format: distance,
    range: [0, Math.max(...moved.flat()) || 1],
  });
  paint();
  say(finding(tokens, moved, model.get("token")));
  return { token: () => { paint(); say(finding(tokens, moved, model.get("token"))); } };
}

export default view("Leak detector", build);
