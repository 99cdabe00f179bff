import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type Config, ConfigFaults, createLogger, isFactotumError, type RoleUrls, readConfig, systemClock } from '#kernel';
import { prepareDatabase, prepareOwner, startEmbedded } from '#kernel/database';
import { redact } from '#kernel/redact';
import { openIntoFolder } from '#ops/archive';
import { type CommandDeps, runCommand } from '#surface/cli';
import { createHttp, knownAddresses } from '#surface/http';
import { askHidden } from './hidden-input.ts';
import { operatorParts } from './operator.ts';
import { openPlatform } from './platform.ts';
import { endWithin, lingerMsMax, stopMsMax } from './process-end.ts';
import { restoreInstallation, restoreKeys } from './restore.ts';
import { resolveEarly } from './secrets.ts';
import { httpDeps, serve } from './serve.ts';

const [first, ...rest] = process.argv.slice(2);
process.exitCode = first === 'command' ? await runCommand(rest, commandDeps()) : await runServer();

/** @returns 78 (EX_CONFIG of sysexits.h) on a faulty configuration, 1 when starting failed, 0 after a clean stop. */
async function runServer(): Promise<number> {
  const startedAt = performance.now();
  try {
    const config = configure(serverOptions());
    const log = createLogger({ level: config.logLevel });
    const served = await serve(config, log, say);
    say(`Factotum is ready: ${served.url ?? config.roles.join(', ')}  (${((performance.now() - startedAt) / 1000).toFixed(1)} s)`);
    if (served.signInUrl !== null) say(`Sign in once with this link, within 15 minutes:\n  ${served.signInUrl}`);
    await stopSignal();
    say('Stopping ...');
    endWithin(stopMsMax, 1, log);
    await served.stop();
    endWithin(lingerMsMax, 0, log);
    return 0;
  } catch (error) {
    const told =
      error instanceof ConfigFaults || isFactotumError(error)
        ? error.message
        : error instanceof Error
          ? (error.stack ?? error.message)
          : String(error);
    process.stderr.write(`${redact(told)}\n`);
    return error instanceof ConfigFaults || isFactotumError(error, 'config.invalid') ? 78 : 1;
  }
}

/** What `npm start -- --port 4400 --data /some/dir` says; it counts more than the environment. */
function serverOptions(): { port?: string | undefined; dataFolder?: string | undefined } {
  try {
    const { values } = parseArgs({
      args: process.argv.slice(2),
      options: { port: { type: 'string' }, data: { type: 'string' } },
      strict: true,
    });
    return { port: values.port, dataFolder: values.data };
  } catch (error) {
    throw new ConfigFaults([`${error instanceof Error ? error.message : String(error)} Use: npm start -- [--port PORT] [--data DIR]`]);
  }
}

function configure(given: { port?: string | undefined; dataFolder?: string | undefined }): Config {
  return readConfig({
    ...process.env,
    ...(given.port === undefined ? {} : { FACTOTUM_PORT: given.port }),
    ...(given.dataFolder === undefined ? {} : { FACTOTUM_DATA: given.dataFolder }),
  });
}

function commandDeps(): CommandDeps {
  return {
    configure,
    openAlone,
    async prepareDatabase(config, onProgress) {
      const passwordsFile = join(config.dataFolder, 'run', 'passwords.json');
      const early = await resolveEarly(config, { clock: systemClock, log: createLogger({ level: config.logLevel }) });
      const { ownerUrl } = early.database;
      if (ownerUrl !== undefined) return prepared(await prepareDatabase(ownerUrl, { passwordsFile, onProgress }), passwordsFile);
      const embedded = await startEmbedded({ dataFolder: config.dataFolder, log: createLogger({ level: config.logLevel }), onProgress });
      try {
        const owner = await prepareOwner(embedded.superuserUrl, { passwordsFile: embedded.passwordsFile, database: 'factotum' });
        return prepared(await prepareDatabase(owner, { passwordsFile: embedded.passwordsFile, onProgress }), embedded.passwordsFile);
      } finally {
        await embedded.stop();
      }
    },
    keyFolder: (config) => join(config.dataFolder, 'keys'),
    openArchive: openIntoFolder,
    restore: restoreInstallation,
    restoreKeys,
    environment: process.env,
    terminal: {
      out: (text) => process.stdout.write(text),
      err: (text) => process.stderr.write(redact(text)),
      input: readInput,
      askHidden: process.stdin.isTTY ? askHidden : undefined,
    },
  };
}

/** Everything without a role, for a command while no server runs. Work that the command leaves behind is done by the next server. */
async function openAlone(config: Config, onProgress: (text: string) => void): ReturnType<CommandDeps['openAlone']> {
  const log = createLogger({ level: config.logLevel });
  const { host, port } = config;
  const addresses = knownAddresses({ host, port, publicUrl: config.publicUrl, tls: config.tls !== undefined });
  const publicUrl = addresses.origins[0] ?? '';
  const platform = await openPlatform({
    ...{ config, log, onProgress },
    publicOrigins: () => addresses.origins,
    onWork: () => undefined,
    // A command may be what mends it.
    onUnresolved: onProgress,
  });
  const http = await createHttp(httpDeps(platform, { onRung: () => undefined, addresses: () => addresses }));
  const operator = operatorParts(platform, { address: () => null, publicUrl: () => publicUrl, onTenant: async () => undefined });
  return {
    fetch: http.fetchAs,
    operator,
    async close() {
      await platform.sequencer.drained();
      await platform.close();
    },
  };
}

function prepared(urls: RoleUrls, passwordsFile: string) {
  const { app, engine, sequencer, auth } = urls;
  return {
    roleUrls: {
      FACTOTUM_DATABASE_APP_URL: app,
      FACTOTUM_DATABASE_ENGINE_URL: engine,
      FACTOTUM_DATABASE_SEQUENCER_URL: sequencer,
      FACTOTUM_DATABASE_AUTH_URL: auth,
    },
    passwordsFile,
  };
}

async function readInput(): Promise<Uint8Array> {
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks);
}

/** Resolves when somebody asks the process to stop; a second time ends it at once. */
function stopSignal(): Promise<void> {
  return new Promise((resolve) => {
    const signals = ['SIGINT', 'SIGTERM'] as const;
    const onSignal = () => {
      for (const signal of signals) process.off(signal, onSignal);
      resolve();
    };
    for (const signal of signals) process.on(signal, onSignal);
  });
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}
