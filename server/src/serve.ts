import { isIP } from 'node:net';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createDropFolder, type DropFolder } from '#connector/files';
import type { Engine } from '#engine';
import { type Config, FactotumError, type Logger } from '#kernel';
import { addBackupMetrics } from '#ops/backup';
import { announceDemoMails, dropDemoMails, readDemoMails } from '#ops/demo';
import { createMemoryKeeper } from '#ops/memory';
import { createSampler } from '#ops/status';
import { addConnectionMetrics, addNoticeMetrics, addStorageMetrics, createMetrics } from '#ops/telemetry';
import { createControlServer, holdDataFolder } from '#surface/cli';
import { type Addresses, createHttp, type HttpDeps, knownAddresses } from '#surface/http';
import { createLive } from '#surface/live';
import { quotaRefusals } from '#trust/quota';
import { backupPort } from './backup.ts';
import { createKeepers } from './keepers.ts';
import { operatorParts } from './operator.ts';
import { createTenant, createWorker, openPlatform, type Platform } from './platform.ts';
import { listening, watching } from './start-fault.ts';
import { createToolService } from './tools.ts';

export interface Served {
  /** The address that people open; null when none of the roles listens. */
  readonly url: string | null;
  /** Signs the demo's owner in, once; only where this start made the demo. */
  readonly signInUrl: string | null;
  /** Stops taking in, lets what runs come to a halt, gives everything back. */
  stop(): Promise<void>;
}

const webFolder = join(dirname(fileURLToPath(import.meta.url)), '..', '..', 'web', 'dist');

/**
 * Runs the process's roles until it is stopped. Whatever fails while starting is undone in reverse, so that nothing is left running.
 *
 * @throws FactotumError `server.busy` when another server holds the data folder.
 */
