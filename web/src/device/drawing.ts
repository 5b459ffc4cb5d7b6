// Drawing on the device chart besides its lines: normal range, limits, alerts, marks, the newest reading. Each function gets
// uPlot's canvas and the page's colours.

import uPlot from 'uplot';
import type { Alert, Limit } from '../api/types';
import { limitText } from '../lib/format';
import { T } from '../texts';
import { canvasColor, type Token } from '../ui/canvasColors';
import type { Band } from './expectedRange';
import type { Doubt } from './history';
import type { Mark } from './marks';

export const FONT = '11px "Inter Variable", sans-serif';
const SEVERITY_TOKEN: Record<string, Token> = {
  critical: '--crit',
  warning: '--warn',
  info: '--info',
  ok: '--ok',
};

/** What is drawn of an alert. */
export type AlertSpan = Pick<Alert, 'id' | 'severity' | 'began_at' | 'ended_at' | 'cleared_at'>;

export const level = (limit: Limit): number | null => limit.above ?? limit.below ?? null;

/** Clip drawing to the plot area. */
function inside(plot: uPlot, paint: (context: CanvasRenderingContext2D, px: number) => void): void {
  const { ctx, bbox } = plot;
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top - 8 * uPlot.pxRatio, bbox.width, bbox.height + 8 * uPlot.pxRatio);
  ctx.clip();
  ctx.font = `${11 * uPlot.pxRatio}px "Inter Variable", sans-serif`;
  paint(ctx, uPlot.pxRatio);
  ctx.restore();
}

/** Draw the normal range, with its last edge extended to the right. */
export function drawBand(plot: uPlot, band: Band): void {
  const x = (ts: number): number => plot.valToPos(ts / 1000, 'x', true);
  const y = (value: number): number => plot.valToPos(value, 'y', true);
  const right = plot.bbox.left + plot.bbox.width;
  inside(plot, (context) => {
    const [, lastLow, lastHigh] = band.points.at(-1)!;
    context.fillStyle = canvasColor('--text-3');
    context.globalAlpha = 0.16;
    context.beginPath();
    for (const [ts, , high] of band.points) context.lineTo(x(ts), y(high));
    context.lineTo(right, y(lastHigh));
    context.lineTo(right, y(lastLow));
    for (const [ts, low] of band.points.toReversed()) context.lineTo(x(ts), y(low));
    context.fill();
  });
}

export function drawLimits(plot: uPlot, limits: Limit[], unit: string | null): void {
  const { bbox } = plot;
  inside(plot, (context, px) => {
    context.textAlign = 'left';
    context.textBaseline = 'alphabetic';
    for (const limit of limits) {
      const at = level(limit);
      if (at === null) continue;
      const y = Math.round(plot.valToPos(at, 'y', true)) + 0.5;
      if (y < bbox.top || y > bbox.top + bbox.height) continue;
      context.strokeStyle = context.fillStyle = canvasColor(SEVERITY_TOKEN[limit.severity] ?? '--warn');
      context.lineWidth = px;
      context.setLineDash([4 * px, 4 * px]);
      line(context, bbox.left, y, bbox.left + bbox.width, y);
      context.setLineDash([]);
      const above = y - bbox.top > 18 * px;
      context.fillText(
        (limit.above != null ? T.device.max : T.device.min)(limitText(at, unit)),
        bbox.left + 6 * px,
        above ? y - 5 * px : y + 14 * px,
      );
    }
  });
}

export function drawAlerts(plot: uPlot, alerts: readonly AlertSpan[]): void {
  const { bbox } = plot;
  const right = bbox.left + bbox.width;
  inside(plot, (context, px) => {
    for (const alert of alerts) {
      const x = Math.round(plot.valToPos(alert.began_at / 1000, 'x', true)) + 0.5;
      const over = alert.ended_at ?? alert.cleared_at;
      const end = over ? Math.min(right, plot.valToPos(over / 1000, 'x', true)) : right;
      if (end < bbox.left || x > right) continue;
      const from = Math.max(bbox.left, x);
      context.fillStyle = context.strokeStyle = canvasColor(SEVERITY_TOKEN[alert.severity] ?? '--warn');
      context.globalAlpha = 0.07;
      context.fillRect(from, bbox.top, Math.max(0, end - from), bbox.height);
      if (x < bbox.left) continue;
      context.globalAlpha = 0.75;
      context.lineWidth = px;
      line(context, x, bbox.top, x, bbox.top + bbox.height);
      context.globalAlpha = 1;
      diamond(context, x, bbox.top, 5 * px);
    }
  });
}

