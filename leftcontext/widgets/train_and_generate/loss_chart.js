// @ts-check
// The loss of every run against the entropy; each line has its own dashes and its name at its end.

import { svg } from "../shared/dom.js";
import { number } from "../shared/numbers.js";

/** @import { Run } from "./runs.js" */

const PAGE = { width: 340, height: 200, left: 34, right: 84, top: 8, bottom: 34, nats: 4.5 };
const LINE = 12; // the height of a name

/**
 * @param {number} steps
 * @param {number} entropy
 * @param {Record<string, string>} labels of the masks
 */
export function lossChart(steps, entropy, labels) {
  const { width, height, left, right, top, bottom, nats } = PAGE;
  const node = svg("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", class: "lc-chart" });
  /** @param {number} step */
  const x = (step) => left + (step / steps) * (width - left - right);
  /** @param {number} loss */
  const y = (loss) => top + (1 - Math.min(loss, nats) / nats) * (height - top - bottom);
  /**
   * @param {number} loss
   * @param {string} name
   */
  const level = (loss, name) =>
    svg("line", { x1: x(0), x2: x(steps), y1: y(loss), y2: y(loss), class: name });

  function axes() {
    const middle = { "text-anchor": "middle" };
    const ticks = [0, 1, 2, 3, 4].flatMap((loss) => [
      level(loss, "grid"),
      svg("text", { x: left - 6, y: y(loss) + 4, "text-anchor": "end" }, loss),
    ]);
    const marks = [0, 0.5, 1].map((share) =>
      svg("text", { x: x(share * steps), y: height - bottom + 14, ...middle }, Math.round(share * steps)),
    );
    return [
      ...ticks,
      ...marks,
      svg("text", { x: x(steps / 2), y: height - 4, ...middle }, "training step"),
      svg(
        "text",
        { transform: `translate(9 ${y(nats / 2)}) rotate(-90)`, ...middle },
        "loss (nats per token)",
      ),
      level(entropy, "entropy"),
    ];
  }

  /**
   * @param {string} mask
   * @param {Run} run
   */
  function curve(mask, run) {
    const points = run.losses.map((loss, k) => `${x(run.steps[k]).toFixed(1)},${y(loss).toFixed(1)}`);
    return svg("polyline", { points: points.join(" "), class: `curve ${mask}` });
  }

  /** @param {Record<string, Run>} runs */
  function show(runs) {
    const begun = Object.entries(runs).filter(([, run]) => run.losses.length);
    const ends = begun.map(([mask, { losses }]) => ({
      at: losses[losses.length - 1],
      text: labels[mask],
      mask,
    }));
    ends.push({ at: entropy, text: `entropy ${number(entropy)}`, mask: "" });
    ends.sort((a, b) => a.at - b.at);
    let lowest = Infinity; // names keep a line's height of distance
    const names = ends.map(({ at, text, mask }) => {
      lowest = Math.min(y(at) + 4, lowest - LINE);
      return svg("text", { x: x(steps) + 5, y: lowest, class: `name ${mask}` }, text);
    });
    const values = ends.map(({ at, text, mask }) => (mask ? `${text}: ${number(at)}` : text));
    node.replaceChildren(...axes(), ...begun.map(([mask, run]) => curve(mask, run)), ...names);
    node.setAttribute("aria-label", `Training loss, ${values.join(", ")}`);
  }

  return { node, show };
}
