// A matrix with too many cells for one element each: a canvas with a pixel for each cell, which the page enlarges to whole
// device pixels, and over it the one cell that has the focus. It is used as `matrixGrid` is.

const SHADES = Array.from({ length: 256 }, (_, k) => cividis(k / 255));
const LEAST = 4, MOST = 30, LINE = 16, SHORT = 22; // pixels: a cell's side, a line of text, a short name

// The cells that carry `mark`, each run of a row as a rectangle, in per cent: what CSS cuts a pattern out with.
function outline(marks, mark) {
  const points = [], [height, width] = [marks.length, marks[0].length];
  marks.forEach((row, i) => {
    for (let j = row.indexOf(mark); j >= 0;) {
      let end = j;
      while (row[end] === mark) end++;
      const [x, right] = [100 * j / width, 100 * end / width], [y, bottom] = [100 * i / height, 100 * (i + 1) / height];
      points.push([0, 0], [x, y], [right, y], [right, bottom], [x, bottom], [x, y], [0, 0]);
      j = row.indexOf(mark, end);
    }
  });
  return points.length ? `polygon(${points.map(([x, y]) => `${x}% ${y}%`)})` : "";
}

// `onEnter(i, j)` hears which cell has the focus; `describe(i, j)` is the sentence for the cell under the pointer.
function canvasGrid(onEnter, describe) {
  const forEyes = (tag, className) => element(tag, { className, ariaHidden: "true" });
  const corner = forEyes("span", "lc-corner"), top = forEyes("div", "lc-names lc-top"), side = forEyes("div", "lc-names");
  const canvas = forEyes("canvas"), leaks = forEyes("div", "lc-leaks");
  const pointed = forEyes("div", "lc-cell lc-pointed"), tip = forEyes("div", "lc-tip"), probe = forEyes("i", "lc-probe");
  const columnName = element("span", { role: "columnheader" });
  const rowName = element("span", { role: "rowheader", className: "lc-unseen" });
  const cell = element("div", { role: "gridcell", className: "lc-cell", tabIndex: 0 });
  const line = element("div", { role: "row", ariaSelected: "true" }, rowName, cell);
  const node = element("div", { className: "lc-large", role: "grid" }, probe, corner, top, side,
    element("div", { className: "lc-plane" }, canvas, leaks, pointed,
      element("div", { role: "row", className: "lc-unseen", ariaRowIndex: 1 }, columnName), line, tip));
  const paper = canvas.getContext("2d");
  const axes = [{ names: side, size: "--high", step: 1 }, { names: top, size: "--wide", step: 1 }];
  let image, shown, shape = "", at = [Infinity, 0];

  function build(rows, columns, titles) {
    const names = (words) => words.map((word) => element("span", {}, word));
    corner.replaceChildren(...names(titles));
    top.replaceChildren(...names(columns));
    top.classList.toggle("lc-short", columns.every((name) => name.length < 3));
    side.replaceChildren(...names(rows));
    image = paper.createImageData(canvas.width = columns.length, canvas.height = rows.length);
    node.ariaColCount = columns.length + 1;
    node.ariaRowCount = rows.length + 1;
    node.style.setProperty("--columns", columns.length);
    node.style.setProperty("--rows", rows.length);
    fit();
  }

  // Cells as large as there is room for, in whole pixels of the device, and as many names as find a line each.
  function fit() {
    const room = probe.offsetLeft + probe.offsetWidth - canvas.parentNode.offsetLeft, pixel = 1 / devicePixelRatio;
    if (room <= 0 || !shown) return;
    mark(false);
    for (const axis of axes) {
      const count = axis.names.children.length;
      const size = Math.floor(Math.max(LEAST, Math.min(MOST, room / count)) / pixel) * pixel;
      axis.step = Math.ceil((axis.names.classList.contains("lc-short") ? SHORT : LINE) / size);
      node.style.setProperty(axis.size, `${size}px`);
      [...axis.names.children].forEach((name, k) => name.classList.toggle("lc-between", k % axis.step));
    }
    mark(true);
  }

  // What `matrixGrid` shows; `tone` bends the colours, from the share of the range to the share of the colours.
  function show({ label, rows, columns, axes: titles, values, marks, range, tone = (share) => share, format = number }) {
    const newShape = JSON.stringify([rows, columns, titles]), { length } = columns;
    shown = { rows, columns, values, format };
    if (newShape !== shape) build(rows, columns, titles);
    shape = newShape;
    node.ariaLabel = label;
    const [low, high] = range ?? rangeOf(values), width = high - low, top = SHADES.length - 1;
    for (let i = 0, k = 0; i < rows.length; i++) for (let j = 0; j < length; j++, k += 4) {
      const share = tone((values[i][j] - low) / width), colour = SHADES[share > 0 ? Math.round(Math.min(share, 1) * top) : 0];
      image.data[k] = colour[0];
      image.data[k + 1] = colour[1];
      image.data[k + 2] = colour[2];
      image.data[k + 3] = marks[i][j] === "ruled-out" ? 0 : 255; // the page's hatching shows through
    }
    paper.putImageData(image, 0, 0);
    leaks.style.clipPath = outline(marks, "leak");
    leaks.hidden = !leaks.style.clipPath;
    place(Math.min(at[0], rows.length - 1), Math.min(at[1], length - 1));
  }

  const put = (thing, i, j) => { thing.style.transform = `translate(${100 * j}%, ${100 * i}%)`; };

  function mark(on) { // the names of the row and the column; those that they would touch step aside
    axes.forEach(({ names, step }, axis) => {
      for (let k = at[axis] - step + 1; k < at[axis] + step; k++)
        names.children[k]?.classList.toggle(k === at[axis] ? "lc-now" : "lc-aside", on);
    });
  }

  function place(i, j) {
    mark(false);
    at = [i, j];
    mark(true);
    put(cell, i, j);
    rowName.textContent = shown.rows[i];
    columnName.textContent = shown.columns[j];
    line.ariaRowIndex = i + 2;
    columnName.ariaColIndex = cell.ariaColIndex = j + 2;
    cell.ariaLabel = shown.format(shown.values[i][j]);
  }

  function enter(i, j) {
    if (!(i in shown.rows && j in shown.columns)) return;
    place(i, j);
    if (cell.matches(":focus")) onEnter(i, j);
    else cell.focus({ preventScroll: true });
    cell.scrollIntoView({ block: "nearest", inline: "nearest" });
  }

  function where(event) { // row and column; −1 is a name
    const box = canvas.getBoundingClientRect();
    const place = (share, count) => Math.max(-1, Math.min(count - 1, Math.floor(share * count)));
    return [place((event.clientY - box.top) / box.height, canvas.height), place((event.clientX - box.left) / box.width, canvas.width)];
  }

  function point(i, j) {
    pointed.hidden = tip.hidden = !(i >= 0 && j >= 0);
    if (tip.hidden) return;
    put(pointed, i, j);
    tip.textContent = describe(i, j);
    tip.style.setProperty("--column", j);
    const below = i < canvas.height / 2;
    tip.style.top = below ? `calc(var(--high) * ${i + 1} + 6px)` : "";
    tip.style.bottom = below ? "" : `calc(var(--high) * ${canvas.height - i} + 6px)`;
  }

  point(-1, -1);
  new ResizeObserver(fit).observe(probe);
  cell.addEventListener("focus", () => onEnter(...at));
  node.addEventListener("pointermove", (event) => point(...where(event)));
  node.addEventListener("pointerleave", () => point(-1, -1));
  node.addEventListener("click", (event) => {
    const [i, j] = where(event);
    if (i >= 0) enter(i, j < 0 ? at[1] : j); // a click on a row's name keeps the column
  });
  node.addEventListener("keydown", (event) => {
    const [i, j] = at, bottom = canvas.height - 1, right = canvas.width - 1;
    const to = {
      ArrowUp: [i - 1, j], ArrowDown: [i + 1, j], ArrowLeft: [i, j - 1], ArrowRight: [i, j + 1],
      PageUp: [Math.max(i - 8, 0), j], PageDown: [Math.min(i + 8, bottom), j],
      Home: [event.ctrlKey ? 0 : i, 0], End: [event.ctrlKey ? bottom : i, right],
    }[event.key];
    if (event.key === "Escape") point(-1, -1);
    if (!to) return;
    event.preventDefault();
    enter(...to);
  });
  return { node, show, select: (i) => place(i, at[1]) };
}
