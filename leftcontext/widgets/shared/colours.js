// @ts-check
// Cividis (Nuñez, Anderton and Renslow 2018) by ten of its colours: the same to eyes that do not tell red
// from green.

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

/**
 * Red, green and blue, 0 to 255, of a share from 0 to 1; what is no number gets the lowest.
 *
 * @param {number} share
 */
export function cividis(share) {
  const place = (share > 0 ? Math.min(share, 1) : 0) * (CIVIDIS.length - 1);
  const below = Math.min(Math.floor(place), CIVIDIS.length - 2);
  return CIVIDIS[below].map((c, k) => Math.round(c + (place - below) * (CIVIDIS[below + 1][k] - c)));
}

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
