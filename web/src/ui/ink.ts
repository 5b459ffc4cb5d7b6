// Colours for canvases: the CSS tokens resolved to what a 2D context understands, once a theme.

import { themes } from '../lib/theme.svelte';
import type { Standing } from './icons';

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

export const STANDING_INK: Record<Standing, Token> = {
  critical: '--crit',
  warning: '--warn',
  info: '--info',
  ok: '--ok',
  stale: '--off',
  offline: '--off',
};

/** Sizes a canvas in CSS pixels for the screen's density and returns a context scaled to match. */
export function surface(canvas: HTMLCanvasElement, width: number, height: number): CanvasRenderingContext2D {
  const density = Math.max(1, window.devicePixelRatio || 1);
  const w = Math.round(width * density);
  const h = Math.round(height * density);
  if (canvas.width !== w || canvas.height !== h) {
    canvas.width = w;
    canvas.height = h;
    canvas.style.width = `${width}px`;
    canvas.style.height = `${height}px`;
  }
  const context = canvas.getContext('2d', { willReadFrequently: true })!;
  context.setTransform(density, 0, 0, density, 0, 0);
  context.clearRect(0, 0, width, height);
  return context;
}
