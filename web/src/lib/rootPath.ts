// The path below which a proxy serves the hub, such as `/hub`; usually empty. Links and requests of the dashboard are
// written without it: the router and the REST client add it.

export const ROOT = document.querySelector<HTMLMetaElement>('meta[name="root-path"]')?.content ?? '';

/** Return a path of the hub as the browser must use it. */
export const outer = (path: string, root = ROOT): string =>
  !root || !path.startsWith('/') || path === root || path.startsWith(`${root}/`) ? path : root + path;

/** Return the hub's own path for one of the browser. */
export const inner = (path: string, root = ROOT): string =>
  path === root ? '/' : path.startsWith(`${root}/`) ? path.slice(root.length) : path;
