// Outlines of a small chart: the range of each part as a band, the mean as a line. A part without readings is a gap in
// both. Pure.

import type { ChartBlock } from '../api/types';

export interface Shape {
  band: string;
  mean: string;
  low: number;
  high: number;
}

/** Parts that are further apart than this many times the usual distance are not joined. */
const GAP = 2.5;

export function shapeOf(points: ChartBlock['points'], start: number, end: number, width: number, height: number): Shape {
  const low = Math.min(...points.map((point) => point[1]));
  const high = Math.max(...points.map((point) => point[3]));
  const spread = high - low;
  const x = (ts: number): string => (((ts - start) / (end - start || 1)) * width).toFixed(1);
  const y = (value: number): string => (spread ? height - 4 - ((value - low) / spread) * (height - 8) : height / 2).toFixed(1);
  const runs = runsOf(points);
  return {
    low,
    high,
    mean: runs.map((run) => 'M' + run.map((p) => `${x(p[0])} ${y(p[2])}`).join('L')).join(''),
    band: runs
      .map((run) => {
        const there = run.map((p) => `${x(p[0])} ${y(p[3])}`);
        const back = run.toReversed().map((p) => `${x(p[0])} ${y(p[1])}`);
        return `M${[...there, ...back].join('L')}Z`;
      })
      .join(''),
  };
} // prettier-ignore

/** Return the bars of an on/off metric, each as high as its share of readings that were on, and the share of all readings. */
export function stateShapeOf(points: ChartBlock['points'], start: number, end: number, width: number, height: number): { bars: string; share: number } {
  const x = (ts: number): number => ((ts - start) / (end - start || 1)) * width;
  const steps = points.slice(1).map((point, k) => point[0] - points[k]![0]);
  const usual = Math.min(...steps, end - start);
  const bars = points
    .filter((point) => point[2] > 0)
    .map(([ts, , share]) => `M${x(ts).toFixed(1)} ${height}v${(-share * (height - 8)).toFixed(1)}H${x(Math.min(end, ts + usual)).toFixed(1)}V${height}Z`);
  const readings = points.reduce((sum, point) => sum + point[4], 0);
  return { bars: bars.join(''), share: points.reduce((sum, point) => sum + point[2] * point[4], 0) / (readings || 1) };
} // prettier-ignore

function runsOf(points: ChartBlock['points']): ChartBlock['points'][] {
  const steps = points.slice(1).map((point, k) => point[0] - points[k]![0]);
  const usual = steps.toSorted((a, b) => a - b)[Math.floor(steps.length / 2)] ?? 0;
  const runs: ChartBlock['points'][] = [];
  points.forEach((point, k) => {
    if (k === 0 || steps[k - 1]! > GAP * usual) runs.push([]);
    runs.at(-1)!.push(point);
  });
  return runs;
}
