/**
 * A process that brings up an embedded server, says so in one JSON line on stdout and then waits: to be told `stop` on stdin, or to be killed.
 * Tests start it to have more than one starter, another user, or somebody to kill.
 */
import { once } from 'node:events';
import { createLogger } from '#kernel';
import { type EmbeddedOptions, startEmbedded } from '#kernel/database';

const progress: string[] = [];
// Written by the test that starts this process.
const options = JSON.parse(process.argv[2] ?? '{}') as Omit<EmbeddedOptions, 'log'>;
const embedded = await startEmbedded({ ...options, log: createLogger({ level: 'silent' }), onProgress: (text) => progress.push(text) });
const { superuserUrl, adopted, location, passwordsFile } = embedded;
process.stdout.write(`${JSON.stringify({ superuserUrl, adopted, location, passwordsFile, progress })}\n`);
await once(process.stdin, 'data');
await embedded.stop();
process.exit(0);
