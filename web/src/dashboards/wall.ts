// Show a dashboard on the whole screen. The address contains it, so that a tablet on a wall can start with it.

import { router } from '../lib/router.svelte';

export function showWall(): void {
  router.set({ wall: '1', edit: null });
  // Not every browser can; the dashboard then fills the window.
  document.documentElement.requestFullscreen?.().catch(() => undefined);
}

export function leaveWall(): void {
  router.set({ wall: null });
  if (document.fullscreenElement) void document.exitFullscreen();
}
