// The devices of the Home page, from the live fleet: what each is, in which area, and the summary. Values on the cards are
// painted by the cards; this follows what changes rarely, and the summary a few times a second.

import { untrack } from 'svelte';
import { get } from '../api/http';
import type { Alert, AreaList } from '../api/types';
import { areaChanges } from '../areas/areaChanges.svelte';
import type { Column } from '../live/column';
import { fleet, session } from '../live/session.svelte';
import { homeDevice, type HomeDevice } from './device';
import { homeCommands } from './homeCommands.svelte';
import { homeLayout } from './homeLayout.svelte';
import { sectionsOf, summaryOf, type Summary } from './sections';

/** Changes are collected for this long: a device announces its metrics one after another. */
const COLLECT_MS = 250;
/** Devices without a value may have commands: at most this many are asked. */
const MOST_WITHOUT_VALUE = 20;

export class HomeView {
  devices = $state.raw<HomeDevice[]>([]);
  summary = $state.raw<Summary>(summaryOf([], []));
  /** Names of the hub's areas in the order of their tree. */
  private order = $state.raw<string[]>([]);
  /** Open alerts by device, the most urgent first. */
  readonly alerts = $derived.by(() => {
    const found = new Map<string, Alert[]>();
    for (const alert of session.alerts)
      found.set(alert.device_id, [...(found.get(alert.device_id) ?? []), alert]);
    return found;
  });
  /** Devices with a value, a command or an alert: others, such as bridges, have nothing to show. */
  readonly shown = $derived(
    this.devices.filter(
      ({ id, main }) => main || homeCommands.of(id).takes.length > 0 || this.alerts.has(id),
    ),
  );
  /** Whether the person chose to arrange the cards. */
  arrange = $state(false);
  /** Whether cards can be moved: not while only a part of each area is shown. Those that are hidden are visible, too. */
  readonly arranging = $derived.by(() => this.arrange && !this.isPart());
  /** A hidden device is shown while it has an alert. */
  private readonly visible = $derived(
    this.shown.filter(({ id }) => this.arranging || !homeLayout.hidden.has(id) || this.alerts.has(id)),
  );
  readonly sections = $derived(sectionsOf(this.visible, this.order, homeLayout.order));
  private readonly isPart: () => boolean;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private members = true;

  /** `isPart` returns whether the page shows only some devices of each area. */
  constructor(isPart: () => boolean) {
    this.isPart = isPart;
  }

  /** Start to follow the fleet. Return a function to stop. Call inside an effect root. */
  follow(): () => void {
    $effect(() => {
      void session.epoch;
      this.members = true;
      untrack(() => this.recompute());
    });
    $effect(() => {
      void [areaChanges.count, session.epoch];
      get<AreaList>('/api/areas').then(
        ({ items }) => (this.order = items.map(({ name }) => name)),
        () => undefined, // without the order, areas are shown by name
      );
    });
    const stop = fleet.onChange((changes) => {
      this.members ||= changes.members;
      this.timer ??= setTimeout(() => this.recompute(), COLLECT_MS);
    });
    return () => {
      stop();
      clearTimeout(this.timer);
    };
  }

  private recompute(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    if (this.members) {
      this.devices = devicesOf();
      const unknown = this.devices.filter(({ id, main }) => !main && !homeCommands.knows(id));
      for (const { id } of unknown.slice(0, MOST_WITHOUT_VALUE)) void homeCommands.load(id);
    }
    this.members = false;
    this.summary = summaryOf(this.devices, fleet.presence);
  }
}

function devicesOf(): HomeDevice[] {
  // By column, not by device: most devices have few of the fleet's metrics.
  const columns: Column[][] = Array.from({ length: fleet.size }, () => []);
  for (const column of fleet.columns)
    for (let row = 0; row < fleet.size; row++)
      if (fleet.alive[row] && column.has(row) && !column.hidden(row)) columns[row]!.push(column);
  const found: HomeDevice[] = [];
  for (let row = 0; row < fleet.size; row++) {
    if (!fleet.alive[row]) continue;
    const own = columns[row]!.sort((a, b) => (a.better(b, row) ? -1 : 1));
    const facts = { row, id: fleet.id[row]!, name: fleet.name[row]!, area: fleet.area[row] || null };
    found.push(homeDevice(facts, own));
  }
  return found;
}
