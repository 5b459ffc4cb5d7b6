// Colours for canvases: CSS tokens resolved for a 2D context, once per theme.

import { themes } from '../lib/theme.svelte';

// prettier-ignore
export type Token = '--text-1' | '--text-2' | '--text-3' | '--ok' | '--warn' | '--crit' | '--info' | '--off' | '--accent' | '--line' | '--line-strong' | '--surface-1' | '--surface-3' | `--series-${1 | 2 | 3 | 4 | 5 | 6 | 7 | 8}`;

const resolved = new Map<string, string>();
let probe: HTMLElement | undefined;

/** Return the colour of `token` in the current theme. */
export function canvasColor(token: Token): string {
  const key = themes.shown + token;
  let colour = resolved.get(key);
  if (!colour) {
    if (!probe) {
      probe = document.createElement('i');
      probe.hidden = true;
      document.documentElement.append(probe);
    }
    probe.style.color = `var(${token})`;
    colour = getComputedStyle(probe).color;
    resolved.set(key, colour);
  }
  return colour;
}
