// The device chart in uPlot: a line for the mean, a shade from lowest to highest, a second line for a twin, and drag
// to zoom. What else is on it is `drawing.ts`'s. Knows no hub.

import uPlot from 'uplot';
import type { Alert, Limit } from '../api/types';
import { decimals, number } from '../lib/format';
import { ink, type Token } from '../ui/ink';
import { reachOf, type Band } from './band';
import { drawAlerts, drawBand, drawDoubts, drawLimits, drawMarks, drawNewest, FONT, level } from './drawing';
import type { Trace } from './history';
import type { Mark } from './marks';

export interface PlotExtras {
  limits: Limit[];
  alerts: Alert[];
  marks: Mark[];
  band: Band | null;
  tone: Token;
  /** Steps for on/off signals. */
  steps: boolean;
  /** The pointer has moved, or what is beneath it has. */
  onpoint(plot: uPlot): void;
  onzoom(from: number, to: number): void;
}

/** The columns of the device's own trace, and the means of its twin joined to them on common times. */
export function dataOf(trace: Trace, twin: Trace | null): uPlot.AlignedData {
  const own: uPlot.AlignedData = [trace.ts, trace.mean, trace.low, trace.high];
  return twin ? uPlot.join([own, [twin.ts, twin.mean]]) : own;
}

/** The y range: the data with some air; limits and the band's edges when they are near enough to matter. */
function yRange(low: number | null, high: number | null, edges: (number | null)[]): [number, number] {
  if (low === null || high === null) return [0, 1];
  const size = Math.max(high - low, Math.abs(high) * 0.01, 0.02);
  let [from, to] = [low, high];
  for (const at of edges) {
    if (at === null || at < low - 2.5 * size || at > high + 2.5 * size) continue;
    from = Math.min(from, at);
    to = Math.max(to, at);
  }
  const air = Math.max((to - from) * 0.12, size * 0.1);
  return [from - air, to + air];
}

/** Builds a chart in `host`. Call `setData` and `setScale` on it as time goes, `destroy` when done. */
export function createPlot(
  host: HTMLElement,
  trace: Trace,
  twin: Trace | null,
  from: number,
  to: number,
  height: number,
  extras: PlotExtras,
): uPlot {
  // prettier-ignore
  const axis = { stroke: () => ink('--t3'), font: FONT, ticks: { show: false }, grid: { stroke: () => ink('--line'), width: 1 } };
  const paths = extras.steps ? uPlot.paths.stepped?.({ align: 1 }) : undefined;
  const bound = { stroke: 'transparent', width: 0, points: { show: false }, paths };
  const options: uPlot.Options = {
    width: host.clientWidth,
    height,
    padding: [12, 14, 0, 0],
    legend: { show: false },
    scales: {
      x: { time: true, min: from / 1000, max: to / 1000 },
      y: { range: (plot, low, high) => yRange(low, high, edgesOf(plot, extras)) },
    },
    axes: [
      { ...axis, grid: { show: false }, space: 70, values: timeLabels, size: 28 },
      {
        ...axis,
        size: 52,
        gap: 8,
        space: 38,
        values: (_plot, splits) => axisLabels(splits),
      },
    ],
    series: [
      {},
      { stroke: () => ink(extras.tone), width: 1.8, points: { show: false }, paths },
      bound,
      bound,
      ...(twin
        ? [{ stroke: () => ink('--t2'), width: 1.4, dash: [5, 4], points: { show: false }, paths }]
        : []),
    ],
    bands: [{ series: [3, 2], fill: () => withAlpha(ink(extras.tone), 0.16) }],
    cursor: {
      drag: { x: true, y: false, setScale: false },
      points: {
        size: 7,
        fill: () => ink(extras.tone),
        stroke: () => ink('--s1'),
        show: (plot, k) => dot(plot, k),
      },
    },
    hooks: {
      setCursor: [extras.onpoint],
      setSelect: [
        (plot) => {
          const { left, width } = plot.select;
          if (width < 6) return;
          extras.onzoom(plot.posToVal(left, 'x') * 1000, plot.posToVal(left + width, 'x') * 1000);
          plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
        },
      ],
      drawAxes: [
        (plot) => {
          if (extras.band) drawBand(plot, extras.band);
          drawAlerts(plot, extras.alerts);
        },
      ],
      draw: [
        (plot) => {
          drawLimits(plot, extras.limits, trace.unit);
          drawMarks(plot, extras.marks);
          drawDoubts(plot, trace.doubts);
          const newest = trace.mean.at(-1);
          if (newest !== null && newest !== undefined)
            drawNewest(plot, trace.ts.at(-1)!, newest, extras.tone);
        },
      ],
    },
  };
  return new uPlot(options, dataOf(trace, twin), host);
}

/** Values that should be in view when they are near: limits, and the expected band where it is on screen. */
function edgesOf(plot: uPlot, extras: PlotExtras): (number | null)[] {
  const { min, max } = plot.scales.x!;
  const reach =
    extras.band && min != null && max != null ? reachOf(extras.band, min * 1000, max * 1000) : null;
  return [...extras.limits.map(level), ...(reach ?? [])];
}

/** Cursor points only for the mean. */
function dot(plot: uPlot, series: number): HTMLElement {
  const element = document.createElement('div');
  element.hidden = series !== 1;
  void plot;
  return element;
}

function axisLabels(splits: number[]): string[] {
  const step = splits.length > 1 ? Math.abs(splits[1]! - splits[0]!) : 1;
  const digits = step >= 1 ? 0 : Math.min(4, Math.ceil(-Math.log10(step)));
  return splits.map((value) =>
    number(
      value,
      null,
      Number.isInteger(step) ? 0 : Math.max(digits, decimals(step, null) > 1 && step < 1 ? digits : 1),
    ),
  );
}

const HOUR = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit' });
const SECOND = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', second: '2-digit' });
const DATE = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short' });

function timeLabels(_plot: uPlot, splits: number[]): string[] {
  const step = splits.length > 1 ? splits[1]! - splits[0]! : 60;
  return splits.map((second) => {
    const date = new Date(second * 1000);
    if (step >= 43_200 || (step >= 3600 && date.getHours() === 0 && date.getMinutes() === 0))
      return DATE.format(date);
    return (step < 60 ? SECOND : HOUR).format(date);
  });
}

/** `colour` (any CSS colour) with an opacity. */
function withAlpha(colour: string, alpha: number): string {
  return `color-mix(in srgb, ${colour} ${alpha * 100}%, transparent)`;
}
