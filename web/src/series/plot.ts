// A chart of several series in uPlot, with a left and a right axis; drag to zoom.

import uPlot from 'uplot';
import type { TileSeries } from '../api/types';
import { FONT } from '../device/drawing';
import type { Trace } from '../device/history';
import { axisWidth, FITS_ANY, LABEL_SPACE, timeLabels } from '../device/plot';
import { axisLabels, axisRange, axisSplits } from '../lib/axis';
import { zone } from '../lib/zone.svelte';
import { canvasColor } from '../ui/canvasColors';
import { SERIES_TOKENS } from './refs';

export interface PlotEvents {
  onpoint(plot: uPlot): void;
  onzoom?(from: number, to: number): void;
}

/** Return the columns of the means on common times. */
export const columnsOf = (traces: readonly Trace[]): uPlot.AlignedData =>
  uPlot.join(traces.map(({ ts, mean }): uPlot.AlignedData => [ts, mean]));

const SCALES = { left: 'y', right: 'y2' } as const;
/** A series with fewer points than this shows them. */
const FEW = 3;

/** Create a chart in `host`. `traces` are read again whenever the chart is drawn. */
export function createSeriesPlot(
  host: HTMLElement,
  series: readonly TileSeries[],
  traces: readonly Trace[],
  range: { from: number; to: number },
  size: { width: number; height: number },
  events: PlotEvents,
): uPlot {
  // prettier-ignore
  const axis = { stroke: () => canvasColor('--text-3'), font: FONT, ticks: { show: false }, grid: { stroke: () => canvasColor('--line'), width: 1 } };
  const unitsOf = (side: TileSeries['axis']): (string | null)[] => [
    ...new Set(traces.filter((_, k) => series[k]!.axis === side).map(({ unit }) => unit)),
  ];
  const unitOf = (side: TileSeries['axis']): string | null => {
    const units = unitsOf(side);
    return units.length === 1 ? units[0]! : null;
  };
  const sides = (['left', 'right'] as const).filter((side) => series.some((each) => each.axis === side));
  const valueAxis = (side: TileSeries['axis']): uPlot.Axis => ({
    ...axis,
    scale: SCALES[side],
    side: side === 'left' ? 3 : 1,
    grid: { ...axis.grid, show: side === sides[0] },
    size: (_plot, labels) => axisWidth(labels),
    gap: 8,
    space: LABEL_SPACE,
    label: unitsOf(side).filter(Boolean).join(', ') || undefined,
    labelSize: 16,
    labelFont: FONT,
    labelGap: 0,
    incrs: () => [FITS_ANY],
    splits: (plot, _axis, low, high) =>
      axisSplits(low, high, Math.floor(plot.bbox.height / uPlot.pxRatio / LABEL_SPACE)),
    values: (_plot, splits) => axisLabels(splits),
  });
  const scale = (side: TileSeries['axis']): uPlot.Scale => ({
    range: (_plot, low, high) => axisRange(low, high, unitOf(side)),
  });
  const options: uPlot.Options = {
    tzDate: (second) =>
      zone.name ? uPlot.tzDate(new Date(second * 1000), zone.name) : new Date(second * 1000),
    ...size,
    padding: [10, sides.includes('right') ? 0 : 14, 0, sides.includes('left') ? 0 : 14],
    legend: { show: false },
    scales: {
      x: { time: true, min: range.from / 1000, max: range.to / 1000 },
      y: scale('left'),
      y2: scale('right'),
    },
    axes: [
      { ...axis, grid: { show: false }, space: 70, values: timeLabels, size: 26 },
      ...sides.map(valueAxis),
    ],
    series: [
      {},
      ...series.map((each, k): uPlot.Series => ({
        scale: SCALES[each.axis],
        stroke: () => canvasColor(SERIES_TOKENS[k]!),
        width: 1.6,
        points: { show: traces[k]!.ts.length < FEW, size: 5 },
      })),
    ],
    cursor: { drag: { x: !!events.onzoom, y: false, setScale: false }, points: { size: 6 } },
    hooks: {
      setCursor: [events.onpoint],
      setSelect: [
        (plot) => {
          const { left, width } = plot.select;
          if (width < 6) return;
          events.onzoom?.(plot.posToVal(left, 'x') * 1000, plot.posToVal(left + width, 'x') * 1000);
          plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
        },
      ],
    },
  };
  return new uPlot(options, columnsOf(traces), host);
}
