import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Browser, Page } from 'playwright-core';
import { axeFaults, openPage, said, settled, signIn, startBrowser } from './browser.ts';
import { checkEverywhere } from './check-page.ts';
import type { Scenario } from './fixture/world.ts';
import { type FixtureServer, startFixtureServer } from './fixture-server.ts';

let browser: Browser;
before(async () => {
  browser = await startBrowser();
});
after(() => browser.close());

/** A world and a page of its own, with or without the worker of the pages. */
async function visit(
  scenario: Scenario,
  hasWorker: boolean,
  work: (page: Page, server: FixtureServer, complaints: string[]) => Promise<void>,
) {
  const server = await startFixtureServer(scenario);
  const { page, context, complaints } = await openPage(browser, server.origin, { hasWorker });
  try {
    await work(page, server, complaints);
    assert.deepEqual(complaints, []);
  } finally {
    await context.close();
    await server.close();
  }
}

test('the pages about notices hold in light, in dark and on phones, empty and failing', async () => {
  await visit('demo', false, async (page, { origin }, complaints) => {
    await signIn(page, origin);
    await checkEverywhere(page, origin, ['/notices', '/account/notices'], complaints);
  });
  await visit('empty', false, async (page, server, complaints) => {
    await signIn(page, server.origin);
    await checkEverywhere(page, server.origin, ['/notices'], complaints);
    await page.getByText('Nothing yet').waitFor();
    server.failNext('/me/notice-rules', 500, 'server.fault');
    await page.goto(`${server.origin}/account/notices`);
    await page.getByText('server.fault').waitFor();
    await page.getByRole('button', { name: 'Try again' }).click();
    await page.getByRole('rowheader', { name: 'New comment' }).waitFor();
  });
});

test('the bell counts what is new, a notice leads to its page and is seen, and all can be', async () => {
  await visit('demo', false, async (page, server) => {
    await signIn(page, server.origin);
    await page.getByRole('banner').getByRole('link', { name: 'Notices: 3 notices you have not seen' }).click();
    const hostile = page.getByRole('link').filter({ hasText: 'gnp.exe' });
    await hostile.getByText('U+202E').waitFor();
    await hostile.getByText('<b>bold</b>').waitFor();
    await page.getByRole('link', { name: /New: Fwd: contract draft/ }).click();
    await page.waitForURL('**/tasks/*');
    await page.getByRole('banner').getByRole('link', { name: 'Notices: 2 notices you have not seen' }).click();
    await page.getByRole('button', { name: 'Mark all as seen' }).click();
    await said(page, 'All are seen');
    await page.getByRole('banner').getByRole('link', { name: 'Notices', exact: true }).waitFor();
    assert.ok(server.world.notices.notices.every(({ seenAt }) => seenAt !== null));
  });
});

test('a change is told on the bell without a look', async () => {
  await visit('demo', false, async (page, server) => {
    await signIn(page, server.origin);
    await page.getByRole('banner').getByText('Live').waitFor();
    const { notices } = server.world;
    notices.notices = notices.notices.map((one) => ({ ...one, isOpen: false }));
    server.world.record({
      kind: 'connection.recovered',
      actor: 'connector:mail',
      objectId: 'con_1',
      taskId: null,
      state: null,
      text: 'It works',
    });
    await page.getByRole('banner').getByRole('link', { name: 'Notices', exact: true }).waitFor();
  });
});

test('what one is told, where and when, is changed and saved as a whole', async () => {
  await visit('demo', false, async (page, server) => {
    await signIn(page, server.origin, '/account/notices');
    await page.getByRole('checkbox', { name: 'New comment: in the browser' }).uncheck();
    await page.getByRole('combobox', { name: 'A task has failed: by mail' }).selectOption('Never');
    await page.getByRole('checkbox', { name: 'Pushes say what it is about' }).check();
    await page.getByLabel('From', { exact: true }).fill('18:30');
    await page.getByLabel('On', { exact: true }).selectOption('Monday');
    await page.getByLabel('Your time zone').selectOption('Europe/Berlin');
    await page.getByRole('button', { name: 'Save' }).click();
    await said(page, 'Saved.');
    const { kinds, titles, quiet, digest, zone } = server.world.notices.rules;
    assert.deepEqual(kinds.comment, { page: true, push: false, mail: 'never' });
    assert.equal(kinds.failed.mail, 'never');
    assert.deepEqual([titles.push, quiet.from, digest.weekday, zone], [true, '18:30', 1, 'Europe/Berlin']);

    await page.getByRole('button', { name: 'Usual rules' }).click();
    const sent = page.waitForRequest((request) => request.method() === 'PUT' && request.url().endsWith('/me/notice-rules'));
    await page.getByRole('button', { name: 'Save' }).click();
    assert.equal((await sent).postDataJSON().quiet.from, '21:00');
  });
});

