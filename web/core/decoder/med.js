/**
 * Coding 1 (docs/protocol.md 6): three planes of residuals B−G, G, R−G, each predicted by the median edge detector in
 * its clamp form L + U − clamp(C, min(L, U), max(L, U)).
 */

/**
 * Undo the prediction of one plane in place.
 * @param {Uint8Array} plane residuals in, values out
 * @param {number} width
 * @param {number} height
 */
export function undoPrediction(plane, width, height) {
  let left = 0;
  for (let x = 0; x < width; x++) plane[x] = left = (plane[x] + left) & 255;
  for (let y = 1; y < height; y++) {
    const row = y * width;
    let corner = plane[row - width];
    left = plane[row] = (plane[row] + corner) & 255;
    for (let x = row + 1, end = row + width; x < end; x++) {
      const up = plane[x - width];
      const low = left < up ? left : up;
      const high = left < up ? up : left;
      const clamped = corner < low ? low : corner > high ? high : corner;
      left = plane[x] = (plane[x] + left + up - clamped) & 255;
      corner = up;
    }
  }
}

/**
 * Write a rectangle of residuals into an RGBA framebuffer.
 * @param {Uint8Array} residuals three planes of `w * h`; overwritten
 * @param {{x: number, y: number, w: number, h: number}} rectangle
 * @param {Uint8ClampedArray | Uint8Array} pixels RGBA
 * @param {number} stride pixels per row of the framebuffer
 */
export function drawLossless(residuals, { x, y, w, h }, pixels, stride) {
  const size = w * h;
  const blue = residuals.subarray(0, size);
  const green = residuals.subarray(size, 2 * size);
  const red = residuals.subarray(2 * size, 3 * size);
  for (const plane of [blue, green, red]) undoPrediction(plane, w, h);
  for (let row = 0, from = 0; row < h; row++) {
    let to = ((y + row) * stride + x) * 4;
    for (const end = from + w; from < end; from++, to += 4) {
      const g = green[from];
      pixels[to] = (red[from] + g) & 255;
      pixels[to + 1] = g;
      pixels[to + 2] = (blue[from] + g) & 255;
      pixels[to + 3] = 255;
    }
  }
}
