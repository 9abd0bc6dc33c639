// The view of SingleToken: a query one can drag, the table of its weights, and the weighted sum, arrow after arrow.

const SIDE = 260; // of a plane, in its own units
const MARGIN = 34;
const COLOURS = 6; // one after the other; a name stands at each arrow
const LONG = 26; // an arrow that is shorter has no room for its name
const STEP = 0.1; // of the query, by keys and by mouse

const vector = (v, digits = 2) => `(${v.map((x) => number(x, digits)).join(", ")})`;
const plain = (v) => `(${v.map((x) => String(Number(x.toFixed(2))).replace("-", "−")).join(", ")})`;

// Scores, weights, their shares of the sum, and the sum, of the chosen query and the keys up to its own.
function attend(model) {
  const i = model.get("query"), query = model.get("queries")[i];
  const keys = model.get("_keys").slice(0, i + 1), values = model.get("_values").slice(0, i + 1);
  const scores = keys.map((key) => dot(query, key)), scaled = scores.map((x) => x / Math.sqrt(query.length));
  const weights = softmax(scaled);
  return { i, query, keys, values, scores, scaled, weights, output: product([weights], values)[0] };
}

// A drawing with equal units both ways, from `low` to `high` (each a pair); `point` turns a vector into its place.
function plane([x0, y0], [x1, y1]) {
  const unit = (SIDE - 2 * MARGIN) / Math.max(x1 - x0, y1 - y0);
  const width = (x1 - x0) * unit + 2 * MARGIN, height = (y1 - y0) * unit + 2 * MARGIN;
  const point = ([x, y]) => [MARGIN + (x - x0) * unit, height - MARGIN - (y - y0) * unit];
  const vectorAt = (x, y) => [(x - MARGIN) / unit + x0, (height - MARGIN - y) / unit + y0];
  const step = [0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100].find((s) => SIDE / (s * unit) < 6) ?? 1e9;
  const ticks = (low, high) => Array.from({ length: 19 }, (_, k) => (k - 9) * step).filter((x) => x && x >= low && x <= high);
  const text = (x) => String(Number(x.toFixed(1))).replace("-", "−");
  const axes = () => [
    svg("line", { x1: 0, x2: width, y1: point([0, 0])[1], y2: point([0, 0])[1], class: "axis" }),
    svg("line", { y1: 0, y2: height, x1: point([0, 0])[0], x2: point([0, 0])[0], class: "axis" }),
    ...ticks(x0, x1).map((x) => svg("text", { x: point([x, 0])[0], y: height - 5, class: "tick" }, text(x))),
    ...ticks(y0, y1).map((y) => svg("text", { x: 13, y: point([0, y])[1] + 4, class: "tick" }, text(y))),
  ];
  return { point, vectorAt, axes, viewBox: `0 0 ${width} ${height}`, width };
}

// An arrow with its head; the head is left out where it would be longer than the arrow.
function arrow([x1, y1], [x2, y2], name) {
  const length = Math.hypot(x2 - x1, y2 - y1), [ux, uy] = [(x2 - x1) / length, (y2 - y1) / length];
  const back = (along, aside) => `${x2 - along * ux - aside * uy},${y2 - along * uy + aside * ux}`;
  const node = svg("g", { class: name });
  if (length > 0.5) node.append(svg("line", { x1, y1, x2: x2 - Math.min(6, length) * ux, y2: y2 - Math.min(6, length) * uy }));
  if (length > 8) node.append(svg("polygon", { points: `${x2},${y2} ${back(9, 4.5)} ${back(9, -4.5)}` }));
  return node;
}

// Names beside points, away from the origin; what stands in one place shares one text.
function names(places, words, [x0, y0], width) {
  const groups = new Map();
  places.forEach((place, j) => groups.set(String(place), [...(groups.get(String(place)) ?? []), j]));
  return [...groups.values()].map((members) => {
    const [x, y] = places[members[0]], length = Math.hypot(x - x0, y - y0) || 1, text = members.map((j) => words[j]).join(", ");
    const [dx, dy] = length > 1 ? [(10 * (x - x0)) / length, (10 * (y - y0)) / length] : [0, 0];
    const flat = Math.abs(dy) < 5, edge = x < 0.15 * width;
    const anchor = edge || (!flat && dx > 4) ? "start" : !flat && dx < -4 ? "end" : "middle";
    const place = flat ? { x, y: y + (dy > 0 ? 17 : -9) } : { x: x + dx, y: y + dy + (dy > 0 ? 8 : 2) };
    return svg("text", { ...place, "text-anchor": anchor }, text);
  });
}

