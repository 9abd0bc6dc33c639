// @ts-check
// Reads the masks that mask_rules.py describes; what each of them hides is said there alone.

/** @import { LeakTexts, MaskRule, Sees } from "./types.d.ts" */

/**
 * Whether query i may see key j under a rule: MaskRule.allowed of mask_rules.py, cell by cell.
 *
 * @param {MaskRule} rule
 * @returns {Sees}
 */
export function sees(rule) {
  const {
    min_distance: least = -Infinity,
    max_distance: most = Infinity,
    prefix = 0,
    length = Infinity,
  } = rule;
  const paths = rule.parents && ancestors(rule.parents);
  const starts = rule.starts ?? [];
  /** @param {number} position */
  const blockOf = (position) => starts.filter((start) => start <= position).length;
  /** @type {Sees} */
  const sameTree = (i, j) => !paths || paths[i].has(j);
  /** @type {Sees} */
  const sameBlock = (i, j) => !starts.length || blockOf(i) === blockOf(j);
  /** @type {Sees} */
  const near = (i, j) => (i - j >= least && i - j <= most) || j < prefix;
  return (i, j) => near(i, j) && j < length && sameBlock(i, j) && sameTree(i, j);
}

/**
 * A whole mask of so many positions (size, size), true where a query may see a key.
 *
 * @param {MaskRule} rule
 * @param {number} size
 */
export function allowedBy(rule, size) {
  const seen = sees(rule);
  return Array.from({ length: size }, (_, i) => Array.from({ length: size }, (_, j) => seen(i, j)));
}

/**
 * Each node of a tree with all nodes that it continues; the parent of a root is −1.
 *
 * @param {number[]} parents
 */
function ancestors(parents) {
  /** @type {Set<number>[]} */
  const paths = [];
  parents.forEach((parent, node) => {
    paths.push(new Set([node, ...(paths[parent] ?? [])]));
  });
  return paths;
}

/**
 * What a choice among masks offers: the value and the label of each.
 *
 * @param {Record<string, MaskRule>} rules
 */
export const labelsOf = (rules) =>
  Object.fromEntries(Object.entries(rules).map(([name, { label }]) => [name, label]));

/**
 * What is to be said of a mask that lets so many of the future's cells be seen.
 *
 * @param {LeakTexts} texts
 * @param {number} leaks
 * @param {number} future
 */
export function leakVerdict(texts, leaks, future) {
  if (!leaks) return texts.causal;
  return texts.leak.replace("{leaks}", String(leaks)).replace("{future}", String(future));
}
