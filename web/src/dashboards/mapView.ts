// A map without a background: positions in pixels, groups of devices that are too close to tell apart, and a grid with a scale. Pure.

export interface Point {
  id: string;
  /** Degrees. */
  latitude: number;
  longitude: number;
}

export interface Marker {
  x: number;
  y: number;
  ids: string[];
}

export interface MapView {
  markers: Marker[];
  /** Distance of the grid's lines, in metres and in pixels; positions of the lines in pixels. */
  grid: { metres: number; step: number; xs: number[]; ys: number[] };
}

const EARTH_M = 6_371_000;
const DEGREE = Math.PI / 180;
/** A single device, or several at one place, are shown with this much around them. */
const LEAST_M = 100;
/** Space between the outermost devices and the edge, in pixels: for their marks and names. */
const EDGE = 34;
/** Devices closer than this, in pixels, are one marker. */
const NEAR = 22;
/** Lines of the grid are at least this far apart, in pixels. */
const GRID = 64;

/** Return whether this is a place on earth; 0, 0 is what receivers without a fix send. */
export const isPosition = ({ latitude, longitude }: Point): boolean =>
  Math.abs(latitude) <= 90 && Math.abs(longitude) <= 180 && (latitude !== 0 || longitude !== 0);

/** Return 1, 2 or 5 times a power of ten, at least `least`. */
function niceDistance(least: number): number {
  const size = 10 ** Math.floor(Math.log10(least));
  return [1, 2, 5, 10].map((each) => each * size).find((each) => each >= least)!;
}

/** Return offsets in metres from the middle of the points, east and north. A fleet on both sides of the date line stays
 *  together. */
function metresOf(points: readonly Point[]): [east: number, north: number][] {
  const [first] = points;
  if (!first) return [];
  const from = (longitude: number): number => ((longitude - first.longitude + 540) % 360) - 180;
  const middle = points.reduce((sum, { latitude }) => sum + latitude, 0) / points.length;
  const narrowing = Math.max(Math.cos(middle * DEGREE), 0.01);
  return points.map(({ latitude, longitude }) => [
    from(longitude) * DEGREE * EARTH_M * narrowing,
    (latitude - middle) * DEGREE * EARTH_M,
  ]);
}

/** Return the map of `points` in a box of `width` by `height` pixels. Points without a valid position are left out. */
export function mapView(points: readonly Point[], width: number, height: number): MapView {
  const placed = points.filter(isPosition);
  const metres = metresOf(placed);
  const [easts, norths] = [metres.map(([east]) => east), metres.map(([, north]) => north)];
  const [west, east] = [easts.reduce((a, b) => Math.min(a, b), 0), easts.reduce((a, b) => Math.max(a, b), 0)];
  const low = norths.reduce((a, b) => Math.min(a, b), Infinity);
  const high = norths.reduce((a, b) => Math.max(a, b), -Infinity);
  const [centreX, centreY] = [(west + east) / 2, placed.length ? (low + high) / 2 : 0];
  const room = { x: Math.max(width - 2 * EDGE, 1), y: Math.max(height - 2 * EDGE, 1) };
  const perPixel = Math.max(
    Math.max(east - west, LEAST_M) / room.x,
    Math.max(placed.length ? high - low : 0, LEAST_M) / room.y,
  );
  const markers: Marker[] = [];
  metres.forEach(([x, y], k) => {
    const at = { x: width / 2 + (x - centreX) / perPixel, y: height / 2 - (y - centreY) / perPixel };
    const near = markers.find((each) => Math.hypot(each.x - at.x, each.y - at.y) < NEAR);
    if (near) near.ids.push(placed[k]!.id);
    else markers.push({ ...at, ids: [placed[k]!.id] });
  });
  const distance = niceDistance(GRID * perPixel);
  const step = distance / perPixel;
  const lines = (size: number): number[] =>
    Array.from({ length: Math.ceil(size / step) }, (_, k) => ((size / 2) % step) + k * step);
  return { markers, grid: { metres: distance, step, xs: lines(width), ys: lines(height) } };
}

const POSITION = /(^|[._-])(lat(?:itude)?)$/i;

/** Return the pairs of metrics, such as `location.latitude` and `location.longitude`, that are a position. */
export function positionMetrics(metrics: readonly string[]): [latitude: string, longitude: string][] {
  const known = new Set(metrics);
  return metrics.flatMap((metric): [string, string][] => {
    const found = POSITION.exec(metric);
    if (!found) return [];
    const start = metric.slice(0, metric.length - found[2]!.length);
    const names = found[2]!.length > 3 ? ['longitude'] : ['lon', 'lng', 'long'];
    const longitude = names.map((name) => start + name).find((name) => known.has(name));
    return longitude ? [[metric, longitude]] : [];
  });
}

const LETTER_PX = 7;
const NAME_GAP = 14;
const NAME_HEIGHT = 14;

/** Return on which side of its marker each name stands, in a map of `width` pixels: null where it would cover another name or a
 *  marker. */
export function namePlaces(
  markers: readonly { x: number; y: number; name: string }[],
  width: number,
): ('after' | 'before' | null)[] {
  const boxes: [left: number, right: number, y: number][] = markers.map(({ x, y }) => [x - 8, x + 8, y]);
  return markers.map(({ x, y, name }) => {
    const length = name.length * LETTER_PX;
    for (const side of ['after', 'before'] as const) {
      const left = side === 'after' ? x + NAME_GAP : x - NAME_GAP - length;
      const right = left + length;
      const isFree = boxes.every(
        ([from, to, at]) => right < from || left > to || Math.abs(at - y) > NAME_HEIGHT,
      );
      if (left < 0 || right > width || !isFree) continue;
      boxes.push([left, right, y]);
      return side;
    }
    return null;
  });
}