export async function serve(config: Config, log: Logger, onProgress: (text: string) => void): Promise<Served> {
  const undo: (() => Promise<unknown>)[] = [];
  const stop = async () => {
    for (const step of undo.splice(0).reverse()) await step().catch((error) => log.error({ err: error }, 'a part did not stop cleanly'));
  };
  try {
    return { ...(await start(config, log, onProgress, undo)), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function start(
  config: Config,
  log: Logger,
  onProgress: (text: string) => void,
  undo: (() => Promise<unknown>)[],
): Promise<Omit<Served, 'stop'>> {
  const hold = await holdDataFolder(config.dataFolder, { onWait: () => onProgress('Waiting for another process of this data folder.') });
  if (hold.kind === 'served')
    throw new FactotumError('server.busy', `A server runs on ${config.dataFolder} already. Stop it, or use another folder with --data.`);
  undo.push(hold.release);
  const has = (role: Config['roles'][number]) => config.roles.includes(role);

  let engine: Engine | undefined;
  let baseUrl: string | null = null;
  // With port 0 the true one is known once the server listens.
  const { host, publicUrl } = config;
  const addressesAt = (port: number) => knownAddresses({ host, port, publicUrl, tls: config.tls !== undefined });
  let addresses = addressesAt(config.port);
  const platform = await openPlatform({
    config,
    log,
    onProgress,
    publicOrigins: () => addresses.origins,
    onWork: () => engine?.kick(),
  });
  undo.push(() => platform.close());
  await platform.identity.start();
  await platform.keyWatch.start();
  if (has('worker') || has('api')) {
    await platform.sequencer.start();
    undo.push(() => platform.sequencer.stop());
  }
  if (has('api')) platform.singleSignOn.start();
  if (has('worker')) {
    engine = createWorker(platform);
    await engine.start();
    undo.push(async () => engine?.stop());
    for (const keeper of createKeepers(platform)) {
      keeper.start();
      undo.push(async () => keeper.stop());
    }
  }
  if (config.tools.listen !== undefined) {
    const at = config.tools.listen;
    const service = await createToolService(platform);
    const port = await listening({ ...at, settings: { host: 'FACTOTUM_TOOLS_LISTEN', port: 'FACTOTUM_TOOLS_LISTEN' } }, service.listen(at));
    undo.push(() => service.close());
    onProgress(`Tools are served at https://${isIP(at.host) === 6 ? `[${at.host}]` : at.host}:${port}`);
  }
  const drop = has('watcher') ? await watch(platform) : null;
  if (drop !== null) undo.push(() => drop.stop());
  if (has('watcher')) {
    const watcher = platform.createWatcher();
    await watcher.start();
    undo.push(() => watcher.stop());
  }
  const http = await createHttp(
    httpDeps(platform, { onRung: () => engine?.kick(), addresses: () => addresses, running: () => engine?.running ?? 0 }),
  );
  const sampler = createSampler({ ...platform, roles: config.roles, tasksRunning: () => engine?.running ?? 0 });
  sampler.start();
  undo.push(() => sampler.stop());
  if (has('api')) {
    const live = createLive({
      ...platform,
      onPulse: sampler.onSample,
      isOurs: (name) => addresses.isOurs(name),
      connectionsPerAddressMax: config.connections.perAddressMax,
    });
    const port = await listening(config, http.listen({ ...config, onUpgrade: live.onUpgrade }));
    undo.push(() => http.close());
    undo.push(async () => live.close());
    addresses = addressesAt(port);
    baseUrl = addresses.origins[0] ?? null;
  }
  const address = () => baseUrl;
  const operator = operatorParts(platform, {
    address,
    publicUrl: () => addresses.origins[0] ?? '',
    onTenant: async (name) => void (await drop?.prepare(name)),
  });
  const control = createControlServer({ fetch: http.fetchAs, operator, log, dataFolder: config.dataFolder });
  await control.start();
  undo.push(() => control.stop());
  const memory = createMemoryKeeper({ log });
  memory.start();
  undo.push(async () => memory.stop());
  const signInUrl = await makeDemo(platform, drop, (tenantId) => operator.createSignInUrl(tenantId), onProgress);
  return { url: baseUrl, signInUrl };
}

async function watch(platform: Platform): Promise<DropFolder> {
  const { config, intake, fileIntake, identity, log } = platform;
  const drop = createDropFolder({
    root: config.dropFolder,
    intake,
    files: fileIntake,
    findTenant: (name) => identity.findTenant(name),
    listTenants: () => identity.listTenants(),
    log,
  });
  await watching(config, drop.start());
  return drop;
}

/** What the HTTP surface is given: the platform's parts, and what only this process knows. */
export function httpDeps(
  platform: Platform,
  own: { readonly onRung: () => void; readonly addresses: () => Addresses; readonly running?: () => number },
): HttpDeps {
  const { config, sequencer } = platform;
  const metrics = createMetrics({
    tasksRunning: own.running ?? (() => 0),
    auditEntries: () => sequencer.status().entries,
    auditLogsSetAside: () => sequencer.status().setAside.length,
    quotaRefusals,
    keys: platform.keyMetrics,
    keyCache: () => platform.keyring.stats(),
  });
  addBackupMetrics(metrics, platform.backups);
  addStorageMetrics(metrics, platform.storageFigures);
  addConnectionMetrics(metrics, platform.watcherFigures);
  addNoticeMetrics(metrics, platform.notices.faults);
  return {
    ...platform,
    backups: backupPort(platform),
    metrics,
    metricsToken: config.metricsToken,
    webFolder,
    plannerModel: platform.modelName,
    dropFolderOf: ({ name }) => resolve(config.dropFolder, name),
    addresses: own.addresses,
    onRung: own.onRung,
    onAnswered: platform.gauges.answered,
  };
}

/** A data folder without any tenant gets the demo, if it is wanted: tenant, owner, playbooks, and five mails in the watched folder. */
async function makeDemo(
  platform: Platform,
  drop: DropFolder | null,
  signInUrl: (tenantId: Parameters<Platform['identity']['createSignInLink']>[0]) => Promise<string>,
  onProgress: (text: string) => void,
): Promise<string | null> {
  if (!platform.config.demo || (await platform.identity.listTenants()).length > 0) return null;
  onProgress('Making the demo tenant.');
  const tenant = await createTenant(platform, { name: 'demo', actor: 'system:setup', demo: true });
  if (drop !== null) {
    const mails = await readDemoMails(platform.clock);
    await announceDemoMails(platform, tenant.id, mails);
    await dropDemoMails(await drop.prepare(tenant.name), mails);
  }
  return signInUrl(tenant.id);
}
