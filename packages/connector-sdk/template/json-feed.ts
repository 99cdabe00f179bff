import { ConnectorFault, defineConnector, type Network, type PollLimits } from '@factotum/connector-sdk';
import { z } from 'zod';

const settings = z.strictObject({
  url: z.url({ protocol: /^https?$/ }).meta({ title: 'Address', description: 'Of the feed itself, not of the page about it.' }),
  history: z
    .int()
    .min(0)
    .max(1_000)
    .default(0)
    .meta({ title: 'Items from before', description: 'How many that are there already are kept.' }),
});

/** JSON Feed 1.1 (https://www.jsonfeed.org/version/1.1/), as much of it as is used here. Feeds in the wild have numbers as ids. */
const feedSchema = z.object({
  version: z.string().startsWith('https://jsonfeed.org/version/'),
  items: z
    .array(
      z.object({
        id: z.union([z.string().min(1), z.number()]).transform(String),
        url: z.string().optional(),
        title: z.string().optional(),
        content_text: z.string().optional(),
        summary: z.string().optional(),
        date_published: z.iso.datetime({ offset: true }).optional().catch(undefined),
      }),
    )
    .max(10_000),
});
type Item = z.infer<typeof feedSchema>['items'][number];

/** How far the feed has been read. A type, not an interface: only that is JSON to the compiler. */
type Cursor = {
  /** Ids of what is in the feed and needs no fetching any more. */
  readonly seen: readonly string[];
  /** Ids of what was there before the connection was made, and is still to be fetched. */
  readonly history: readonly string[];
  /** The mark of the feed when nothing was left to fetch. */
  readonly etag: string | null;
};

const textCharsMax = 20_000;

/** A feed in JSON: each new item is an event `jsonfeed.item`. Copy this folder, and replace what is about feeds. */
export const jsonFeed = defineConnector<typeof settings, Cursor>({
  kind: 'jsonfeed',
  title: 'JSON feed',
  description: 'New items of a feed, such as a blog or a list of releases.',
  settings,
  credentials: {
    token: { title: 'Token', required: false, help: 'Sent as a bearer token. Leave it empty for feeds that anybody may read.' },
  },
  everyMs: 15 * 60_000,
  place: ({ url }) => url,

  async check(context) {
    await read(context, context.settings.url, { token: context.credentials.token, etag: null });
  },

  async poll(context, cursor, limits) {
    const { url, history } = context.settings;
    const { items, etag } = await read(context, url, { token: context.credentials.token, etag: cursor?.etag ?? null });
    // It is still as it was when everything had been fetched.
    if (items === null) return { arrivals: [], cursor: cursor ?? { seen: [], history: [], etag: null }, more: false };
    const before = cursor ?? baseline(items, history, limits);
    const [seen, old] = [new Set(before.seen), new Set(before.history)];
    // Feeds have the newest first; what happened first arrives first.
    const fresh = items.filter(({ id }) => !seen.has(id)).reverse();
    const arrivals = [];
    let bytes = 0;
    for (const item of fresh.slice(0, limits.arrivals)) {
      const arrival = { ...arrivalOf(item), ...(old.has(item.id) ? { history: true } : {}) };
      bytes += Buffer.byteLength(JSON.stringify(arrival));
      // One is always taken, or nothing would ever be.
      if (arrivals.length > 0 && bytes > limits.bytes) break;
      arrivals.push(arrival);
      seen.add(item.id);
    }
    const more = arrivals.length < fresh.length;
    // Ids that have left the feed are forgotten, so that the cursor stays as small as the feed.
    const ids = items.map(({ id }) => id);
    return {
      arrivals,
      cursor: {
        seen: ids.filter((id) => seen.has(id)),
        history: ids.filter((id) => old.has(id) && !seen.has(id)),
        etag: more ? null : etag,
      },
      more,
    };
  },
});

/** What is there at the first poll: so many items are fetched as history, and the rest never. After a cursor has expired, nothing is history. */
function baseline(items: readonly Item[], history: number, { since }: PollLimits): Cursor {
  if (since !== undefined) return { seen: [], history: [], etag: null };
  const ids = items.map(({ id }) => id);
  return { seen: ids.slice(history), history: ids.slice(0, history), etag: null };
}

const arrivalOf = (item: Item) => ({
  form: 'event' as const,
  kind: 'jsonfeed.item',
  externalId: item.id,
  title: item.title ?? item.url ?? 'An item without a title',
  payload: {
    url: item.url ?? null,
    title: item.title ?? null,
    text: (item.content_text ?? item.summary ?? '').slice(0, textCharsMax).toWellFormed(),
  },
  ...(item.date_published === undefined ? {} : { occurredAt: item.date_published }),
});

/**
 * Reads the feed. What goes wrong is told by what follows from it: that is all a host goes by.
 *
 * @returns null items when the feed is still the one of the etag.
 */
async function read(
  { fetch }: Network,
  url: string,
  { token, etag }: { readonly token: string | undefined; readonly etag: string | null },
): Promise<{ items: readonly Item[] | null; etag: string | null }> {
  const response = await fetch(url, {
    headers: {
      accept: 'application/feed+json, application/json',
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(etag === null ? {} : { 'if-none-match': etag }),
    },
  }).catch((cause: unknown) => {
    throw cause instanceof ConnectorFault ? cause : new ConnectorFault('transient', 'The feed does not answer.', { cause });
  });
  if (response.status === 304) return { items: null, etag };
  if (!response.ok) throw faultOf(response);
  const feed = feedSchema.safeParse(await response.json().catch(() => null));
  if (!feed.success)
    throw new ConnectorFault('permanent', 'What is at this address is no JSON feed. Look for the address of the feed itself.');
  return { items: feed.data.items, etag: response.headers.get('etag') };
}

function faultOf({ status, headers }: Response): ConnectorFault {
  if (status === 401 || status === 403) return new ConnectorFault('auth', 'The feed refuses the token. Enter another.');
  if (status === 429 || status === 503) {
    const seconds = Number(headers.get('retry-after') ?? Number.NaN);
    return new ConnectorFault(
      'rate_limited',
      'The feed asks us to come back later.',
      Number.isFinite(seconds) ? { retryAfterMs: seconds * 1_000 } : {},
    );
  }
  if (status >= 300 && status < 400) return new ConnectorFault('permanent', 'The feed has moved. Enter its new address.');
  if (status === 404 || status === 410) return new ConnectorFault('permanent', 'There is no feed at this address any more.');
  return new ConnectorFault('transient', `The feed answers with an error (${status}).`);
}