test('a browser that cannot be reached says why, and another one is removed', async () => {
  await visit('demo', false, async (page, server) => {
    await signIn(page, server.origin, '/account/notices');
    await page.getByRole('button', { name: 'Try Safari on iOS out' }).click();
    await said(page, 'It was not taken. The push service answered 503.');
    await page.getByRole('button', { name: 'Remove Safari on iOS' }).click();
    await said(page, 'The browser is removed');
    assert.deepEqual(server.world.notices.browsers, []);
  });
});

/** Waits until the worker has the page. */
const controlled = (page: Page) =>
  page.evaluate(async () => {
    await navigator.serviceWorker.ready;
    if (navigator.serviceWorker.controller === null)
      await new Promise((resolve) => navigator.serviceWorker.addEventListener('controllerchange', resolve, { once: true }));
  });

test('without a network a page says so, and nothing of a tenant is kept: only that page is', async () => {
  await visit('demo', true, async (page, server) => {
    await signIn(page, server.origin);
    await controlled(page);
    for (const path of ['/tasks', '/vault', '/notices', '/audit']) {
      await page.goto(server.origin + path);
      await settled(page);
    }
    const kept = await page.evaluate(async () => {
      const caught = await Promise.all((await caches.keys()).map(async (name) => (await caches.open(name)).keys()));
      return caught.flat().map(({ url }) => new URL(url).pathname);
    });
    assert.deepEqual(kept.sort(), ['/favicon.svg', '/offline.css', '/offline.html', '/offline.js']);
    await page.context().setOffline(true);
    await page.goto(`${server.origin}/tasks`);
    await page.getByRole('heading', { name: 'You are offline' }).waitFor();
    assert.deepEqual(await axeFaults(page), []);
    await page.context().setOffline(false);
    await page.getByRole('button', { name: 'Try again' }).click();
    await page.getByRole('heading', { level: 1, name: 'Tasks' }).waitFor();
  });
});

test('a browser is added with what it says of itself once its person allows it, and without that it is not', async () => {
  await visit('demo', true, async (page, server) => {
    await signIn(page, server.origin, '/account/notices');
    // The browser of the tests allows no notifications.
    await page.getByRole('button', { name: 'Tell me in this browser' }).click();
    await said(page, 'The browser does not allow it.');
    assert.deepEqual(server.world.notices.subscribed, []);
    await page.evaluate(() => {
      let there: unknown = null;
      const made = {
        options: { applicationServerKey: null },
        toJSON: () => ({ endpoint: 'https://push.example/x', expirationTime: null, keys: { p256dh: 'p', auth: 'a' } }),
        unsubscribe: async () => {
          there = null;
        },
      };
      Object.assign(Notification, { requestPermission: async () => 'granted' });
      Object.assign(PushManager.prototype, {
        getSubscription: async () => there,
        subscribe: async () => {
          there = made;
          return made;
        },
      });
    });
    await page.getByRole('button', { name: 'Tell me in this browser' }).click();
    await said(page, 'This browser is told');
    assert.deepEqual(server.world.notices.subscribed, [
      { endpoint: 'https://push.example/x', keys: { p256dh: 'p', auth: 'a' }, name: 'Chrome on Linux' },
    ]);
    await page.getByRole('button', { name: 'Tell me here no more' }).click();
    await said(page, 'This browser is told no more');
    assert.deepEqual(
      server.world.notices.browsers.map(({ name }) => name),
      ['Safari on iOS'],
    );
  });
});

