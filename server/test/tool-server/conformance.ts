import { spawn } from 'node:child_process';
import { createServer, request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { after } from 'node:test';

/** The scenarios that every server of ours has to pass; the others of the suite need tools and resources with the suite's own names. */
export const everywhere = [
  'server-initialize',
  'ping',
  'tools-list',
  'logging-set-level',
  'dns-rebinding-protection',
  'server-sse-multiple-streams',
];

const require = createRequire(import.meta.url);
const runner = join(dirname(require.resolve('@modelcontextprotocol/conformance/package.json')), 'dist', 'index.js');

interface Ran {
  readonly code: number | null;
  readonly said: string;
}

/** Runs one scenario of the protocol's own suite. @returns its exit code and what it said. */
export const conform = (url: string, scenario: string): Promise<Ran> => run(['--url', url, '--scenario', scenario]);

/** Runs the whole suite. It fails when something fails that the file does not name, or passes that it does. */
export const conformSuite = (url: string, expectedFailures: string): Promise<Ran> =>
  run(['--url', url, '--suite', 'active', '--expected-failures', expectedFailures]);

function run(args: readonly string[]): Promise<Ran> {
  return new Promise((resolve, reject) => {
    const running = spawn(process.execPath, [runner, 'server', ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
    let said = '';
    for (const stream of [running.stdout, running.stderr])
      stream.on('data', (chunk: Buffer) => {
        said += chunk.toString('utf8');
      });
    running.once('error', reject);
    running.once('close', (code) => resolve({ code, said }));
  });
}

/** The suite knows neither bearer tokens nor client certificates, so something stands before the server that adds them and changes nothing else. */
export async function doorman(far: {
  readonly url: string;
  /** The name that it goes by; left out: the one in its address. */
  readonly host?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly tls?: { readonly cert: string; readonly key: string; readonly ca: readonly string[] };
}): Promise<string> {
  const to = new URL(far.url);
  const server = createServer((request, response) => {
    // Under our own name it is asked for by its own; any other name is passed on.
    const own = request.headers.host === here();
    const named = own
      ? { host: far.host ?? to.host, ...(request.headers.origin === undefined ? {} : { origin: `${to.protocol}//${far.host ?? to.host}` }) }
      : {};
    const headers: IncomingHttpHeaders = { ...request.headers, ...named, ...far.headers };
    const options = {
      method: request.method ?? 'GET',
      headers,
      ...(far.tls === undefined ? {} : { ...far.tls, ca: [...far.tls.ca], checkServerIdentity: () => undefined }),
    };
    const passed = (to.protocol === 'https:' ? httpsRequest : httpRequest)(to, options, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    passed.on('error', () => response.destroy());
    request.pipe(passed);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  after(() => server.close().closeAllConnections());
  return `http://${here()}${to.pathname}`;

  function here(): string {
    const address = server.address();
    return `127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`;
  }
}
