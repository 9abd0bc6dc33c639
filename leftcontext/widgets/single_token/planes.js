// @ts-check
// The two drawings of SingleToken: the query among the keys, and the weighted sum of the values.

import { svg } from "../shared/dom.js";
import { number, product } from "../shared/numbers.js";
import { arrow, firstTwo, names, plane } from "./drawing.js";

/** @import { Plane, Point } from "./drawing.js" */
/**
 * Attention of one query over the keys up to its own.
 *
 * @typedef {object} Attention
 * @property {number} i
 * @property {number[]} query
 * @property {number[][]} keys
 * @property {number[][]} values
 * @property {number[]} scores
 * @property {number[]} scaled
 * @property {number[]} weights
 * @property {number[]} output
 */

const COLOURS = 6; // one after the other; a name stands at each arrow
const LONG = 26; // an arrow that is shorter has no room for its name

/** @param {number[]} v */
export const vector = (v, digits = 2) => `(${v.map((x) => number(x, digits)).join(", ")})`;

/**
 * Names and vectors in one text.
 *
 * @param {string[]} tokens
 * @param {number[][]} vectors
 */
const listed = (tokens, vectors) => vectors.map((v, j) => `${tokens[j]} ${vector(firstTwo(v))}`).join(", ");

/**
 * Where the query points to among the keys.
 *
 * @param {(tip: Point) => void} move hears a new place for the query's tip
 */
export function queryPlane(move) {
  const node = svg("svg", { role: "img", class: "lc-plane" });
  let frame = plane([-1, -1], [1, 1]);
  let held = false;

  /** @param {MouseEvent} event */
  function at(event) {
    const box = node.getBoundingClientRect();
    const scale = frame.width / box.width;
    move(frame.vectorAt((event.clientX - box.left) * scale, (event.clientY - box.top) * scale));
  }

  node.addEventListener("pointerdown", (event) => {
    held = event.target instanceof Element && event.target.closest(".handle") !== null;
    if (held) node.setPointerCapture(event.pointerId);
  });
  node.addEventListener("pointermove", (event) => {
    if (held) at(event);
  });
  node.addEventListener("click", (event) => {
    if (!held) at(event);
  });
  node.addEventListener("lostpointercapture", () => {
    setTimeout(() => {
      held = false; // after the click that ends it
    });
  });

  /**
   * @param {Attention} attention
   * @param {string[]} tokens
   * @param {number} reach
   */
  function show({ query, keys, i }, tokens, reach) {
    frame = plane([-reach, -reach], [reach, reach]);
    const origin = frame.point([0, 0]);
    const tips = keys.map(frame.point);
    const [cx, cy] = frame.point(query);
    const points = `The query of “${tokens[i]}” points to ${vector(firstTwo(query))}`;
    node.setAttribute("viewBox", frame.viewBox);
    node.setAttribute("aria-label", `${points}; keys: ${listed(tokens, keys)}`);
    node.replaceChildren(
      ...frame.axes(),
      ...tips.map((tip) => arrow(origin, tip, "key")),
      arrow(origin, [cx, cy], "query"),
      ...names(tips, tokens, origin, frame.width),
      svg("circle", { cx, cy, r: 7, class: "knob" }),
      svg("circle", { cx, cy, r: 20, class: "handle" }),
    );
  }

  return { node, show };
}

/**
 * A frame with room for all values and the origin; a line of values still needs room for names.
 *
 * @param {number[][]} values
 */
function frameOf(values) {
  const [xs, ys] = [0, 1].map((k) => [0, ...values.map((value) => value[k])]);
  const [low, high] = [Math.min, Math.max].map((pick) => [pick(...xs), pick(...ys)]);
  const span = Math.max(high[0] - low[0], high[1] - low[1]) || 1;
  const [dx, dy] = [0, 1].map((k) => (high[k] - low[k] < 0.4 * span ? 0.2 * span : 0));
  return plane([low[0] - dx, low[1] - dy], [high[0] + dx, high[1] + dy]);
}

/**
 * The area that points span: in the plane, all triangles between them (Carathéodory).
 *
 * @param {Point[]} points
 */
function area(points) {
  const pairs = points.flatMap((a, x) => points.slice(x + 1).map((b, y) => ({ a, b, rest: x + y + 2 })));
  const triangles = pairs.flatMap(({ a, b, rest }) => points.slice(rest).map((c) => [a, b, c]));
  const corners = points.length < 3 ? [points] : triangles;
  return corners.map((corner) => svg("polygon", { points: corner.join(" "), class: "area" }));
}

/**
 * The name of an arrow beside its middle.
 *
 * @param {Point} from
 * @param {Point} to
 * @param {string} word
 */
function stepName([x1, y1], [x2, y2], word) {
  if (Math.hypot(x2 - x1, y2 - y1) < LONG) return [];
  const [x, y] = [(x1 + x2) / 2, (y1 + y2) / 2];
  const flat = Math.abs(x2 - x1) > Math.abs(y2 - y1);
  const place = flat
    ? { x, y: y + 15, "text-anchor": "middle" }
    : { x: x + 8, y: y + 4, "text-anchor": "start" };
  return [svg("text", { ...place, class: "name" }, word)];
}

/**
 * The values, the area that they span, and the weighted sum from arrow to arrow.
 *
 * @param {number[][]} all the values of all tokens
 */
export function valuePlane(all) {
  const node = svg("svg", { role: "img", class: "lc-plane" });
  const frame = frameOf(all);
  node.setAttribute("viewBox", frame.viewBox);

  /**
   * @param {Attention} attention
   * @param {string[]} tokens
   */
  function show({ weights, values, output }, tokens) {
    const origin = frame.point([0, 0]);
    const places = values.map(frame.point);
    const [x, y] = frame.point(output);
    const sums = values.map((_, j) => product([weights.slice(0, j + 1)], values.slice(0, j + 1))[0]);
    const tips = sums.map(frame.point);
    const starts = [origin, ...tips];
    const ends = `The weighted sum ends at ${vector(firstTwo(output))}`;
    node.setAttribute("aria-label", `${ends}; values: ${listed(tokens, values)}`);
    node.replaceChildren(
      ...area(places),
      ...frame.axes(),
      ...places.map(([cx, cy]) => svg("circle", { cx, cy, r: 4.5, class: "value" })),
      ...tips.map((tip, j) => arrow(starts[j], tip, `step step-${j % COLOURS}`)),
      ...names(places, tokens, origin, frame.width),
      ...tips.flatMap((tip, j) => stepName(starts[j], tip, tokens[j])),
      svg("path", { d: `M${x} ${y - 8}l8 8l-8 8l-8 -8z`, class: "output" }),
    );
  }

  return { node, show };
}
