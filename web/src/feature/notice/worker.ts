import { get, post } from '../../api/client.ts';
import type { PushBrowsers } from '../../api/notices.ts';
import type { Person } from '../../api/types.ts';
import { canPush } from './can-push.ts';

/** Where a browser remembers who wanted to be told in it: somebody else who signs in there has not. */
const keptUnder = 'factotum.push';

/** The policy that says which script may run as a worker, where the browser asks for one. */
interface TrustedTypes {
  createPolicy(name: string, rules: { createScriptURL: (url: string) => string }): { createScriptURL(url: string): string };
}

/** Has our worker run: for pushes, and for a page that says that there is no network. */
export async function startWorker(): Promise<void> {
  if (!('serviceWorker' in navigator)) return;
  try {
    // The browser asks the server for the worker each time, past its cache, so that a new one is never held back.
    await navigator.serviceWorker.register(workerUrl(), { updateViaCache: 'none' });
    await keepPush();
  } catch (error) {
    // Without it everything works but pushes and the page for no network: private windows have none.
    console.debug(error);
  }
}

function workerUrl(): string {
  const { trustedTypes } = window as { trustedTypes?: TrustedTypes }; // Not every browser has it.
  const path = '/sw.js';
  return trustedTypes?.createPolicy('factotum-worker', { createScriptURL: () => path }).createScriptURL(path) ?? path;
}

/** Tells the server again where this browser is reached: for the session of now, and under the key of now. */
async function keepPush(): Promise<void> {
  const wantedBy = localStorage.getItem(keptUnder);
  if (wantedBy === null || !canPush() || Notification.permission !== 'granted') return;
  const me = await get<Person>('/me');
  if (me.tenant === null || me.principal.actor !== wantedBy) return;
  const { publicKey } = await get<PushBrowsers>('/me/push-subscriptions');
  await send(await subscribe(publicKey));
}

/**
 * Has this browser told. Asks the person for permission where they have not been asked.
 *
 * @returns the browser's id; null where the person or the browser does not allow it.
 */
export async function startPush(publicKey: string, actor: string): Promise<string | null> {
  if ((await Notification.requestPermission()) !== 'granted') return null;
  const { id } = await send(await subscribe(publicKey));
  localStorage.setItem(keptUnder, actor);
  return id;
}

/** Has this browser told no more. */
export async function stopPush(): Promise<void> {
  localStorage.removeItem(keptUnder);
  const registration = await navigator.serviceWorker.getRegistration();
  await (await registration?.pushManager.getSubscription())?.unsubscribe();
}

async function subscribe(publicKey: string): Promise<PushSubscription> {
  const { pushManager } = await navigator.serviceWorker.ready;
  const there = await pushManager.getSubscription();
  if (there !== null && isFor(there, publicKey)) return there;
  await there?.unsubscribe();
  return pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: publicKey });
}

function isFor({ options }: PushSubscription, publicKey: string): boolean {
  const bytes = new Uint8Array(options.applicationServerKey ?? new ArrayBuffer());
  const text = btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_');
  return text.replace(/=+$/, '') === publicKey;
}

async function send(subscription: PushSubscription): Promise<{ id: string }> {
  const { endpoint, keys } = subscription.toJSON();
  const { nameBrowser } = await import('../account/browser-name.ts');
  return post<{ id: string }>('/me/push-subscriptions', { endpoint, keys, name: nameBrowser(navigator.userAgent) });
}