// Where the query points to among the keys. `move` hears a new place for its tip.
function queryPlane(move) {
  const node = svg("svg", { role: "img", class: "lc-plane" });
  let frame, held = false;
  const at = (event) => {
    const box = node.getBoundingClientRect(), scale = frame.width / box.width;
    move(frame.vectorAt((event.clientX - box.left) * scale, (event.clientY - box.top) * scale));
  };
  node.addEventListener("pointerdown", (event) => {
    held = Boolean(event.target.closest(".handle"));
    if (held) node.setPointerCapture(event.pointerId);
  });
  node.addEventListener("pointermove", (event) => held && at(event));
  node.addEventListener("click", (event) => !held && at(event));
  node.addEventListener("lostpointercapture", () => setTimeout(() => { held = false; })); // after the click that ends it

  function show({ query, keys, i }, tokens, reach) {
    frame = plane([-reach, -reach], [reach, reach]);
    const origin = frame.point([0, 0]), tips = keys.map((key) => frame.point(key)), tip = frame.point(query);
    node.setAttribute("viewBox", frame.viewBox);
    node.setAttribute("aria-label", `The query of “${tokens[i]}” points to ${vector(query.slice(0, 2))}; keys: ` +
      keys.map((key, j) => `${tokens[j]} ${vector(key.slice(0, 2))}`).join(", "));
    node.replaceChildren(...frame.axes(), ...tips.map((place) => arrow(origin, place, "key")), arrow(origin, tip, "query"),
      ...names(tips, tokens, origin, frame.width), svg("circle", { cx: tip[0], cy: tip[1], r: 7, class: "knob" }),
      svg("circle", { cx: tip[0], cy: tip[1], r: 20, class: "handle" }));
  }
  return { node, show };
}

// The values, the area that they span, and the weighted sum from arrow to arrow.
function valuePlane(values) {
  const node = svg("svg", { role: "img", class: "lc-plane" });
  const bound = (k, pick) => pick(0, ...values.map((value) => value[k]));
  const low = [bound(0, Math.min), bound(1, Math.min)], high = [bound(0, Math.max), bound(1, Math.max)];
  const span = Math.max(high[0] - low[0], high[1] - low[1]) || 1;
  const room = (k) => (high[k] - low[k] < 0.4 * span ? 0.2 * span : 0); // a line of values still needs room for names
  const frame = plane([low[0] - room(0), low[1] - room(1)], [high[0] + room(0), high[1] + room(1)]);
  node.setAttribute("viewBox", frame.viewBox);

  // In the plane the area is all triangles between the points (Carathéodory).
  function area(places) {
    const corners = places.length < 3 ? [places] : places.flatMap((a, x) => places.slice(x + 1).flatMap((b, y) =>
      places.slice(x + y + 2).map((c) => [a, b, c])));
    return corners.map((points) => svg("polygon", { points: points.join(" "), class: "area" }));
  }

  // The name of an arrow beside its middle.
  function stepName([x1, y1], [x2, y2], word) {
    if (Math.hypot(x2 - x1, y2 - y1) < LONG) return [];
    const flat = Math.abs(x2 - x1) > Math.abs(y2 - y1), x = (x1 + x2) / 2, y = (y1 + y2) / 2;
    const place = flat ? { x, y: y + 15, "text-anchor": "middle" } : { x: x + 8, y: y + 4 };
    return [svg("text", { ...place, class: "name" }, word)];
  }

  function show({ weights, values, output }, tokens) {
    const places = values.map((value) => frame.point(value)), end = frame.point(output);
    const sums = values.map((_, j) => product([weights.slice(0, j + 1)], values.slice(0, j + 1))[0]);
    const tips = sums.map((sum) => frame.point(sum)), starts = [frame.point([0, 0]), ...tips];
    const steps = tips.map((tip, j) => arrow(starts[j], tip, `step step-${j % COLOURS}`));
    const texts = tips.flatMap((tip, j) => stepName(starts[j], tip, tokens[j]));
    node.setAttribute("aria-label", `The weighted sum ends at ${vector(output.slice(0, 2))}; values: ` +
      values.map((value, j) => `${tokens[j]} ${vector(value.slice(0, 2))}`).join(", "));
    node.replaceChildren(...area(places), ...frame.axes(),
      ...places.map(([cx, cy]) => svg("circle", { cx, cy, r: 4.5, class: "value" })), ...steps,
      ...names(places, tokens, starts[0], frame.width), ...texts,
      svg("path", { d: `M${end[0]} ${end[1] - 8}l8 8l-8 8l-8 -8z`, class: "output" }));
  }
  return { node, show };
}

