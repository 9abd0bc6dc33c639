// What every view of the course shares: elements, drawings, numbers, colours, a choice, and the one way to read a matrix.

function element(tag, properties = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name in node) node[name] = value;
    else node.setAttribute(name, value);
  }
  node.append(...children);
  return node;
}

function svg(tag, attributes = {}, text = "") {
  const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.textContent = text;
  return node;
}

// What a host calls: `build(model, node, set)` fills the node and returns its reactions, trait → function.
function view(label, build) {
  function render({ model, el }) {
    const node = element("div", { className: "lc", role: "group", ariaLabel: label });
    const set = (trait, value) => { model.set(trait, value); model.save_changes(); };
    keepKeys(node);
    followTheme(node);
    el.replaceChildren(node);
    return listen(model, build(model, node, set));
  }
  return { render };
}

// Plain keys stay inside: JupyterLab would take arrows and Enter as commands to the notebook.
function keepKeys(node) {
  node.addEventListener("keydown", (event) => {
    const toNotebook = event.ctrlKey || event.metaKey || event.altKey || (event.shiftKey && event.key === "Enter");
    if (!toNotebook) event.stopPropagation();
  });
}

// Dark where the host's own text is light, whatever the host is called. The node has the host's colour, and a transition
// that lasts no time, so that a change of theme is an event; the observer hears when the node comes into the page.
function followTheme(node) {
  const paper = element("canvas", { width: 1, height: 1 }).getContext("2d", { willReadFrequently: true });
  const look = () => {
    paper.fillStyle = getComputedStyle(node).color; // in any notation: the canvas turns it into three numbers
    paper.clearRect(0, 0, 1, 1);
    paper.fillRect(0, 0, 1, 1);
    node.classList.toggle("lc-dark", luminance([...paper.getImageData(0, 0, 1, 1).data].slice(0, 3)) > 0.3);
  };
  new ResizeObserver(look).observe(node);
  for (const way of ["transitionend", "transitioncancel"]) // the latter where the host takes the node out for a moment
    node.addEventListener(way, (event) => event.target === node && requestAnimationFrame(look));
}

function number(x, digits = 2) {
  if (x === -Infinity) return "−∞";
  const text = Math.abs(x).toFixed(digits);
  return x < 0 && Number(text) !== 0 ? `−${text}` : text;
}

// Cividis (Nuñez, Anderton and Renslow 2018) by ten of its colours: the same to eyes that do not tell red from green.
const CIVIDIS = [
  [0, 34, 78], [18, 53, 112], [59, 73, 108], [87, 93, 109], [112, 113, 115],
  [138, 134, 120], [165, 156, 116], [195, 179, 105], [225, 204, 85], [254, 232, 56],
];

function cividis(share) {
  const place = (share > 0 ? Math.min(share, 1) : 0) * (CIVIDIS.length - 1); // what is no number gets the lowest
  const below = Math.min(Math.floor(place), CIVIDIS.length - 2);
  return CIVIDIS[below].map((c, k) => Math.round(c + (place - below) * (CIVIDIS[below + 1][k] - c)));
}

