import { createServer } from 'node:net';
import { Agent, fetch } from 'undici';
import type { Config } from '#kernel';
import type { Finding } from './finding.ts';

const answerTimeoutMs = 5_000;

/**
 * Whether the API's port is ours, or free to become ours.
 *
 * @param address - where the server that runs says it listens; null when none runs here.
 */
export async function examinePort({ host, port }: Config, address: string | null): Promise<Finding> {
  const check = 'port';
  if (address !== null) {
    const answers = await isLive(address);
    if (answers) return { check, state: 'ok', text: `${address} answers` };
    return { check, state: 'fail', text: `the server says ${address}, where nothing answers`, fix: 'Look into its log; start it again.' };
  }
  if (port === 0) return { check, state: 'ok', text: 'any free one will be taken' };
  const refused = await bindOnce(host, port);
  if (refused === null) return { check, state: 'ok', text: `${host}:${port} is free` };
  return {
    check,
    state: 'fail',
    text: `${host}:${port} cannot be had: ${refused}`,
    fix: 'Set FACTOTUM_PORT to another, or end what has it.',
  };
}

async function isLive(address: string): Promise<boolean> {
  // The certificate is for the public name and not for loopback. Nothing is sent, and all that is learned is that something answers.
  const agent = new Agent({ connect: { rejectUnauthorized: false } });
  try {
    return (await fetch(new URL('/livez', address), { dispatcher: agent, signal: AbortSignal.timeout(answerTimeoutMs) })).ok;
  } catch {
    return false;
  } finally {
    await agent.destroy();
  }
}

function bindOnce(host: string, port: number): Promise<string | null> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', (error) => resolve(error.message));
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(null)));
  });
}