function build(model, node, set) {
  const tokens = model.get("tokens"), components = model.get("components");
  const keys = model.get("_keys"), given = model.get("_given"), width = keys[0].length;
  const base = 1.2 * Math.max(...[...keys, ...given].flatMap((row) => row.slice(0, 2).map(Math.abs)), 0.1);
  const chosen = () => model.get("queries")[model.get("query")];
  const reach = () => Math.ceil(10 * Math.max(base, ...chosen().slice(0, 2).map(Math.abs))) / 10;
  const move = (first) => {
    const i = model.get("query"), end = reach();
    const fit = first.map((x) => Number((Math.round(Math.max(-end, Math.min(end, x)) / STEP) * STEP).toFixed(1)));
    set("queries", model.get("queries").map((row, k) => (k === i ? [...fit, ...row.slice(2)] : row)));
  };
  const queries = choice("query", Object.fromEntries(tokens.map((name, j) => [j, name])), (i) => set("query", Number(i)));
  const sliders = [0, 1].map((k) => {
    const node = element("input", { type: "range", step: STEP, ariaLabel: `query, component ${k}` });
    node.addEventListener("input", () => move([0, 1].map((at) => (at === k ? node.valueAsNumber : chosen()[at]))));
    return { node, readout: element("span", { className: "lc-muted" }) };
  });
  const back = element("button", { type: "button", className: "lc-step" }, "as given");
  back.addEventListener("click", () => set("queries", given));
  const left = queryPlane(move), right = valuePlane(model.get("_values"));
  const bars = barTable();
  const sum = element("p", { className: "lc-sum" });
  const { node: status, say } = statusLine();
  const figure = (text, node) => element("figure", {}, element("figcaption", { className: "lc-muted" }, text), node);
  const more = width > 2 ? "; its other components stay" : "";
  node.append(queries.node, element("div", { className: "lc-controls" },
    ...sliders.map(({ node, readout }, k) => element("label", {}, `q${"₀₁"[k]} `, node, " ", readout)), back),
  element("div", { className: "lc-columns lc-planes" }, figure(`The thick arrow is the query: drag its tip${more}.`, left.node),
    figure(`weight × value: → ${components[0]}, ↑ ${components[1]}`, right.node)),
  beside(bars.node), sum, status);

  function told({ i, query, weights, output }) {
    const top = weights.indexOf(Math.max(...weights));
    return `“${tokens[i]}”, query ${vector(query)}: reads ${i + 1} of ${tokens.length} keys, ` +
      `most of all “${tokens[top]}” (${number(weights[top])}). ` +
      `Output: ${output.map((x, k) => `${components[k]} ${number(x)}`).join(", ")}.`;
  }

  function paint() {
    const result = attend(model), { i, query, scores, scaled, weights, values, output } = result;
    const filled = (list) => tokens.map((_, j) => list[j] ?? 0);
    queries.choose(String(i));
    sliders.forEach(({ node, readout }, k) => {
      Object.assign(node, { min: -reach(), max: reach(), value: query[k] });
      readout.textContent = number(query[k]);
      node.setAttribute("aria-valuetext", number(query[k]));
    });
    left.show(result, tokens, reach());
    right.show(result, tokens);
    bars.show({
      caption: `the keys that “${tokens[i]}” reads`, names: tokens, values: filled(weights), hidden: "not read yet",
      marks: tokens.map((_, j) => (j > i ? "ruled-out" : "")), kind: ["key", "q·k", `÷ √${width}`, "weight"],
      before: tokens.map((_, j) => (j > i ? ["", ""] : [number(scores[j]), number(scaled[j])])),
      foot: `weights sum to ${number(weights.reduce((a, b) => a + b, 0))}`,
    });
    sum.textContent = `${weights.map((w, j) => `${number(w)}·${plain(values[j])}`).join(" + ")} = ${vector(output)}`;
    status.textContent = told(result);
  }

  paint();
  return { query: paint, queries: paint };
}

export default view("A single token", build);
