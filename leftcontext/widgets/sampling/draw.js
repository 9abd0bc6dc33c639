// @ts-check
// What temperature, top-k and top-p leave of a distribution, as widget.py computes it.

import { sum } from "../shared/numbers.js";

/** @param {number[]} masses */
const shares = (masses) => {
  const total = sum(masses);
  return masses.map((mass) => mass / total);
};

/**
 * The tokens from the likeliest on; of equals the one that comes first.
 *
 * @param {number[]} p
 */
export const likeliest = (p) => p.map((_, k) => k).sort((a, b) => p[b] - p[a] || a - b);

/**
 * @param {number[]} model
 * @param {{ temperature: number, topK: number, topP: number }} settings
 */
export function narrowed(model, { temperature, topK, topP }) {
  let p = shares(model.map((x) => x ** (1 / temperature)));
  const order = likeliest(p);
  for (const token of order.slice(topK)) p[token] = 0;
  p = shares(p);
  if (topP < 1) {
    let before = 0; // the mass of those that are likelier
    for (const token of order) {
      const mass = p[token];
      if (before >= topP) p[token] = 0;
      before += mass;
    }
  }
  return shares(p);
}
