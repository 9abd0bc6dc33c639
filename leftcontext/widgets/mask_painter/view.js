// The view of MaskPainter: a stroke of the mouse or a key paints, and the verdict follows at once.

const PRESETS = {
  "only itself": "itself", causal: "causal", "one ahead": "one ahead", transposed: "transposed",
  "window of 3": "window 3", "no mask": "no mask", "nothing allowed": "nothing",
};
const RULES = [ // the masks that have a name, the simplest first
  ["causal", (i, j) => j <= i], ["no mask", () => true], ["nothing allowed", () => false],
  ["only itself", (i, j) => j === i], ["transposed", (i, j) => j >= i], ["blocked for allowed", (i, j) => j > i],
  ["diagonal excluded", (i, j) => j < i], ["one ahead", (i, j) => j <= i + 1],
];
const NAMED = 5; // so many queries are named, or the list would be longer than the mask
const FAMILIES = [
  [(n) => `window of ${n}`, (n) => (i, j) => j <= i && i - j < n], [(n) => `prefix of ${n}`, (n) => (i, j) => j <= i || j < n],
  [(n) => `${n} ahead`, (n) => (i, j) => j <= i + n],
  [(n) => `window of ${n} to both sides`, (n) => (i, j) => Math.abs(i - j) < n],
];

// Packed texts begin where the mask has a gap beside its diagonal.
function blockRules(mask) {
  const block = [];
  mask.forEach((row, i) => block.push(i && row[i - 1] ? block[i - 1] : i));
  const sizes = [...new Set(block)].map((b) => block.filter((x) => x === b).length).join(", ");
  return [[`packed texts of ${sizes}`, (i, j) => block[i] === block[j] && j <= i],
    [`blocks of ${sizes}, open inside`, (i, j) => block[i] === block[j]]];
}

function rulesFor(mask) {
  const sizes = mask.map((_, n) => n).slice(2);
  return [...RULES, ...sizes.flatMap((n) => FAMILIES.map(([name, rule]) => [name(n), rule(n)])), ...blockRules(mask)];
}

const fits = (mask, rule) => mask.every((row, i) => row.every((may, j) => may === rule(i, j)));
const patternOf = (mask) => rulesFor(mask).find(([, rule]) => fits(mask, rule))?.[0];
const count = (mask, test) => mask.flatMap((row, i) => row.filter((may, j) => test(may, i, j))).length;
const leaks = (mask) => count(mask, (may, i, j) => may && j > i);

// What reaches whom through two layers: the residual stream keeps each word, and what a word has seen, it passes on.
function twoLayers(mask) {
  const one = each(mask, (may, i, j) => may || i === j);
  return each(one, (_, i, j) => one[i].some((may, k) => may && one[k][j]));
}

// The name of a mask; one without a name is told from the causal one by its cells.
function headline(mask, slips = {}) {
  const name = patternOf(mask);
  if (name) return slips[name] ? `${name} (${slips[name]})` : name;
  const missing = count(mask, (may, i, j) => !may && j <= i), extra = leaks(mask);
  const parts = [missing && `${missing} missing`, extra && `${extra} too many`].filter(Boolean);
  return `no name; compared with the causal mask, ${parts.join(" and ")}`;
}

// Every sentence about a mask: its name, who leaks, who sees nothing.
function verdicts(mask, tokens, slips) {
  const leaking = leaks(mask), future = (mask.length * (mask.length - 1)) / 2;
  const lines = [`Pattern: ${headline(mask, slips)}.`];
  lines.push(leaking ? `${leaking} of ${future} future cells can be seen: a leak.` : "No query sees its future.");
  const peeks = tokens.map((name, i) => [name, tokens.filter((_, j) => j > i && mask[i][j])]).filter(([, seen]) => seen.length);
  if (leaking) {
    const named = peeks.slice(0, NAMED).map(([name, seen]) => `“${name}” sees ${quoted(seen)}`);
    const more = peeks.length > NAMED ? `, and ${peeks.length - NAMED} more look ahead` : "";
    lines.push(`${named.join("; ")}${more}.`);
    lines.push(`What a word has seen it passes on: after two layers ${leaks(twoLayers(mask))} of ${future} pairs leak.`);
  }
  if (patternOf(mask)?.startsWith("prefix")) lines.push("Where a whole prompt is there before the model writes, this is meant.");
  const blind = tokens.filter((_, i) => !mask[i].includes(true));
  if (blind.length) lines.push(`${quoted(blind)} may see no key: a softmax over nothing.`);
  return lines;
}

