// The unit of a series, as its device announces it now.

import type { TileSeries } from '../api/types';
import { fleet } from '../live/session.svelte';

export const unitOf = ({ device_id, metric }: Pick<TileSeries, 'device_id' | 'metric'>): string | null =>
  fleet.column(metric)?.unit[fleet.handle(device_id)] ?? null;
