// Draw a sparkline as SVG paths: a line with its newest point, and the area below it. NaN values are gaps. SVG and not
// canvas, since each canvas is a compositor layer, and many layers make scrolling slow. Pure.

/** Empty slots that are bridged, for devices that report rarely; more of them are a gap. */
const BRIDGED = 6;
const DOT = 2;

export interface SparkShape {
  line: string;
  area: string;
  dot: string;
  /** Whether the area is drawn for every colour. */
  filled?: boolean;
}

const NOTHING: SparkShape = { line: '', area: '', dot: '' };
/** Round to a tenth of a pixel. */
const tenth = (value: number): number => Math.round(value * 10) / 10;

/** Return the paths of `count` values in a box of `width` by `height` CSS pixels. Non-finite values break the line. */
export function sparkShape(values: Float32Array, count: number, width: number, height: number): SparkShape {
  let low = Infinity;
  let high = -Infinity;
  for (let k = 0; k < count; k++) {
    const value = values[k]!;
    if (value < low) low = value;
    if (value > high) high = value;
  }
  if (high < low) return NOTHING;
  // Keep a flat line flat: the scale spans at least a hundredth of the value.
  const least = Math.max(Math.abs(high), Math.abs(low)) * 0.01 || 1;
  const scale = (height - 8) / Math.max(high - low, least);
  const middle = (low + high) / 2;
  const step = (width - 6) / Math.max(1, count - 1);
  let line = '';
  let area = '';
  let start = 0;
  let last = -1;
  let x = 0;
  let y = 0;
  for (let k = 0; k < count; k++) {
    const value = values[k]!;
    if (!Number.isFinite(value)) continue;
    const begins = last < 0 || k - last > BRIDGED;
    if (begins && last >= 0) area += closed(x, start, height);
    x = tenth(1 + k * step);
    y = tenth(height / 2 - (value - middle) * scale);
    const point = `${begins ? 'M' : 'L'}${x} ${y}`;
    line += point;
    area += point;
    if (begins) start = x;
    last = k;
  }
  area += closed(x, start, height);
  const dot = `M${x - DOT} ${y}a${DOT} ${DOT} 0 1 0 ${2 * DOT} 0a${DOT} ${DOT} 0 1 0 ${-2 * DOT} 0`;
  return { line, area, dot };
}

/** Return the paths of an on/off metric in a box of `width` by `height`: a bar per value, as high as the share (0 to 1) that was
 *  on, above a baseline where there is data. */
export function stateShape(shares: Float32Array, count: number, width: number, height: number): SparkShape {
  const step = (width - 6) / Math.max(1, count);
  const foot = height - 4;
  let line = '';
  let area = '';
  let last = -1;
  for (let k = 0; k < count; k++) {
    const share = shares[k]!;
    if (!Number.isFinite(share)) continue;
    // A device that reports only changes keeps its state until the next report.
    const held = last >= 0 ? last : k;
    const before = shares[held]! >= 0.5 ? 1 : 0;
    if (k > held + 1 && before) area += bar(1 + (held + 1) * step, (k - held - 1) * step, foot, foot - 4);
    line += `M${tenth(1 + held * step)} ${foot}H${tenth(1 + (k + 1) * step)}`;
    if (share > 0) area += bar(1 + k * step, step, foot, tenth(share * (foot - 4)));
    last = k;
  }
  return { line, area, dot: '', filled: true };
}

const bar = (x: number, width: number, foot: number, height: number): string =>
  `M${tenth(x)} ${foot}v${-tenth(height)}h${tenth(width)}V${foot}Z`;

const closed = (from: number, to: number, height: number): string => `L${from} ${height}H${to}Z`;
