// @ts-check
// Asks whether there is a kernel, and asks it to train.

/** @import { Model } from "../shared/types.d.ts" */

const ANSWER = 2500; // milliseconds in which a kernel that is not busy has answered

/**
 * Who is at the other end: "unknown" before an answer, then a kernel, or nobody.
 *
 * @param {Model<any>} model
 * @param {() => void} onChange
 */
export function kernelOf(model, onChange) {
  /** @type {"unknown" | "kernel" | "nobody"} */
  let state = "unknown";
  let waiting = 0;

  /**
   * Ask Python for something. Where nobody answers there is no kernel, and the page says so instead of doing
   * nothing.
   *
   * @param {"hello" | "train" | "stop"} what
   */
  function ask(what) {
    // The mask too: a trait may arrive later than a message.
    model.send?.({ do: what, mask: model.get("mask") });
    clearTimeout(waiting);
    waiting = setTimeout(
      () => {
        state = "nobody";
        onChange();
      },
      model.send ? ANSWER : 0,
    );
  }

  /** Python has answered. Whether that is news. */
  function heard() {
    const first = state !== "kernel";
    clearTimeout(waiting);
    state = "kernel";
    return first;
  }

  return {
    ask,
    heard,
    answers: () => state === "kernel",
    isAbsent: () => state === "nobody",
    end: () => clearTimeout(waiting),
  };
}
