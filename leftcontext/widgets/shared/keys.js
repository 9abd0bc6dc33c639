// @ts-check
// Walking through a matrix from the keyboard.

/**
 * The cell to which a key leads from cell (i, j); undefined for a key that leads nowhere. It may lie outside.
 *
 * @param {KeyboardEvent} event
 * @param {[i: number, j: number]} at
 * @param {[bottom: number, right: number]} last the last row and column
 * @returns {[number, number] | undefined}
 */
export function destination(event, [i, j], [bottom, right]) {
  /** @type {Record<string, [number, number]>} */
  const places = {
    ArrowUp: [i - 1, j],
    ArrowDown: [i + 1, j],
    ArrowLeft: [i, j - 1],
    ArrowRight: [i, j + 1],
    Home: [event.ctrlKey ? 0 : i, 0],
    End: [event.ctrlKey ? bottom : i, right],
  };
  return places[event.key];
}
