// @ts-check
// Names a painted mask and says what it does. The masks that have a name come from Python, as rules.

import { quoted } from "../shared/dom.js";
import { leakVerdict, sees } from "../shared/mask_rules.js";
import { each } from "../shared/numbers.js";

/** @import { LeakTexts, MaskRule } from "../shared/types.d.ts" */
/** @typedef {boolean[][]} Mask True where a query (row) may see a key (column) */

const NAMED = 5; // so many queries are named, or the list would be longer than the mask

/**
 * The rules of packed texts, whose blocks begin where the mask has a gap beside its diagonal.
 *
 * @param {Mask} mask
 * @param {MaskRule[]} rules their labels say {sizes}
 * @returns {MaskRule[]}
 */
function blockRules(mask, rules) {
  const starts = mask.map((_, i) => i).filter((i) => i === 0 || !mask[i][i - 1]);
  const sizes = starts.map((start, k) => (starts[k + 1] ?? mask.length) - start).join(", ");
  return rules.map((rule) => ({ ...rule, label: rule.label.replace("{sizes}", sizes), starts }));
}

/**
 * @param {Mask} mask
 * @param {MaskRule} rule
 */
function fits(mask, rule) {
  const seen = sees(rule);
  return mask.every((row, i) => row.every((may, j) => may === seen(i, j)));
}

/**
 * The first rule whose mask this is; undefined for a mask without a name.
 *
 * @param {Mask} mask
 * @param {MaskRule[]} rules the masks that have a name, the simplest first
 * @param {MaskRule[]} blocks those of packed texts
 */
export function patternOf(mask, rules, blocks) {
  return [...rules, ...blockRules(mask, blocks)].find((rule) => fits(mask, rule));
}

/**
 * How many cells of a mask there are for which a test is true.
 *
 * @param {Mask} mask
 * @param {(may: boolean, i: number, j: number) => boolean} test
 */
const count = (mask, test) => each(mask, test).flat().filter(Boolean).length;

/** @param {Mask} mask */
const leaks = (mask) => count(mask, (may, i, j) => may && j > i);

/**
 * What reaches whom through two layers: the residual stream keeps each word, and what a word has seen, it
 * passes on.
 *
 * @param {Mask} mask
 */
function twoLayers(mask) {
  const one = each(mask, (may, i, j) => may || i === j);
  return each(one, (_, i, j) => one[i].some((may, k) => may && one[k][j]));
}

/**
 * The name of a mask; one without a name is told from the causal one by its cells.
 *
 * @param {Mask} mask
 * @param {MaskRule} [pattern]
 */
function headline(mask, pattern) {
  if (pattern) return pattern.meaning ? `${pattern.label} (${pattern.meaning})` : pattern.label;
  const missing = count(mask, (may, i, j) => !may && j <= i);
  const extra = leaks(mask);
  const parts = [missing && `${missing} missing`, extra && `${extra} too many`].filter(Boolean);
  return `no name; compared with the causal mask, ${parts.join(" and ")}`;
}

/**
 * Who sees words of its future, and what two layers make of it.
 *
 * @param {Mask} mask
 * @param {string[]} tokens
 */
function whoLeaks(mask, tokens) {
  const peeks = tokens
    .map((name, i) => ({ name, seen: tokens.filter((_, j) => j > i && mask[i][j]) }))
    .filter(({ seen }) => seen.length);
  if (!peeks.length) return [];
  const named = peeks.slice(0, NAMED).map(({ name, seen }) => `“${name}” sees ${quoted(seen)}`);
  const more = peeks.length > NAMED ? `, and ${peeks.length - NAMED} more look ahead` : "";
  const future = (mask.length * (mask.length - 1)) / 2;
  const deep = leaks(twoLayers(mask));
  return [
    `${named.join("; ")}${more}.`,
    `What a word has seen it passes on: after two layers ${deep} of ${future} pairs leak.`,
  ];
}

/**
 * Every sentence about a mask: its name, who leaks, who sees nothing.
 *
 * @param {Mask} mask
 * @param {string[]} tokens
 * @param {MaskRule | undefined} pattern
 * @param {LeakTexts} texts
 */
export function verdicts(mask, tokens, pattern, texts) {
  const future = (mask.length * (mask.length - 1)) / 2;
  const blind = tokens.filter((_, i) => !mask[i].includes(true));
  return [
    `Pattern: ${headline(mask, pattern)}.`,
    leakVerdict(texts, leaks(mask), future),
    ...whoLeaks(mask, tokens),
    ...(pattern?.note ? [pattern.note] : []),
    ...(blind.length ? [`${quoted(blind)} may see no key: a softmax over nothing.`] : []),
  ];
}
