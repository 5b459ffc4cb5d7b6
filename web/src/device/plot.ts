// The device chart in uPlot: a line for the mean, a band from lowest to highest, limit lines, alert markers, and
// drag to zoom. Everything is painted with the page's own tokens. Knows no hub.

import uPlot from 'uplot';
import type { Alert, Limit } from '../api/types';
import { decimals, limitText, number } from '../lib/format';
import { T } from '../texts';
import { ink, type Token } from '../ui/ink';
import type { Trace } from './history';

export interface PlotExtras {
  limits: Limit[];
  alerts: Alert[];
  tone: Token;
  /** Steps for on/off signals. */
  steps: boolean;
  onzoom(from: number, to: number): void;
}

const FONT = '11px "Inter Variable", sans-serif';
const SEVERITY_TOKEN: Record<string, Token> = {
  critical: '--crit',
  warning: '--warn',
  info: '--info',
  ok: '--ok',
};

export const dataOf = (trace: Trace): uPlot.AlignedData => [trace.ts, trace.mean, trace.low, trace.high];

const level = (limit: Limit): number | null => limit.above ?? limit.below ?? null;

/** The y range: the data with some air, and a limit when it is near enough to matter. */
function yRange(low: number | null, high: number | null, limits: Limit[]): [number, number] {
  if (low === null || high === null) return [0, 1];
  const size = Math.max(high - low, Math.abs(high) * 0.01, 0.02);
  let [from, to] = [low, high];
  for (const limit of limits) {
    const at = level(limit);
    if (at === null || at < low - 2.5 * size || at > high + 2.5 * size) continue;
    from = Math.min(from, at);
    to = Math.max(to, at);
  }
  const air = Math.max((to - from) * 0.12, size * 0.1);
  return [from - air, to + air];
}

function drawLimits(plot: uPlot, limits: Limit[], unit: string | null): void {
  const { ctx, bbox } = plot;
  const px = uPlot.pxRatio;
  ctx.save();
  ctx.font = `${11 * px}px "Inter Variable", sans-serif`;
  ctx.textAlign = 'left';
  ctx.textBaseline = 'alphabetic';
  for (const limit of limits) {
    const at = level(limit);
    if (at === null) continue;
    const y = Math.round(plot.valToPos(at, 'y', true)) + 0.5;
    if (y < bbox.top || y > bbox.top + bbox.height) continue;
    ctx.strokeStyle = ctx.fillStyle = ink(SEVERITY_TOKEN[limit.severity] ?? '--warn');
    ctx.lineWidth = px;
    ctx.setLineDash([4 * px, 4 * px]);
    ctx.beginPath();
    ctx.moveTo(bbox.left, y);
    ctx.lineTo(bbox.left + bbox.width, y);
    ctx.stroke();
    ctx.setLineDash([]);
    const inside = y - bbox.top > 18 * px ? y - 5 * px : y + 14 * px;
    ctx.fillText(T.device.limit(limitText(at, unit)), bbox.left + 6 * px, inside);
  }
  ctx.restore();
}

function drawAlerts(plot: uPlot, alerts: Alert[]): void {
  const { ctx, bbox } = plot;
  const px = uPlot.pxRatio;
  const right = bbox.left + bbox.width;
  ctx.save();
  for (const alert of alerts) {
    const x = Math.round(plot.valToPos(alert.raised_at / 1000, 'x', true)) + 0.5;
    const end = alert.cleared_at ? Math.min(right, plot.valToPos(alert.cleared_at / 1000, 'x', true)) : right;
    if (end < bbox.left || x > right) continue;
    const from = Math.max(bbox.left, x);
    ctx.fillStyle = ctx.strokeStyle = ink(SEVERITY_TOKEN[alert.severity] ?? '--warn');
    ctx.globalAlpha = 0.07;
    ctx.fillRect(from, bbox.top, Math.max(0, end - from), bbox.height);
    if (x < bbox.left) continue;
    ctx.globalAlpha = 0.75;
    ctx.lineWidth = px;
    ctx.beginPath();
    ctx.moveTo(x, bbox.top);
    ctx.lineTo(x, bbox.top + bbox.height);
    ctx.stroke();
    ctx.globalAlpha = 1;
    diamond(ctx, x, bbox.top, 5 * px);
  }
  ctx.restore();
}

function diamond(ctx: CanvasRenderingContext2D, x: number, y: number, r: number): void {
  ctx.beginPath();
  ctx.moveTo(x, y - r);
  ctx.lineTo(x + r, y);
  ctx.lineTo(x, y + r);
  ctx.lineTo(x - r, y);
  ctx.fill();
}

/** A dot with a halo on the newest reading. */
function drawNewest(plot: uPlot, tone: Token): void {
  const ts = plot.data[0];
  const values = plot.data[1] as (number | null)[];
  const last = ts.length - 1;
  const value = values[last];
  if (last < 0 || value === null || value === undefined) return;
  const x = plot.valToPos(ts[last]!, 'x', true);
  const { ctx, bbox } = plot;
  if (x > bbox.left + bbox.width + 1) return;
  const y = plot.valToPos(value, 'y', true);
  const px = uPlot.pxRatio;
  ctx.save();
  ctx.fillStyle = ink(tone);
  ctx.globalAlpha = 0.25;
  ctx.beginPath();
  ctx.arc(x, y, 7 * px, 0, 2 * Math.PI);
  ctx.fill();
  ctx.globalAlpha = 1;
  ctx.beginPath();
  ctx.arc(x, y, 3.5 * px, 0, 2 * Math.PI);
  ctx.fill();
  ctx.restore();
}

/** Builds a chart in `host`. Call `setData` and `setScale` on it as time goes, `destroy` when done. */
export function createPlot(
  host: HTMLElement,
  trace: Trace,
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
      y: { range: (_plot, low, high) => yRange(low, high, extras.limits) },
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
      setSelect: [
        (plot) => {
          const { left, width } = plot.select;
          if (width < 6) return;
          extras.onzoom(plot.posToVal(left, 'x') * 1000, plot.posToVal(left + width, 'x') * 1000);
          plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
        },
      ],
      drawAxes: [(plot) => drawAlerts(plot, extras.alerts)],
      draw: [
        (plot) => {
          drawLimits(plot, extras.limits, trace.unit);
          drawNewest(plot, extras.tone);
        },
      ],
    },
  };
  return new uPlot(options, dataOf(trace), host);
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
