// Colours for canvases: the CSS tokens resolved to what a 2D context understands, once a theme.

import { themes } from '../lib/theme.svelte';

// prettier-ignore
export type Token = '--t1' | '--t2' | '--t3' | '--ok' | '--warn' | '--crit' | '--info' | '--off' | '--acc' | '--line' | '--line2' | '--s1' | '--s3';

const resolved = new Map<string, string>();
let probe: HTMLElement | undefined;

/** The present theme's colour of `token`. */
export function ink(token: Token): string {
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
