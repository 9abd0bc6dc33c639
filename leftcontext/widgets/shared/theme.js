// @ts-check
// Dark where the host's own text is light, whatever the host is called.

import { luminance } from "./colours.js";
import { element } from "./dom.js";

/**
 * Keep the class `lc-dark` true. The node has the host's colour, and a transition that lasts no time, so that
 * a change of theme is an event; the observer hears when the node comes into the page.
 *
 * @param {HTMLElement} node
 */
export function followTheme(node) {
  const canvas = element("canvas", { width: 1, height: 1 });
  const paper = canvas.getContext("2d", { willReadFrequently: true });
  if (!paper) return; // a browser without a canvas keeps the light theme
  const look = () => {
    paper.fillStyle = getComputedStyle(node).color; // in any notation: the canvas turns it into three numbers
    paper.clearRect(0, 0, 1, 1);
    paper.fillRect(0, 0, 1, 1);
    node.classList.toggle("lc-dark", luminance([...paper.getImageData(0, 0, 1, 1).data].slice(0, 3)) > 0.3);
  };
  new ResizeObserver(look).observe(node);
  // The second event comes where the host takes the node out for a moment.
  for (const event of ["transitionend", "transitioncancel"]) {
    node.addEventListener(event, ({ target }) => target === node && requestAnimationFrame(look));
  }
}
