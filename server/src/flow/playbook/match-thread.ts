/** The thread that holds one playbook against past events: it knows that text and what it is sent, no keys, no database, no settings. */
import { parentPort, workerData } from 'node:worker_threads';
import { matchPlaybooks, readPlaybook } from '#flow/plan';
import type { MatchRequest, MatchResult, ThreadInput } from './match-worker.ts';

// Only the worker beside this file starts the thread, with just this.
const { path, content, habits } = workerData as ThreadInput;
const playbook = readPlaybook({ path, content })?.playbook ?? null;

parentPort?.on('message', ({ events }: MatchRequest) => {
  const results = events.map((event): MatchResult => {
    const { matches, near } = matchPlaybooks(event, playbook === null ? [] : [playbook], habits);
    if (matches[0] !== undefined) return { kind: 'matched', values: matches[0].values };
    return near[0] === undefined ? { kind: 'none' } : { kind: 'near', reasons: near[0].reasons };
  });
  parentPort?.postMessage(results);
});
