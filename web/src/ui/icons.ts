// Icon outlines on a 16 × 16 grid, drawn with a 1.6 stroke; and the severity glyphs on 12 × 12, which
// differ in shape as well as colour: diamond, triangle, disc, dot, ring, dash.

export const ICONS = {
  home: 'M2.5 7.5 8 2.8l5.5 4.7M4 6.5v6.7h8V6.5M6.8 13.2V9.5h2.4v3.7',
  fleet: 'M2.5 2.5h4v4h-4zM9.5 2.5h4v4h-4zM2.5 9.5h4v4h-4zM9.5 9.5h4v4h-4z',
  device: 'M5 2.5h6v11H5zM7.4 11.2h1.2',
  dashboards: 'M2.5 2.5h5v7h-5zM9.5 2.5h4v4h-4zM9.5 8.5h4v5h-4zM2.5 11.5h5v2h-5z',
  explore: 'M2.5 2.5v11h11M4.5 10l2.5-3.5 2.2 2L13 3.8',
  alerts: 'M4 11V7.2a4 4 0 0 1 8 0V11l1 1.2H3zM6.8 14h2.4',
  assistant: 'M2.5 3.5h11v8H7l-3 2.4v-2.4H2.5z',
  analyse: 'M8 10.5v-7M5 6.2 8 3.2l3 3M3 12.8h10',
  rules: 'M3 4h6M12 4h1M3 8h1M7 8h6M3 12h6M12 12h1M10.5 2.8v2.4M5.5 6.8v2.4M10.5 10.8v2.4',
  calculated:
    'M3.5 2.5h9v11h-9zM5.8 5h4.4M5.8 8h.01M8 8h.01M10.2 8h.01M5.8 10.8h.01M8 10.8h.01M10.2 10.8h.01',
  reactions: 'M9 1.8 3.5 9H7.5l-.8 5.2L12.5 7H8.3z',
  silences: 'M4.6 5.6A4 4 0 0 0 4 7.2V11l-1 1.2h8.6M6 3.7a4 4 0 0 1 6 3.5v3M6.8 14h2.4M2.5 2.5l11 11',
  topics: 'M3.5 2.5v9.5h4M3.5 6.5h4M9 5h4.5v3H9zM9 10.5h4.5v3H9zM2 2.5h3',
  activity: 'M1.8 8h2.6l1.8-4.4 3 8.8L11.2 8h3',
  health: 'M2.5 6h9v5h-9zM11.5 7.5h2v2h-2M5 8.5h3.5M6.7 6.8v3.4',
  settings:
    'M8 5.8a2.2 2.2 0 1 0 0 4.4 2.2 2.2 0 0 0 0-4.4zM8 1.8v1.8M8 12.4v1.8M1.8 8h1.8M12.4 8h1.8M3.6 3.6l1.3 1.3M11.1 11.1l1.3 1.3M12.4 3.6l-1.3 1.3M4.9 11.1l-1.3 1.3',
  find: 'M7 3a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM10 10l3.2 3.2',
  moon: 'M13 9.4A5.4 5.4 0 0 1 6.6 3 5.4 5.4 0 1 0 13 9.4z',
  sun: 'M8 5.2a2.8 2.8 0 1 0 0 5.6 2.8 2.8 0 0 0 0-5.6zM8 1.5v1.2M8 13.3v1.2M1.5 8h1.2M13.3 8h1.2M3.4 3.4l.9.9M11.7 11.7l.9.9M12.6 3.4l-.9.9M4.3 11.7l-.9.9',
  spark: 'M8 2.2l1.4 4.4L13.8 8l-4.4 1.4L8 13.8 6.6 9.4 2.2 8l4.4-1.4z',
  plus: 'M8 3.5v9M3.5 8h9',
  bolt: 'M8.8 2 4 9h3.4L7 14l5-7.2H8.4z',
  more: 'M2.9 8a.5.5 0 1 0 1 0a.5.5 0 1 0-1 0M7.5 8a.5.5 0 1 0 1 0a.5.5 0 1 0-1 0M12.1 8a.5.5 0 1 0 1 0a.5.5 0 1 0-1 0',
  columns: 'M3 3.5h10v9H3zM7.8 3.5v9',
  download: 'M8 3v6.5M5.4 7.2 8 9.8l2.6-2.6M3 12.8h10',
  offline:
    'M3 5.8a7.4 7.4 0 0 1 3-1.6M10 4.2a7.4 7.4 0 0 1 3 1.6M5.4 8.6a4 4 0 0 1 1.6-.9M8 12.4h.01M2.5 2.5l11 11',
  stale: 'M8 2.8a5.2 5.2 0 1 0 0 10.4A5.2 5.2 0 0 0 8 2.8zM8 5.4V8l1.8 1.4',
  check: 'M3.2 8.4l3 3 6.6-6.8',
  close: 'M4 4l8 8M12 4l-8 8',
  send: 'M8 12.8V3.4M4.2 7.2 8 3.4l3.8 3.8',
  stop: 'M4.5 4.5h7v7h-7z',
  retry: 'M13 8a5 5 0 1 1-1.6-3.7M13.2 2.4v2.8h-2.8',
  copy: 'M5.5 5.5h7.5V13H5.5zM3 10.5V3h7.5',
  pause: 'M5.5 3.5v9M10.5 3.5v9',
  play: 'M5 3.2v9.6L12.6 8z',
  up: 'M8 12.5v-9M4.5 7 8 3.5 11.5 7',
  down: 'M8 3.5v9M4.5 9 8 12.5 11.5 9',
  chevron: 'M4 6l4 4 4-4',
  back: 'M10 3.5 5.5 8l4.5 4.5',
  edit: 'M3.2 12.8l.5-2.6 7-7 2.1 2.1-7 7zM9.2 4.7l2.1 2.1',
  light: 'M8 1.8a4.2 4.2 0 0 0-2.4 7.6c.5.4.7.9.7 1.5h3.4c0-.6.2-1.1.7-1.5A4.2 4.2 0 0 0 8 1.8zM6.6 13.6h2.8',
  plug: 'M5.5 2v3M10.5 2v3M4 5h8v2.5a4 4 0 0 1-8 0zM8 11.5V14',
  fan: 'M8 7C6 5 6.5 2 8.5 2s2 3.5.4 5.5M8.9 8.5c2.7-.7 5 1.2 4 3s-4 .3-4.9-2.5M7.1 8.5C6.4 11.2 3.6 12.4 2.6 10.6S5 7 7.1 7.6',
  cover: 'M2.5 2.5h11M3.5 2.5v8h9v-8M3.5 5.2h9M3.5 7.9h9M8 10.5v3',
  lock: 'M4 7h8v6.5H4zM5.5 7V5a2.5 2.5 0 0 1 5 0v2M8 9.6v1.4',
  thermostat: 'M8 2.5a5.5 5.5 0 1 0 0 11 5.5 5.5 0 0 0 0-11zM8 8l2.4-2.4',
  thermometer: 'M6.3 9.2V3.6a1.7 1.7 0 0 1 3.4 0v5.6a3 3 0 1 1-3.4 0zM8 6.5v4.5',
  door: 'M4.5 13.5v-11h7v11M3 13.5h10M9.5 8v.6',
  window: 'M3 2.5h10v11H3zM8 2.5v11M3 8h10',
  motion:
    'M3.2 3.5a6.4 6.4 0 0 0 0 9M12.8 3.5a6.4 6.4 0 0 1 0 9M5.5 5.8a3.2 3.2 0 0 0 0 4.4M10.5 5.8a3.2 3.2 0 0 1 0 4.4M8 8h.01',
  person: 'M8 2.5a2.5 2.5 0 1 0 0 5 2.5 2.5 0 0 0 0-5zM3 13.5c.5-3 2.5-4.5 5-4.5s4.5 1.5 5 4.5',
  flame:
    'M8 14a4 4 0 0 0 4-4c0-3-3-4.2-3-7.8-2.2 1-3 2.8-2.8 4.6-.7-.2-1-.8-1.2-1.4-.7 1.4-1 3-1 4.6a4 4 0 0 0 4 4z',
  drop: 'M8 2.2c2.4 3 3.8 4.9 3.8 7a3.8 3.8 0 0 1-7.6 0c0-2.1 1.4-4 3.8-7z',
  air: 'M2 6h7.5a1.8 1.8 0 1 0-1.8-1.8M2 8.5h10.2a1.8 1.8 0 1 1-1.8 1.8M2 11h5.5a1.5 1.5 0 1 1-1.5 1.5',
  battery: 'M2 5.5h10.5v5H2zM14.2 7.2v1.6M4.2 8h3',
  level: 'M3.5 2.5v11h9v-11M3.5 7.5c1.5-1 3 1 4.5 0s3 1 4.5 0',
  remote: 'M5.5 1.8h5v12.4h-5zM8 4.5h.01M8 7h.01M8 9.5h.01',
  trash: 'M3 4.4h10M6.4 4.2V2.8h3.2v1.4M4.4 4.6l.6 8.6h6l.6-8.6',
} as const;

export type IconName = keyof typeof ICONS;

export const GLYPHS = {
  critical: 'M6 .6 11.4 6 6 11.4.6 6z',
  warning: 'M6 1.2 11.4 10.6H.6z',
  info: 'M6 2a4 4 0 1 0 0 8 4 4 0 0 0 0-8z',
  ok: 'M6 2.8a3.2 3.2 0 1 0 0 6.4 3.2 3.2 0 0 0 0-6.4z',
  stale: 'M6 2a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM6 3.6a2.4 2.4 0 1 1 0 4.8 2.4 2.4 0 0 1 0-4.8z',
  offline: 'M2.4 5.2h7.2v1.6H2.4z',
} as const;

/** Return the status of a device: the severity of its worst open alert, otherwise its presence. */
export type Standing = keyof typeof GLYPHS;

const BY_SEVERITY: readonly Standing[] = ['ok', 'info', 'warning', 'critical'];
const BY_PRESENCE: readonly Standing[] = ['ok', 'stale', 'offline'];

/** The same from the integer codes of the live protocol. */
export function standing(presence: number, severity: number): Standing {
  return severity > 0 ? BY_SEVERITY[severity]! : BY_PRESENCE[presence]!;
}
