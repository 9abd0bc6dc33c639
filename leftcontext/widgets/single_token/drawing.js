// @ts-check
// Drawings in the plane: axes with equal units, arrows, names beside points.

import { svg } from "../shared/dom.js";

/** @typedef {[number, number]} Point */
/** @typedef {ReturnType<typeof plane>} Plane */

const SIDE = 260; // of a plane, in its own units
const MARGIN = 34;
const STEPS = [0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100]; // between two ticks
const TICKS = 6; // there is room for fewer

/**
 * The first two components of a vector.
 *
 * @param {number[]} v
 * @returns {Point}
 */
export const firstTwo = (v) => [v[0], v[1]];

/**
 * A drawing with equal units both ways, from `low` to `high`; `point` turns a vector into its place,
 * `vectorAt` a place into its vector.
 *
 * @param {Point} low
 * @param {Point} high
 */
export function plane([x0, y0], [x1, y1]) {
  const unit = (SIDE - 2 * MARGIN) / Math.max(x1 - x0, y1 - y0);
  const width = (x1 - x0) * unit + 2 * MARGIN;
  const height = (y1 - y0) * unit + 2 * MARGIN;
  const step = STEPS.find((s) => SIDE / (s * unit) < TICKS) ?? 1e9;

  /**
   * @param {number[]} vector
   * @returns {Point}
   */
  const point = ([x, y]) => [MARGIN + (x - x0) * unit, height - MARGIN - (y - y0) * unit];
  /**
   * @param {number} x
   * @param {number} y
   * @returns {Point}
   */
  const vectorAt = (x, y) => [(x - MARGIN) / unit + x0, (height - MARGIN - y) / unit + y0];

  /**
   * @param {number} low
   * @param {number} high
   */
  function ticks(low, high) {
    const all = Array.from({ length: 19 }, (_, k) => (k - 9) * step);
    return all.filter((x) => x && x >= low && x <= high);
  }
  /** @param {number} x */
  const text = (x) => String(Number(x.toFixed(1))).replace("-", "−");

  function axes() {
    const [x, y] = point([0, 0]);
    return [
      svg("line", { x1: 0, x2: width, y1: y, y2: y, class: "axis" }),
      svg("line", { y1: 0, y2: height, x1: x, x2: x, class: "axis" }),
      ...ticks(x0, x1).map((t) =>
        svg("text", { x: point([t, 0])[0], y: height - 5, class: "tick" }, text(t)),
      ),
      ...ticks(y0, y1).map((t) => svg("text", { x: 13, y: point([0, t])[1] + 4, class: "tick" }, text(t))),
    ];
  }

  return { point, vectorAt, axes, viewBox: `0 0 ${width} ${height}`, width };
}

/**
 * An arrow with its head; the head is left out where it would be longer than the arrow.
 *
 * @param {Point} from
 * @param {Point} to
 * @param {string} name
 */
export function arrow([x1, y1], [x2, y2], name) {
  const length = Math.hypot(x2 - x1, y2 - y1);
  const [ux, uy] = [(x2 - x1) / length, (y2 - y1) / length];
  /**
   * @param {number} along
   * @param {number} aside
   */
  const back = (along, aside) => `${x2 - along * ux - aside * uy},${y2 - along * uy + aside * ux}`;
  const node = svg("g", { class: name });
  if (length > 0.5) {
    const shaft = Math.min(6, length);
    node.append(svg("line", { x1, y1, x2: x2 - shaft * ux, y2: y2 - shaft * uy }));
  }
  if (length > 8) node.append(svg("polygon", { points: `${x2},${y2} ${back(9, 4.5)} ${back(9, -4.5)}` }));
  return node;
}

/**
 * Names beside points, away from the origin; what stands in one place shares one text.
 *
 * @param {Point[]} places
 * @param {string[]} words
 * @param {Point} origin
 * @param {number} width
 */
export function names(places, words, origin, width) {
  /** @type {Map<string, string[]>} */
  const groups = new Map();
  places.forEach((place, j) => {
    groups.set(String(place), [...(groups.get(String(place)) ?? []), words[j]]);
  });
  const distinct = new Map(places.map((place) => [String(place), place]));
  return [...distinct].map(([key, place]) =>
    svg("text", besidePoint(place, origin, width), (groups.get(key) ?? []).join(", ")),
  );
}

/**
 * Where the text beside a point begins, and at which of its ends that is.
 *
 * @param {Point} place
 * @param {Point} origin
 * @param {number} width
 */
function besidePoint([x, y], [x0, y0], width) {
  const length = Math.hypot(x - x0, y - y0);
  const [dx, dy] = length > 1 ? [(10 * (x - x0)) / length, (10 * (y - y0)) / length] : [0, 0];
  const flat = Math.abs(dy) < 5;
  const spot = flat ? { x, y: y + (dy > 0 ? 17 : -9) } : { x: x + dx, y: y + dy + (dy > 0 ? 8 : 2) };
  return { ...spot, "text-anchor": anchorOf(dx, flat, x < 0.15 * width) };
}

/**
 * @param {number} dx
 * @param {boolean} flat the text stands above or below its point
 * @param {boolean} atEdge there is no room to the left
 */
function anchorOf(dx, flat, atEdge) {
  if (atEdge || (!flat && dx > 4)) return "start";
  return !flat && dx < -4 ? "end" : "middle";
}