// The mouse paints with what the first cell of a stroke becomes; so does Shift with an arrow, and Space turns one cell.
function brush(node, paintCell, value) {
  let ink = null, carried = null;
  const place = (cell) => [cell.parentElement.rowIndex - 1, cell.cellIndex - 1];
  const under = (event) => node.getRootNode().elementFromPoint(event.clientX, event.clientY)?.closest("td[role=gridcell]");
  const end = () => { ink = null; };

  node.addEventListener("pointerdown", (event) => {
    const cell = event.target.closest("td[role=gridcell]");
    if (!cell || event.button) return;
    event.preventDefault(); // no text is selected on the way
    node.setPointerCapture(event.pointerId);
    cell.focus();
    ink = !value(...place(cell));
    paintCell(...place(cell), ink);
  });
  node.addEventListener("pointermove", (event) => {
    const cell = ink === null ? null : under(event);
    if (cell && node.contains(cell) && value(...place(cell)) !== ink) paintCell(...place(cell), ink);
  });
  node.addEventListener("pointerup", end);
  node.addEventListener("pointercancel", end);
  node.addEventListener("keydown", (event) => {
    carried = event.shiftKey && event.key.startsWith("Arrow") ? value(...place(event.target)) : null;
    if (event.key !== " ") return;
    event.preventDefault(); // else the page scrolls
    paintCell(...place(event.target), !value(...place(event.target)));
  }, true);
  return (i, j) => { // at each cell that the focus comes to
    const ink = carried;
    carried = null;
    if (ink !== null && value(i, j) !== ink) paintCell(i, j, ink);
  };
}

function build(model, node, set) {
  const tokens = model.get("tokens"), slips = model.get("_slips");
  const known = Object.fromEntries(rulesFor(model.get("allowed")));
  const offered = Object.fromEntries(Object.entries(PRESETS).filter(([name]) => known[name]));
  const presets = choice("preset", offered, (name) => set("allowed", each(model.get("allowed"), (_, i, j) => known[name](i, j))));
  const grid = matrixGrid((i, j) => { tell(i, j); arrive(i, j); });
  const { node: status, say } = statusLine();
  const verdict = element("div", { className: "lc-verdict", ariaLive: "polite" });
  const value = (i, j) => model.get("allowed")[i][j];
  const paintCell = (i, j, may) => {
    set("allowed", each(model.get("allowed"), (old, a, b) => (a === i && b === j ? may : old)));
    tell(i, j);
  };
  const arrive = brush(grid.node, paintCell, value);
  grid.node.classList.add("lc-paintable");
  node.append(presets.node,
    muted("Drag over the cells, or walk with the arrow keys: Space turns a cell, Shift with an arrow paints on."),
    beside(grid.node, verdict), status, markLegend("hidden", "a key of the future that can be seen"));

  function tell(i, j) {
    const what = value(i, j) ? (j > i ? "may be seen – a leak" : "may be seen") : "hidden";
    say(`query “${tokens[i]}”, key “${tokens[j]}”: ${what}.`);
  }

  function paint() {
    const mask = model.get("allowed");
    grid.show({
      label: "the mask: rows are queries, columns are keys", rows: tokens, columns: tokens, axes: ["query ↓", "key →"],
      values: each(mask, Number), marks: each(mask, (may, i, j) => (!may ? "ruled-out" : j > i ? "leak" : "")),
      range: [0, 1.25], format: (x) => (x ? "✓" : "·"),
    });
    presets.choose(patternOf(mask) ?? "");
    verdict.replaceChildren(...verdicts(mask, tokens, slips).map((line) => element("p", {}, line)));
  }

  paint();
  return { allowed: paint };
}

export default view("Mask painter", build);
