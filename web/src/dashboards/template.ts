// A dashboard for one device, made of what it reports and accepts.

import type { DeviceDetail, Tile } from '../api/types';
import { descriptors } from '../commands/descriptor';
import { NUMBER, type Column } from '../live/column';
import type { Fleet } from '../live/fleet';
import { T } from '../texts';
import { added } from './layout';
import { MOST_SERIES, newTile } from './tile';

const MOST_VALUES = 8;
const MOST_CHARTS = 6;
const MOST_CONTROLS = 6;
/** Units whose ends are known: such a value is a gauge. */
const ENDS: Record<string, [number, number]> = { '%': [0, 100] };

/** Return tiles for the device in `row`: its state and alerts, its main values, a chart per unit, states and controls. */
export function tilesFor(fleet: Fleet, row: number, device: DeviceDetail): Tile[] {
  const { id } = device;
  const main = fleet
    .metricsOf(row)
    .filter((column) => (column.facts[row]?.category ?? 'primary') === 'primary');
  const columns = main.length ? main : fleet.metricsOf(row);
  const numbers = columns.filter((column) => column.kind[row] === NUMBER);
  const states = columns.filter((column) => column.kind[row] !== NUMBER);
  const seriesOf = (column: Column): Tile['series'][number] => ({
    device_id: id,
    metric: column.metric,
    axis: 'left',
  });
  const tiles: Tile[] = [
    newTile('device', { device_id: id, w: 3, h: 6 }),
    ...numbers.slice(0, MOST_VALUES).map((column) => {
      const series = [seriesOf(column)];
      const title = column.title(row);
      const ends = ENDS[column.unit[row] ?? ''];
      if (!ends) return newTile('value', { title, series });
      return newTile('gauge', { title, series, h: 3, minimum: ends[0], maximum: ends[1] });
    }),
    ...chartsOf(numbers, row).map((group) =>
      newTile('chart', {
        title: group
          .map((column) => column.title(row))
          .join(', ')
          .slice(0, 200),
        series: group.map(seriesOf),
      }),
    ),
  ];
  if (states.length)
    tiles.push(
      newTile('states', {
        title: T.dashboards.statesOf,
        series: states.slice(0, MOST_SERIES).map(seriesOf),
        range: '24h',
        h: 2 + Math.min(states.length, MOST_SERIES),
      }),
    );
  const commands = descriptors(device.info.commands as Record<string, unknown>).slice(0, MOST_CONTROLS);
  tiles.push(...commands.map(([command]) => newTile('control', { device_id: id, command })));
  tiles.push(newTile('alerts', { device_id: id, title: T.device.openAlerts }));
  return tiles.reduce<Tile[]>((all, tile) => added(all, tile), []);
}

/** Group metrics with the same unit into charts, in the order of the metrics. */
function chartsOf(columns: readonly Column[], row: number): Column[][] {
  const groups: Column[][] = [];
  for (const column of columns) {
    const unit = column.unit[row];
    const group = groups.find(
      ([first, ...rest]) => first!.unit[row] === unit && unit && rest.length + 1 < MOST_SERIES,
    );
    if (group) group.push(column);
    else groups.push([column]);
  }
  return groups.slice(0, MOST_CHARTS);
}
