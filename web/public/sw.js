// Service worker: shows push messages of alerts, also while no page is open. A later message about the same alert replaces
// the earlier one. It caches nothing.

self.addEventListener('install', () => self.skipWaiting());
self.addEventListener('activate', (event) => event.waitUntil(self.clients.claim()));

self.addEventListener('push', (event) => {
  const message = event.data.json();
  event.waitUntil(
    self.registration.showNotification(message.title, {
      body: message.body,
      tag: message.tag,
      renotify: message.kind === 'firing',
      requireInteraction: message.kind === 'firing' && message.severity === 'critical',
      icon: new URL('icon-192.png', self.registration.scope).href,
      ...(message.image && { image: new URL(message.image, self.location.origin).href }),
      data: { url: message.url },
    }),
  );
});

self.addEventListener('notificationclick', (event) => {
  event.notification.close();
  // Only the path: a notification opens nothing but this hub.
  const { pathname, search } = new URL(event.notification.data.url || '/', self.location.origin);
  const target = new URL(pathname + search, self.location.origin).href;
  event.waitUntil(
    self.clients.matchAll({ type: 'window', includeUncontrolled: true }).then(async (pages) => {
      const page = pages[0];
      if (!page) return self.clients.openWindow(target);
      await page.focus();
      return page.navigate(target);
    }),
  );
});
