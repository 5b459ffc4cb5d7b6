// Keys that work on every page: search, the list of shortcuts, the theme, and `g` with a second letter to navigate.

import { isTaken } from '../fleet/gridKeys';
import { router } from '../lib/router.svelte';
import { themes } from '../lib/theme.svelte';

const GO: Record<string, string> = { f: '/', h: '/home', a: '/alerts', c: '/assistant' };
/** Time in ms for the second letter after `g`. */
const CHORD_MS = 1200;

export function shellKeys(open: { search: () => void; help: () => void }): (event: KeyboardEvent) => void {
  let chordUntil = 0;
  return (event) => {
    if ((event.metaKey || event.ctrlKey) && event.key.toLowerCase() === 'k') {
      event.preventDefault();
      return open.search();
    }
    if (isTaken(event)) return;
    const chord = performance.now() < chordUntil;
    chordUntil = 0;
    if (chord && GO[event.key]) {
      // Capture order is not guaranteed between window listeners: keep the list from handling `a` too.
      event.stopImmediatePropagation();
      event.preventDefault();
      return router.go(GO[event.key]!);
    }
    if (event.key === 'g') chordUntil = performance.now() + CHORD_MS;
    else if (event.key === '?') open.help();
    else if (event.key === 't') themes.toggle();
    else if (event.key === '/') {
      const field = document.querySelector<HTMLInputElement>('[data-testid=fleet-search]');
      if (!field) return open.search();
      event.preventDefault();
      field.focus();
    }
  };
}
