// Show open alerts in the browser tab: a count before the title, a dot on the icon.

import { router } from '../lib/router.svelte';
import { fleet, session } from '../live/session.svelte';
import { T } from '../texts';
import { belongs, PAGES } from './pages';

/** Set the page's name in the title; call inside an effect. */
export function titled(): void {
  void session.members;
  const page = PAGES.find((candidate) => belongs(router.path, candidate.href))?.name ?? '';
  const id = router.path.startsWith('/d/') ? decodeURIComponent(router.path.slice(3)) : null;
  const device = id ? (fleet.name[fleet.handle(id)] ?? id) : null;
  const open = session.raised.length;
  document.title = `${open ? T.alerts.title1(open) : ''}${device ?? page} · ${T.brand}`;
  const critical = session.raised.some((alert) => alert.severity === 'critical');
  icon(open === 0 ? null : critical ? '#e11d48' : '#d97706');
}

let shown: string | null | undefined;

function icon(dot: string | null): void {
  if (dot === shown) return;
  shown = dot;
  const link = document.querySelector<HTMLLinkElement>('link[rel=icon]');
  if (!link) return;
  const mark = dot
    ? `<circle cx="24.5" cy="7.5" r="7.5" fill="${dot}" stroke="#fff" stroke-width="1.6"/>`
    : '';
  const svg =
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="9" fill="#5b5bf0"/>' +
    '<circle cx="16" cy="16" r="8.5" fill="none" stroke="#fff" stroke-width="3.4"/><circle cx="16" cy="16" r="3" fill="#fff"/>' +
    `${mark}</svg>`;
  link.href = `data:image/svg+xml,${encodeURIComponent(svg)}`;
}
