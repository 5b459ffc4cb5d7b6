// Draws a sparkline: a line with its newest point, filled when it deserves attention. Gaps (NaN) stay gaps.

import { ink, surface, type Token } from './ink';

/** A device that reports rarely leaves empty slots; only a longer silence is a gap. */
const BRIDGED = 6;

export interface SparkStyle {
  token: Token;
  fill: boolean;
}

/** Draws `count` values from `values` into `canvas` (CSS pixels). Non-finite values break the line. */
export function drawSpark(
  canvas: HTMLCanvasElement,
  values: Float32Array,
  count: number,
  width: number,
  height: number,
  style: SparkStyle,
): void {
  const context = surface(canvas, width, height);
  let low = Infinity;
  let high = -Infinity;
  for (let k = 0; k < count; k++) {
    const value = values[k]!;
    if (value < low) low = value;
    if (value > high) high = value;
  }
  if (high < low) return;
  // A flat line should look flat: the scale never zooms into less than a hundredth of the value.
  const least = Math.max(Math.abs(high), Math.abs(low)) * 0.01 || 1;
  const middle = (low + high) / 2;
  const range = Math.max(high - low, least);
  const scale = (height - 8) / range;
  const step = (width - 6) / Math.max(1, count - 1);
  const y = (value: number): number => height / 2 - (value - middle) * scale;

  context.lineJoin = 'round';
  context.lineCap = 'round';
  context.lineWidth = 1.4;
  context.strokeStyle = context.fillStyle = ink(style.token);
  let start = -1;
  let last = -1;
  const close = (): void => {
    context.stroke();
    if (!style.fill) return;
    context.lineTo(1 + last * step, height);
    context.lineTo(1 + start * step, height);
    context.globalAlpha = 0.13;
    context.fill();
    context.globalAlpha = 1;
  };
  for (let k = 0; k < count; k++) {
    if (!Number.isFinite(values[k]!)) continue;
    if (last < 0 || k - last > BRIDGED) {
      if (last >= 0) close();
      context.beginPath();
      start = k;
    }
    context.lineTo(1 + k * step, y(values[k]!));
    last = k;
  }
  if (last >= 0) close();
  if (last < 0) return;
  context.beginPath();
  context.arc(1 + last * step, y(values[last]!), 2, 0, 2 * Math.PI);
  context.fill();
}
