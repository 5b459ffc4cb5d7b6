// The device chart in uPlot: a line for the mean, a band from lowest to highest, a second line for a compared device, and
// drag to zoom. `drawing.ts` draws everything else.

import uPlot from 'uplot';
import type { Limit } from '../api/types';
import { axisLabels, axisRange, axisSplits } from '../lib/axis';
import { clock, date, time } from '../lib/format';
import { zone } from '../lib/zone.svelte';
import { canvasColor, type Token } from '../ui/canvasColors';
import { reachOf, type Band } from './expectedRange';
import {
  drawAlerts,
  drawBand,
  drawDoubts,
  drawLimits,
  drawMarks,
  drawNewest,
  FONT,
  level,
  type AlertSpan,
} from './drawing';
import type { Trace } from './history';
import type { Mark } from './marks';

export interface PlotExtras {
  limits: Limit[];
  alerts: readonly AlertSpan[];
  marks: Mark[];
  band: Band | null;
  tone: Token;
  /** Words of its states, lowest first, if it has states instead of numbers. */
  words: readonly string[] | null;
  /** Called when the pointer, or the data below it, has moved. */
  onpoint(plot: uPlot): void;
  onzoom(from: number, to: number): void;
}

/** Return the columns of the device's trace, joined with the means of the compared device on common times. */
export function dataOf(trace: Trace, twin: Trace | null): uPlot.AlignedData {
  const own: uPlot.AlignedData = [trace.ts, trace.mean, trace.low, trace.high];
  return twin ? uPlot.join([own, [twin.ts, twin.mean]]) : own;
}

/** Distance between labels of the value axis, CSS px. */
export const LABEL_SPACE = 38;
/** uPlot's own label positions end at 1e-16 and 1e16; a single increment makes it accept any range. */
export const FITS_ANY = Number.MAX_VALUE;

/** Return the width of labels with that many characters, CSS px. */
export const axisWidth = (labels: readonly string[] | null): number =>
  Math.min(116, Math.max(52, 16 + 6.6 * Math.max(0, ...(labels ?? []).map((label) => label.length))));

/** Return the axis for states: one line per state, labelled with its word. */
const stateAxis = (words: readonly string[]): Partial<uPlot.Axis> => ({
  splits: () => words.map((_, place) => place),
  values: () => words.map((word) => (word.length > 15 ? word.slice(0, 14) + '…' : word)),
  size: axisWidth(words),
});

/** Create a chart in `host`. Call `setData` and `setScale` to update it, `destroy` when done. */
export function createPlot(
  host: HTMLElement,
  trace: Trace,
  data: uPlot.AlignedData,
  from: number,
  to: number,
  height: number,
  extras: PlotExtras,
): uPlot {
  // prettier-ignore
  const axis = { stroke: () => canvasColor('--text-3'), font: FONT, ticks: { show: false }, grid: { stroke: () => canvasColor('--line'), width: 1 } };
  const { words } = extras;
  const paths = words ? uPlot.paths.stepped?.({ align: 1 }) : undefined;
  const bound = { stroke: 'transparent', width: 0, points: { show: false }, paths };
  const options: uPlot.Options = {
    tzDate: (second) =>
      zone.name ? uPlot.tzDate(new Date(second * 1000), zone.name) : new Date(second * 1000),
    width: host.clientWidth,
    height,
    padding: [12, 14, 0, 0],
    legend: { show: false },
    scales: {
      x: { time: true, min: from / 1000, max: to / 1000 },
      y: {
        range: words
          ? [-0.4, Math.max(words.length, 2) - 0.6]
          : (plot, low, high) => axisRange(low, high, trace.unit, edgesOf(plot, extras)),
      },
    },
    axes: [
      { ...axis, grid: { show: false }, space: 70, values: timeLabels, size: 28 },
      {
        ...axis,
        size: (_plot, labels) => axisWidth(labels),
        gap: 8,
        space: LABEL_SPACE,
        incrs: () => [FITS_ANY],
        splits: (plot, _axis, low, high) =>
          axisSplits(low, high, Math.floor(plot.bbox.height / uPlot.pxRatio / LABEL_SPACE)),
        values: (_plot, splits) => (trace.ts.length ? axisLabels(splits) : []),
        ...(words ? stateAxis(words) : {}),
      },
    ],
    series: [
      {},
      { stroke: () => canvasColor(extras.tone), width: 1.8, points: { show: false }, paths },
      bound,
      bound,
      ...(data.length > 4
        ? [
            {
              stroke: () => canvasColor('--text-2'),
              width: 1.4,
              dash: [5, 4],
              points: { show: false },
              paths,
            },
          ]
        : []),
    ],
    bands: [{ series: [3, 2], fill: () => withAlpha(canvasColor(extras.tone), 0.16) }],
    cursor: {
      drag: { x: true, y: false, setScale: false },
      points: {
        size: 7,
        fill: () => canvasColor(extras.tone),
        stroke: () => canvasColor('--surface-1'),
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
  return new uPlot(options, data, host);
}

/** Return values to include in the axis if they are near: limits, and the normal range on screen. */
function edgesOf(plot: uPlot, extras: PlotExtras): (number | null)[] {
  const { min, max } = plot.scales.x!;
  const reach =
    extras.band && min != null && max != null ? reachOf(extras.band, min * 1000, max * 1000) : null;
  return [...extras.limits.map(level), ...(reach ?? [])];
}

/** Cursor points for the mean only. */
function dot(plot: uPlot, series: number): HTMLElement {
  const element = document.createElement('div');
  element.hidden = series !== 1;
  void plot;
  return element;
}

export function timeLabels(_plot: uPlot, splits: number[]): string[] {
  const step = splits.length > 1 ? splits[1]! - splits[0]! : 60;
  return splits.map((second) => {
    const ts = second * 1000;
    if (step >= 43_200 || (step >= 3600 && time(ts) === '00:00')) return date(ts);
    return (step < 60 ? clock : time)(ts);
  });
}

/** Return `colour` (any CSS colour) with an opacity. */
function withAlpha(colour: string, alpha: number): string {
  return `color-mix(in srgb, ${colour} ${alpha * 100}%, transparent)`;
}
