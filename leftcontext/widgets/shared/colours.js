// @ts-check
// The colours of numbers, as the figures have them, each map by some of its colours. Both look the same to
// eyes that do not tell red from green.

// Cividis (Nuñez, Anderton and Renslow 2018).
const CIVIDIS = [
  [0, 34, 78],
  [18, 53, 112],
  [59, 73, 108],
  [87, 93, 109],
  [112, 113, 115],
  [138, 134, 120],
  [165, 156, 116],
  [195, 179, 105],
  [225, 204, 85],
  [254, 232, 56],
];

// ColorBrewer's PuOr, reversed: purple below 0, orange above.
const PURPLE_ORANGE = [
  [45, 0, 75],
  [83, 38, 135],
  [128, 115, 172],
  [177, 170, 209],
  [216, 218, 235],
  [247, 247, 246],
  [254, 224, 182],
  [252, 183, 97],
  [224, 130, 20],
  [178, 87, 6],
  [127, 59, 8],
];

/**
 * Red, green and blue, 0 to 255, of a share from 0 to 1 of a range; what is no number gets the lowest. A
 * range around 0 has a diverging map, whose middle is 0.
 *
 * @param {number} share
 * @param {[number, number]} range
 */
export function colourOf(share, [low, high]) {
  return between(low === -high ? PURPLE_ORANGE : CIVIDIS, share > 0 ? Math.min(share, 1) : 0);
}

/**
 * The same for a picture of many cells, in 256 shades that are mixed once.
 *
 * @param {number} share
 * @param {[number, number]} range
 */
export function shadeOf(share, [low, high]) {
  return (low === -high ? DIVERGING : SEQUENTIAL)[share > 0 ? Math.round(Math.min(share, 1) * STEPS) : 0];
}

/**
 * @param {number[][]} map
 * @param {number} share
 */
function between(map, share) {
  const place = share * (map.length - 1);
  const below = Math.min(Math.floor(place), map.length - 2);
  return map[below].map((c, k) => Math.round(c + (place - below) * (map[below + 1][k] - c)));
}

const STEPS = 255;
/** @param {number[][]} map */
const shades = (map) => Array.from({ length: STEPS + 1 }, (_, step) => between(map, step / STEPS));
const SEQUENTIAL = /* @__PURE__ */ shades(CIVIDIS);
const DIVERGING = /* @__PURE__ */ shades(PURPLE_ORANGE);

/**
 * The relative luminance of the WCAG, 0 (black) to 1 (white).
 *
 * @param {number[]} rgb red, green and blue, 0 to 255
 */
export function luminance(rgb) {
  const [r, g, b] = rgb.map((c) => {
    const share = c / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}