test('what is pushed is shown under its tag, and what cannot be read gives nothing away', async () => {
  await visit('demo', true, async (page, server) => {
    const cdp = await page.context().newCDPSession(page);
    const registered = new Promise<string>((resolve) =>
      cdp.on('ServiceWorker.workerRegistrationUpdated', ({ registrations: [registration] }) => {
        if (registration !== undefined) resolve(registration.registrationId);
      }),
    );
    await cdp.send('ServiceWorker.enable');
    await signIn(page, server.origin);
    await controlled(page);
    const registrationId = await registered;
    const [worker] = page.context().serviceWorkers();
    assert.ok(worker);
    // The browser of the tests shows no notifications: what would be shown is kept.
    await worker.evaluate(() => {
      const shown: unknown[] = [];
      Object.assign(self, { shown });
      ServiceWorkerRegistration.prototype.showNotification = async (title, options) => void shown.push({ title, ...options });
    });
    const push = (data: string) => cdp.send('ServiceWorker.deliverPushMessage', { origin: server.origin, registrationId, data });
    const message = { title: 'Factotum', body: 'Something needs you.', tag: 'ntc_1', url: '/approvals/apr_1' };
    await push(JSON.stringify(message));
    await push('no JSON');
    const hostile = '\u202Egnp.exe\u202C\u200B<img src=x onerror=alert(1)>\n';
    await push(JSON.stringify({ title: hostile, body: `${hostile}${'x'.repeat(2_000)}`, tag: 'ntc_2', url: '/notices' }));
    const shown = await worker.evaluate(async () => {
      const { shown } = self as unknown as { shown: unknown[] }; // Set above.
      for (let turn = 0; turn < 600 && shown.length < 3; turn += 1) await new Promise((resolve) => setTimeout(resolve, 50));
      return shown;
    });
    const harmless = ' gnp.exe <img src=x onerror=alert(1)> ';
    const look = { icon: '/icon-192.png', badge: '/badge-96.png' };
    const { url, ...rest } = message;
    assert.deepEqual(shown, [
      { ...rest, ...look, data: { url } },
      { title: 'Factotum', body: '', tag: 'factotum', ...look, data: { url: '/notices' } },
      { title: harmless, body: `${harmless}${'x'.repeat(200 - harmless.length)}`, tag: 'ntc_2', ...look, data: { url: '/notices' } },
    ]);
  });
});

test('a click on what was pushed brings a tab to the front that shows it, or opens one, and leads no other away', async () => {
  await visit('demo', true, async (page, server) => {
    await signIn(page, server.origin, '/account/notices');
    await controlled(page);
    await page.getByLabel('From', { exact: true }).fill('18:30');
    const [worker] = page.context().serviceWorkers();
    assert.ok(worker);
    const click = (url: string) =>
      worker.evaluate(async (path) => {
        const done: string[] = [];
        const noted = (what: string) => async (address: unknown) => void done.push(`${what} ${new URL(String(address)).pathname}`);
        // Without a person's click the browser allows neither: what would be done is kept.
        const { Clients, WindowClient } = self as unknown as Record<string, { prototype: object }>; // What workers have.
        const focus = function (this: { url: string }) {
          return noted('shows')(this.url);
        };
        Object.assign(Clients?.prototype ?? {}, { openWindow: noted('opens') });
        Object.assign(WindowClient?.prototype ?? {}, { focus, navigate: noted('leads to') });
        const ends: Promise<unknown>[] = [];
        const event = new Event('notificationclick');
        self.dispatchEvent(
          Object.assign(event, {
            notification: { close: () => undefined, data: { url: path } },
            waitUntil: (end: Promise<unknown>) => void ends.push(end),
          }),
        );
        await Promise.all(ends);
        return done;
      }, url);
    assert.deepEqual(await click('/approvals/apr_1'), ['opens /approvals/apr_1']);
    assert.deepEqual(await click('/account/notices'), ['shows /account/notices']);
    assert.deepEqual(await click('https://evil.example/x'), []);
    assert.equal(await page.getByLabel('From', { exact: true }).inputValue(), '18:30');
  });
});
