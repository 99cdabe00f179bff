import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after } from 'node:test';

/** What no server of ours can pass, whatever it serves: each answer is one JSON document, and there are no sessions (docs/connectors/mcp.md). */
export const needsStream = [
  'tools-call-with-logging',
  'tools-call-with-progress',
  'tools-call-sampling',
  'tools-call-elicitation',
  'elicitation-sep1034-defaults',
  'elicitation-sep1330-enums',
  // The suite takes its warning for a failure; the scenario by itself passes.
  'server-sse-multiple-streams',
];

/** What calls tools, resources or prompts by names of the suite's own, which no server of the product has. */
const needsNames = [
  'completion-complete',
  'tools-call-image',
  'tools-call-audio',
  'tools-call-embedded-resource',
  'tools-call-mixed-content',
  'resources-list',
  'resources-read-text',
  'resources-read-binary',
  'resources-templates-read',
  'resources-subscribe',
  'resources-unsubscribe',
  'prompts-list',
  'prompts-get-simple',
  'prompts-get-with-args',
  'prompts-get-embedded-resource',
  'prompts-get-with-image',
];

/** Our tool servers answer a call of an unknown tool as a call that failed, which is all that two more scenarios look at. */
export const failsAtTools = [...needsStream, ...needsNames];
/** The endpoint answers it with an error of the protocol's. */
export const failsAtEndpoint = [...failsAtTools, 'tools-call-simple-text', 'tools-call-error'];

const require = createRequire(import.meta.url);
const runner = join(dirname(require.resolve('@modelcontextprotocol/conformance/package.json')), 'dist', 'index.js');

interface Ran {
  readonly code: number | null;
  readonly said: string;
}

/** Runs one scenario of the protocol's own suite. @returns its exit code and what it said. */
export const conform = (url: string, scenario: string): Promise<Ran> => run(['--url', url, '--scenario', scenario]);

/**
 * Runs the whole suite. It fails when something fails that is not expected to, or passes that is.
 *
 * @param expected - the scenarios that fail
 */
export async function conformSuite(url: string, expected: readonly string[]): Promise<Ran> {
  const folder = await mkdtemp(join(tmpdir(), 'factotum-conformance-'));
  try {
    const file = join(folder, 'expected.yml');
    // JSON is YAML.
    await writeFile(file, JSON.stringify({ server: expected }));
    return await run(['--url', url, '--suite', 'active', '--expected-failures', file]);
  } finally {
    await rm(folder, { recursive: true });
  }
}

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