function luminance(rgb) {
  const [r, g, b] = rgb.map((c) => ((c /= 255) <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

// The range of a matrix's colours, from the lowest to the highest finite entry.
function rangeOf(matrix) {
  let low = Infinity, high = -Infinity;
  for (const row of matrix) for (const x of row) if (Number.isFinite(x)) [low, high] = [Math.min(low, x), Math.max(high, x)];
  return high > low ? [low, high] : [low - 0.5, high + 0.5];
}

// Matrices are lists of rows.
const product = (a, b) => a.map((row) => b[0].map((_, j) => row.reduce((sum, x, k) => sum + x * b[k][j], 0)));
const transpose = (a) => a[0].map((_, j) => a.map((row) => row[j]));
const each = (a, f) => a.map((row, i) => row.map((x, j) => f(x, i, j)));

function softmax(row) {
  const top = Math.max(...row);
  const e = row.map((x) => (top === -Infinity ? 0 : Math.exp(x - top)));
  const total = e.reduce((sum, x) => sum + x, 0);
  return e.map((x) => (total ? x / total : 0));
}

// The line that says what has changed, for eyes and for screen readers.
function statusLine() {
  const node = element("p", { className: "lc-status", role: "status" });
  return { node, say: (text) => { node.textContent = text; } };
}

const muted = (text = "") => element("p", { className: "lc-muted" }, text);
const beside = (...children) => element("div", { className: "lc-columns" }, ...children);
const quoted = (words) => words.map((word) => `“${word}”`).join(", ");
const dot = (a, b) => a.reduce((sum, x, k) => sum + x * b[k], 0);

// A choice among a few words (value → label): radio buttons, so that arrow keys and screen readers know it already.
function choice(legend, options, onChoose) {
  const name = `lc-${Math.random()}`; // what belongs together; another one for each choice on the page
  const inputs = Object.keys(options).map((value) => element("input", { type: "radio", name, value }));
  const labels = inputs.map((input) => element("label", {}, input, element("span", {}, options[input.value])));
  const node = element("fieldset", { className: "lc-choice" }, element("legend", {}, legend),
    element("div", {}, ...labels));
  node.addEventListener("change", (event) => onChoose(event.target.value));
  return { node, choose: (value) => inputs.forEach((input) => (input.checked = input.value === value)) };
}

// A matrix one can walk through: a grid with one tab stop, arrow keys, Home and End. `onEnter(i, j)` hears where one is.
function matrixGrid(onEnter) {
  const node = element("table", { className: "lc-grid", role: "grid" });
  let cells = [], lines = [], shape = "", at = [Infinity, 0]; // at first in the last row, which sees most

  function build(rows, columns, axes, small) {
    const corner = element("td", { className: "lc-corner", role: "columnheader" },
      ...axes.map((text) => element("span", {}, text)));
    cells = rows.map(() => columns.map(() => element("td", { role: "gridcell", tabIndex: -1 })));
    lines = rows.map((name, i) => element("tr", { role: "row" },
      element("th", { scope: "row", role: "rowheader" }, name), ...cells[i]));
    const head = columns.map((name) => element("th", { scope: "col", role: "columnheader" }, element("span", {}, name)));
    node.replaceChildren(
      element("tr", { role: "row" }, corner, ...head), ...lines);
    node.classList.toggle("lc-small", small);
    node.classList.toggle("lc-many", columns.length > 6);
    node.classList.toggle("lc-short", columns.every((name) => name.length < 3)); // there is room for a number
    node.style.setProperty("--lc-columns", columns.length);
  }

  // values: numbers, `format` writes them; marks: "ruled-out", "leak" or "" for each. A compact one shows no numbers.
  function show({ label, rows, columns, axes, values, marks, range = rangeOf(values), format = number, compact = false }) {
    const newShape = JSON.stringify([rows, columns, axes]), small = compact || columns.length > 10;
    if (newShape !== shape) build(rows, columns, axes, small);
    shape = newShape;
    node.ariaLabel = label;
    const share = (x) => (x - range[0]) / (range[1] - range[0]);
    cells.forEach((line, i) => line.forEach((cell, j) => {
      const colour = cividis(share(values[i][j])), text = format(values[i][j]);
      if (small) cell.ariaLabel = text; // there is no room for numbers, and 4,096 of them would take time
      else cell.textContent = text;
      if (cell.className !== marks[i][j]) cell.className = marks[i][j];
      cell.style.backgroundColor = `rgb(${colour})`;
      if (small) return;
      cell.style.color = luminance(colour) > 0.18 ? "#000" : "#fff"; // either way a contrast of 4.5 and more
    }));
    place(Math.min(at[0], rows.length - 1), Math.min(at[1], columns.length - 1), false);
  }

  function place(i, j, chosen = true) { // nobody has chosen the row in which one begins
    cells[at[0]]?.[at[1]]?.setAttribute("tabindex", -1);
    at = [i, j];
    cells[i][j].tabIndex = 0;
    if (chosen) lines.forEach((line, k) => (line.ariaSelected = k === i));
  }

  const where = (target) => [lines.findIndex((line) => line.contains(target)), target.cellIndex - 1];

  node.addEventListener("focusin", (event) => {
    place(...where(event.target));
    onEnter(...at);
  });
  node.addEventListener("click", (event) => {
    const [i, j] = where(event.target);
    if (i >= 0) cells[i][j < 0 ? at[1] : j].focus(); // a click on a row's name keeps the column
  });
  node.addEventListener("keydown", (event) => {
    const [i, j] = at, bottom = cells.length - 1, right = cells[0].length - 1;
    const to = {
      ArrowUp: [i - 1, j], ArrowDown: [i + 1, j], ArrowLeft: [i, j - 1], ArrowRight: [i, j + 1],
      Home: [event.ctrlKey ? 0 : i, 0], End: [event.ctrlKey ? bottom : i, right],
    }[event.key];
    if (!to) return;
    event.preventDefault();
    cells[to[0]]?.[to[1]]?.focus();
  });
  return { node, show, select: (i) => place(i, at[1]) };
}

// One row of weights as bars with their numbers; `before` gives each row further cells in front of its number.
function barTable() {
  const node = element("table", { className: "lc-bars" });
  // `hidden` is written in place of the bar of what is ruled out; the longest bar is `full`.
  function show({ caption, names, values, marks, foot, kind = ["key", "weight"], hidden = "hidden", full = 1, format = number, before = [] }) {
    const titles = [...kind, "bar"].map((name) => element("th", { scope: "col" }, name));
    const head = element("tr", { className: before.length ? "" : "lc-unseen" }, ...titles);
    const lines = names.map((name, j) => {
      const bar = element("span", {}, marks[j] === "ruled-out" ? hidden : "");
      bar.style.width = `calc((100% - 0.5rem) * ${values[j] / full})`;
      return element("tr", { className: marks[j] }, element("th", { scope: "row" }, name),
        ...(before[j] ?? []).map((text) => element("td", {}, text)), element("td", {}, format(values[j])), element("td", { className: "lc-bar" }, bar));
    });
    node.classList.toggle("lc-small", names.length > 10);
    const last = element("tr", { className: "lc-foot" }, element("td", { colSpan: titles.length }, foot));
    node.replaceChildren(element("caption", {}, caption), head, ...lines, ...(foot ? [last] : []));
  }
  return { node, show };
}

// What the marks of a grid mean: pairs of a mark and its words.
function legend(pairs) {
  const sample = ([mark, text]) => element("span", {}, element("i", { className: mark, ariaHidden: "true" }), text);
  return element("p", { className: "lc-legend" }, ...pairs.map(sample));
}

function markLegend(ruledOut = "hidden by the mask", leak = "a key of the future that can be seen") {
  return legend([["ruled-out", ruledOut], ["leak", leak]]);
}

// A small table of numbers with a name before each row.
function numberTable() {
  const node = element("table", { className: "lc-numbers" });
  function show({ caption, columns, rows }) {
    node.replaceChildren(element("caption", {}, caption),
      element("tr", {}, ...columns.map((name) => element("th", { scope: "col" }, name))),
      ...rows.map(([name, ...texts]) => element("tr", {}, element("th", { scope: "row" }, name),
        ...texts.map((text) => element("td", {}, text)))));
  }
  return { node, show };
}

// A walk through numbered steps: back, a slider, on. A button that has nothing left to do stays focusable.
function stepper(legend, last, onStep) {
  const slider = element("input", { type: "range", min: 0, max: last, step: 1, ariaLabel: legend });
  const button = (text, label, by) => {
    const node = element("button", { type: "button", className: "lc-step", ariaLabel: label }, text);
    node.addEventListener("click", () => go(slider.valueAsNumber + by));
    return node;
  };
  const back = button("◀", "one step back", -1), on = button("Next ▶", "Next step", 1);
  const readout = element("span", { className: "lc-muted" });
  const word = element("span", { className: "lc-word" }, "step");
  function go(step) {
    if (step >= 0 && step <= Number(slider.max)) onStep(step);
  }
  slider.addEventListener("input", () => go(slider.valueAsNumber));
  function show(step, last, text) {
    slider.max = last;
    slider.value = step;
    slider.setAttribute("aria-valuetext", text);
    readout.textContent = text;
    back.ariaDisabled = step === 0;
    on.ariaDisabled = step === last;
  }
  return { node: element("div", { className: "lc-controls" }, word, back, slider, on, readout), show };
}

// React to changes of traits (name → reaction) and to events ("msg:custom"); "end" is called last. Returns what ends it.
function listen(model, { end, ...reactions }) {
  const pairs = Object.entries(reactions).map(([name, react]) => [name.includes(":") ? name : `change:${name}`, react]);
  pairs.forEach(([event, react]) => model.on(event, react));
  return () => {
    pairs.forEach(([event, react]) => model.off(event, react));
    end?.();
  };
}
