// What the browser runs for us while no page of ours is open: it shows what is pushed, and says so when there is no network.
// It keeps that one page and nothing else: no answer of the API, no page, no script of the dashboard. A new version of these comes from the
// server at the next visit, whatever this file does.
const cacheName = 'factotum-offline-1';
const offlinePage = '/offline.html';
const kept = [offlinePage, '/offline.css', '/offline.js', '/favicon.svg'];

self.addEventListener('install', (event) => {
  event.waitUntil(
    caches
      .open(cacheName)
      // Past the browser's own cache: what is kept now is what the server has now.
      .then((cache) => cache.addAll(kept.map((path) => new Request(path, { cache: 'reload', credentials: 'omit' }))))
      .then(() => self.skipWaiting()),
  );
});

self.addEventListener('activate', (event) => {
  event.waitUntil(
    caches
      .keys()
      .then((names) => Promise.all(names.filter((name) => name !== cacheName).map((name) => caches.delete(name))))
      .then(() => self.clients.claim()),
  );
});

self.addEventListener('fetch', (event) => {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
  if (origin !== self.location.origin || request.method !== 'GET') return;
  if (request.mode === 'navigate') event.respondWith(fetch(request).catch(() => keptOr(offlinePage)));
  // What the offline page is made of; everything else goes to the server as if this were not here.
  else if (kept.includes(pathname)) event.respondWith(fetch(request).catch(() => keptOr(pathname)));
});

const keptOr = (path) => caches.match(path, { cacheName }).then((found) => found ?? Response.error());

self.addEventListener('push', (event) => {
  event.waitUntil(show(read(event.data)));
});

// The server has encrypted it for this browser, so what is readable is from there. What is not is still said: something was pushed.
function read(data) {
  try {
    const { title, body, tag, url } = data.json();
    return { title: line(title, 80), body: line(body, 200), tag: line(tag, 80), url: line(url, 300) };
  } catch (error) {
    console.debug(error);
    return { title: 'Factotum', body: '', tag: 'factotum', url: '/notices' };
  }
}

// One line of bounded length, without what steers a screen: the server has seen to that, and this is the last who can.
const line = (value, lettersMax) =>
  [
    ...String(value)
      .slice(0, 4_000)
      .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' '),
  ]
    .slice(0, lettersMax)
    .join('');

const show = ({ title, body, tag, url }) =>
  self.registration.showNotification(title, { body, tag, icon: '/icon-192.png', badge: '/badge-96.png', data: { url } });

self.addEventListener('notificationclick', (event) => {
  event.notification.close();
  // Below our own origin, whatever it says. It opens the page and decides nothing.
  const url = new URL(event.notification.data?.url ?? '/', self.location.origin);
  if (url.origin === self.location.origin) event.waitUntil(open(url.href));
});

// To the front comes a tab that shows it already. No other is led there: somebody may be writing in it.
async function open(href) {
  const windows = await self.clients.matchAll({ type: 'window', includeUncontrolled: true });
  const place = (address) => new URL(address).pathname;
  const there = windows.find((one) => place(one.url) === place(href));
  return there === undefined ? self.clients.openWindow(href) : there.focus();
}