/** Draw a thin line per mark, with its label if there is room. */
export function drawMarks(plot: uPlot, marks: Mark[]): void {
  const { bbox } = plot;
  inside(plot, (context, px) => {
    context.textBaseline = 'middle';
    context.textAlign = 'center';
    let free = bbox.left;
    for (const mark of marks) {
      const x = Math.round(plot.valToPos(mark.ts / 1000, 'x', true)) + 0.5;
      if (x < bbox.left || x > bbox.left + bbox.width) continue;
      const token: Token = mark.kind === 'acknowledged' ? '--accent' : '--text-3';
      context.strokeStyle = canvasColor(token);
      context.lineWidth = px;
      context.setLineDash([2 * px, 3 * px]);
      line(context, x, bbox.top, x, bbox.top + bbox.height);
      context.setLineDash([]);
      const wide = context.measureText(mark.label).width + 12 * px;
      const left = Math.min(x - wide / 2, bbox.left + bbox.width - wide);
      if (left < free) continue;
      free = left + wide + 4 * px;
      context.fillStyle = canvasColor('--surface-3');
      context.beginPath();
      context.roundRect(left, bbox.top - 8 * px, wide, 16 * px, 5 * px);
      context.fill();
      context.fillStyle = canvasColor(token === '--accent' ? '--accent' : '--text-2');
      context.fillText(mark.label, left + wide / 2, bbox.top);
    }
  });
}

/** Draw a strip at the bottom: neutral for late readings, a warning colour for readings with the hub's time because of a wrong
 *  clock. */
export function drawDoubts(plot: uPlot, doubts: readonly Doubt[]): void {
  const { bbox } = plot;
  inside(plot, (context, px) => {
    for (const [from, to, why] of doubts) {
      context.fillStyle = canvasColor(why === 'late' ? '--line-strong' : '--warn');
      const x = plot.valToPos(from / 1000, 'x', true);
      const wide = Math.max(3 * px, plot.valToPos(to / 1000, 'x', true) - x);
      context.fillRect(x, bbox.top + bbox.height - 3 * px, wide, 3 * px);
    }
  });
}

/** Draw a dot with a halo on the newest reading. */
export function drawNewest(plot: uPlot, ts: number, value: number, tone: Token): void {
  const x = plot.valToPos(ts, 'x', true);
  const { ctx, bbox } = plot;
  if (x > bbox.left + bbox.width + 1 || x < bbox.left) return;
  const y = plot.valToPos(value, 'y', true);
  const px = uPlot.pxRatio;
  ctx.save();
  ctx.fillStyle = canvasColor(tone);
  ctx.globalAlpha = 0.25;
  disc(ctx, x, y, 7 * px);
  ctx.globalAlpha = 1;
  disc(ctx, x, y, 3.5 * px);
  ctx.restore();
}

function line(context: CanvasRenderingContext2D, x1: number, y1: number, x2: number, y2: number): void {
  context.beginPath();
  context.moveTo(x1, y1);
  context.lineTo(x2, y2);
  context.stroke();
}

function disc(context: CanvasRenderingContext2D, x: number, y: number, r: number): void {
  context.beginPath();
  context.arc(x, y, r, 0, 2 * Math.PI);
  context.fill();
}

function diamond(context: CanvasRenderingContext2D, x: number, y: number, r: number): void {
  context.beginPath();
  context.moveTo(x, y - r);
  context.lineTo(x + r, y);
  context.lineTo(x, y + r);
  context.lineTo(x - r, y);
  context.fill();
}
