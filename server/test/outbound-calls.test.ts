import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { test } from 'node:test';

const sources = join(import.meta.dirname, '..', 'src');

/**
 * Every file that can open a connection by itself, with why it may. Everybody else is handed a `fetch` of `#kernel/outbound`, which dials
 * public addresses only unless an operator has named others.
 */
const mayConnect: Readonly<Record<string, string>> = {
  'kernel/outbound/outbound.ts': 'the one way out',
  'kernel/mail/postman.ts': "the operator's mail server, by FACTOTUM_MAIL_URL",
  'kernel/storage/s3-sdk.ts': "the operator's object storage, by FACTOTUM_STORAGE and the addresses of backups",
  'kernel/cloud/google-token.ts': "Google's library for the operator's credentials; it is handed our transport where it takes one",
  'trust/key/provider/aws-kms.ts':
    "its requests go through the handler of #kernel/cloud; the SDK's own chain asks the machine for the installation's credentials",
  'trust/secret/store/aws.ts':
    "its requests go through the handler of #kernel/cloud; the SDK's own chain asks the machine for the installation's credentials",
  'trust/identity/sso/oidc.ts': 'openid-client, with the network of sso/outbound.ts as its fetch',
  'surface/cli/doctor/port.ts': 'asks our own server whether it answers',
  'surface/cli/control/hold.ts': "the socket file of this machine's server",
  'surface/cli/url-backend.ts': 'the server that whoever types the command has named, with the token that they have named',
  'surface/cli/backend.ts': "the socket file of this machine's server",
};

/** The same of files that take connections and open none. */
const listens: readonly string[] = [
  'connector/mcp/listener.ts',
  'surface/cli/control/server.ts',
  'surface/http/listener/listen.ts',
  'trust/certificate/tls.ts',
];

const modules = String.raw`(?:node:)?(?:https?|net|tls|http2|dgram)|undici|nodemailer|openid-client|ws|axios|got|node-fetch|google-auth-library|@aws-sdk/[\w-]+|@azure/[\w-]+`;
/** What these modules offer that connects nobody. */
const harmless =
  /^(?:type .*|isIP|isIPv4|isIPv6|BlockList|STATUS_CODES|TLSSocket|checkServerIdentity|createSecureContext|WebSocketServer|\w*Error|allowInsecureRequests)(?: as \w+)?$/;

/** Names imported from a module that can connect, other than as types; `*` for all of it. */
function importsOf(text: string): string[] {
  const statics = [...text.matchAll(new RegExp(String.raw`^import\s+(?!type\b)([^;]*?)\s*from\s*['"](?:${modules})['"]`, 'gm'))];
  const dynamics = [...text.matchAll(new RegExp(String.raw`(?<!typeof )\bimport\(\s*['"](?:${modules})['"]`, 'g'))].map(() => '*');
  const named = statics.flatMap(([, what = '']) => (what.startsWith('{') ? what.replace(/[{}]/g, '').split(',') : ['*']));
  return [...named.map((name) => name.trim()).filter((name) => name !== '' && !harmless.test(name)), ...dynamics];
}

/** Calls of the global `fetch` and its like: not of something that a function was handed under that name. */
function callsOfGlobals(text: string): string[] {
  const isHanded = /\bfetch\b\s*[,:}=)]|\bfunction fetch\b|\bconst fetch\b/.test(text.replace(/globalThis\.fetch/g, ''));
  const calls = [...text.matchAll(/(?<![.\w]|async )fetch\((?!\w+: )/g)].map(() => 'fetch');
  const others = [...text.matchAll(/\bnew (?:WebSocket|EventSource)\(|\bglobalThis\.fetch\(/g)].map(([call]) => call);
  return isHanded ? others : [...calls, ...others];
}

async function readSources(): Promise<{ path: string; text: string }[]> {
  const entries = await readdir(sources, { recursive: true, withFileTypes: true });
  const files = entries
    .filter((entry) => entry.isFile() && /(?<!\.test)\.ts$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name));
  return Promise.all(
    files.map(async (file) => ({ path: relative(sources, file).split(sep).join('/'), text: await readFile(file, 'utf8') })),
  );
}

const found = (await readSources()).flatMap(({ path, text }) => {
  const code = text.replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '');
  const ways = [...importsOf(code), ...callsOfGlobals(code)];
  return ways.length === 0 ? [] : [{ path, ways }];
});

test('whoever can open a connection is on the list, with a reason; everybody else goes through the guard', () => {
  assert.ok(
    found.some(({ path }) => path === 'kernel/outbound/outbound.ts'),
    'nothing was read: the check would pass whatever the code does',
  );
  const strangers = found.filter(({ path }) => mayConnect[path] === undefined && !listens.includes(path));
  assert.deepEqual(strangers, []);
});

test('nothing is on the list that no longer connects', () => {
  const paths = new Set(found.map(({ path }) => path));
  assert.deepEqual(
    [...Object.keys(mayConnect), ...listens].filter((path) => !paths.has(path)),
    [],
  );
});

test('the ways out are recognised, and what connects nobody is not taken for one', () => {
  for (const text of [
    "import { request } from 'node:https';",
    "import { connect } from 'node:net';",
    "import tls from 'node:tls';",
    "import * as undici from 'undici';",
    "import {\n  type Agent,\n  fetch,\n} from 'undici';",
    "const { S3Client } = await import('@aws-sdk/client-s3');",
    "import axios from 'axios';",
  ])
    assert.equal(importsOf(text).length > 0, true, text);
  for (const text of ['await fetch(url)', 'new WebSocket(url)', 'await globalThis.fetch(url)'])
    assert.equal(callsOfGlobals(text).length, 1, text);
  for (const text of [
    "import type { Server } from 'node:http';",
    "import { isIP, type LookupFunction } from 'node:net';",
    "type S3 = typeof import('@aws-sdk/client-s3');",
  ])
    assert.deepEqual(importsOf(text), [], text);
  for (const text of ['network.fetch(url)', 'async function call({ fetch }: Deps) { await fetch(url); }'])
    assert.deepEqual(callsOfGlobals(text), [], text);
});
