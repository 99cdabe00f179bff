import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { extname, join, relative, sep } from 'node:path';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';
import type { Language } from '#kernel/words';
import { languageAsked } from './language.ts';
import type { App } from './route.ts';

interface Asset {
  readonly type: string;
  readonly cache: string;
  readonly etag: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Filled at the first request that wants it, and kept: the files never change while we run. */
  readonly packed: Map<Encoding, Promise<Uint8Array<ArrayBuffer>>>;
}
type Encoding = 'br' | 'gzip';

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.woff2': 'font/woff2',
  '.webmanifest': 'application/manifest+json',
  '.json': 'application/json',
  '.txt': 'text/plain; charset=utf-8',
};
const packable = /^(?:text\/|image\/svg|application\/(?:json|manifest))/;

const packers: Readonly<Record<Encoding, (bytes: Uint8Array) => Promise<Buffer<ArrayBuffer>>>> = {
  // Quality 9 takes a third of a second for the largest file, the best one ten times that for 4 % less.
  br: (bytes) => promisify(brotliCompress)(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 9 } }),
  gzip: promisify(gzip),
};

/**
 * Serves the built dashboard from memory. What may be served is a table made now, by name: no request ever becomes a path on disk.
 * An address that is no file and that a browser navigates to is a page of the dashboard, which its own router knows; it comes in the
 * language that the browser asks for, if the dashboard was built in it.
 */
export async function addAssets(app: App, webFolder: string): Promise<void> {
  const assets = await readAssets(webFolder);
  const pageIn = (language: Language) => assets.get(`/index.${language}.html`) ?? assets.get('/index.html');
  app.get('*', async (c, next) => {
    const path = c.req.path;
    const isPage = path === '/' || (!assets.has(path) && isNavigation(path, c.req.raw.headers));
    const asset = isPage ? pageIn(languageAsked(c)) : assets.get(path);
    if (asset === undefined) return next();
    c.set('route', 'asset');
    return respond(asset, c.req.raw.headers, isPage ? 'accept-encoding, accept-language, cookie' : 'accept-encoding');
  });
}

function isNavigation(path: string, headers: Headers): boolean {
  if (/^\/(?:api|webdav|assets|livez|readyz|metrics)(?:\/|$)/.test(path)) return false;
  return (headers.get('accept') ?? '').includes('text/html');
}

async function respond(asset: Asset, headers: Headers, vary: string): Promise<Response> {
  const shared = { etag: asset.etag, 'cache-control': asset.cache, vary };
  if (headers.get('if-none-match')?.includes(asset.etag)) return new Response(null, { status: 304, headers: shared });
  const encoding = packable.test(asset.type) ? wantedEncoding(headers.get('accept-encoding') ?? '') : null;
  const bytes = encoding === null ? asset.bytes : await pack(asset, encoding);
  return new Response(bytes, {
    headers: { ...shared, 'content-type': asset.type, ...(encoding === null ? {} : { 'content-encoding': encoding }) },
  });
}

function wantedEncoding(accepted: string): Encoding | null {
  const names = accepted.split(',').flatMap((part) => {
    const [name = '', quality = ''] = part.split(';').map((word) => word.trim().toLowerCase());
    return /^q=0(?:\.0*)?$/.test(quality) ? [] : [name];
  });
  return names.includes('br') ? 'br' : names.includes('gzip') ? 'gzip' : null;
}

function pack(asset: Asset, encoding: Encoding): Promise<Uint8Array<ArrayBuffer>> {
  const known = asset.packed.get(encoding);
  if (known !== undefined) return known;
  const packing = packers[encoding](asset.bytes).then((bytes) => new Uint8Array(bytes));
  asset.packed.set(encoding, packing);
  return packing;
}

/** No folder: the dashboard has not been built, and everything but it is served. */
async function readAssets(folder: string): Promise<ReadonlyMap<string, Asset>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
    throw error;
  });
  const assets = new Map<string, Asset>();
  for (const entry of entries) {
    const type = types[extname(entry.name)];
    if (!entry.isFile() || type === undefined) continue;
    const file = join(entry.parentPath, entry.name);
    const path = `/${relative(folder, file).split(sep).join('/')}`;
    const bytes = new Uint8Array(await readFile(file));
    assets.set(path, {
      type,
      // The builder puts a hash of the content into the names below assets/; everything else may be another file tomorrow.
      cache: path.startsWith('/assets/') ? 'public, max-age=31536000, immutable' : 'no-cache',
      etag: `"${createHash('sha256').update(bytes).digest('base64url').slice(0, 22)}"`,
      bytes,
      packed: new Map(),
    });
  }
  return assets;
}
