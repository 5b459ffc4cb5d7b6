// The URL as state. Links are plain `<a href>`; clicks on the dashboard's own addresses are handled here, all others by the
// browser.

import { pageOf } from '../routes';
import { inner, outer } from './rootPath';

class Router {
  path = $state(inner(location.pathname));
  query = $state.raw(new URLSearchParams(location.search));

  start(): void {
    addEventListener('popstate', () => this.read());
    addEventListener('click', (event) => this.click(event));
    // Before a link is used in any way (opened in a tab, copied, downloaded), its address gets the root path.
    for (const name of ['pointerover', 'focusin', 'click']) addEventListener(name, withRootPath, true);
  }

  go(href: string, replace = false): void {
    const url = new URL(outer(href), location.href);
    if (replace) history.replaceState(null, '', url);
    else if (url.href !== location.href) history.pushState(null, '', url);
    const moved = inner(url.pathname) !== this.path;
    this.read();
    if (moved && !replace) document.querySelector('main')?.scrollTo(0, 0);
  }

  /** Change query parameters; null, '' and undefined remove one, a list repeats it. */
  set(params: Record<string, string | string[] | null | undefined>, replace = true): void {
    const query = new URLSearchParams(location.search);
    for (const [key, value] of Object.entries(params)) {
      query.delete(key);
      for (const each of typeof value === 'string' ? [value] : (value ?? [])) {
        if (each) query.append(key, each);
      }
    }
    // Commas, colons and slashes are legal in a query and read better than %2C, %3A and %2F.
    const text = query.toString().replaceAll('%2C', ',').replaceAll('%3A', ':').replaceAll('%2F', '/');
    this.go(location.pathname + (text ? `?${text}` : ''), replace);
  }

  private read(): void {
    this.path = inner(location.pathname);
    if (location.search !== searchOf(this.query)) this.query = new URLSearchParams(location.search);
  }

  private click(event: MouseEvent): void {
    if (event.defaultPrevented || event.button !== 0) return;
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    const link = (event.target as Element | null)?.closest?.('a');
    if (!link?.href || link.target || link.hasAttribute('download')) return;
    const url = new URL(link.href);
    if (url.origin !== location.origin || pageOf(inner(url.pathname)).name === 'missing') return;
    event.preventDefault();
    this.go(url.pathname + url.search + url.hash);
  }
}

function withRootPath(event: Event): void {
  const link = (event.target as Element | null)?.closest?.('a');
  const href = link?.getAttribute('href');
  if (link && href && outer(href) !== href) link.setAttribute('href', outer(href));
}

function searchOf(query: URLSearchParams): string {
  const text = query.toString();
  return text ? `?${text}` : '';
}

export const router = new Router();

/** Return the URL of a device page, optionally with a metric and a time. */
export function deviceHref(
  id: string,
  at: { metric?: string | null; from?: number | null; to?: number | null } = {},
): string {
  const query = new URLSearchParams();
  if (at.metric) query.set('metric', at.metric);
  if (at.from && at.to) {
    query.set('from', String(Math.round(at.from)));
    query.set('to', String(Math.round(at.to)));
  }
  const text = query.toString();
  return `/d/${encodeURIComponent(id)}${text ? `?${text}` : ''}`;
}

export const alertHref = (id: string): string => `/alerts/${encodeURIComponent(id)}`;
export const incidentHref = (id: string): string => `/incidents/${encodeURIComponent(id)}`;
