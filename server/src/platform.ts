import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { createDocumentReader } from '#connector/document';
import { createEngine, type Engine, type TaskHandler } from '#engine';
import { readCalendarMail } from '#flow/agenda';
import { createAdmission, createIntake } from '#flow/intake';
import { createNotices } from '#flow/notice';
import { createModelPlanner, createOwnModels, createPlanning } from '#flow/plan';
import { createRunner, createTenantContexts } from '#flow/run';
import type { Tool, ToolCatalogue } from '#flow/tool';
import { type Clock, type Config, type Id, type Logger, type Poller, systemClock } from '#kernel';
import { assertWalls, openDatabase, withTenant } from '#kernel/database';
import { createPostman } from '#kernel/mail';
import { registerSecret } from '#kernel/redact';
import { countStorage, openStorage } from '#kernel/storage';
import { createArchives } from '#ops/archive';
import { createBackups } from '#ops/backup';
import { readDemo, removeDemo } from '#ops/demo';
import { createLoginRotation } from '#ops/logins';
import { createGauges } from '#ops/status';
import { createKeyMetrics } from '#ops/telemetry';
import { createAccessLog, createSequencer, recordAudit } from '#trust/audit';
import { blobTarget, createBlobs } from '#trust/blob';
import { createCertificates } from '#trust/certificate';
import { createEncryption, type EncryptionOptions } from '#trust/encryption';
import { createClientAddress, createIdentity, createSingleSignOn, type TxtLookup } from '#trust/identity';
import { createKeyGenerations, createKeyring, createKeyWatch, createRemoveRemains } from '#trust/key';
import { createPolicyEngine, useGrant } from '#trust/policy';
import { createModelBudget, createQuotaKeeper, createRequestLimits, type ModelBudget } from '#trust/quota';
import { createRegistrations } from '#trust/registration';
import { createSecretUnits, type Referrer, type SecretScope, usersByName } from '#trust/secret';
import { createFiles } from '#trust/vault';
import { createPlatformAgenda } from './agenda.ts';
import { backupDeps } from './backup.ts';
import { readMoney } from './briefing.ts';
import { createPlatformConnections } from './connections.ts';
import { createTenant, type NewCustomer } from './customer.ts';
import { databaseLogins } from './database-logins.ts';
import { createPlatformFiles, folderRoots } from './files.ts';
import { openKeys, pushKeySeal } from './keys.ts';
import { createPlatformLedger } from './ledger.ts';
import { createTools, type ToolDeps } from './own-tools.ts';
import { createMailedOwners } from './owners.ts';
import { createPlatformQuotas } from './quota.ts';
import { createRotation } from './rotation.ts';
import { modelReferences, openSecrets, resolveEarly, withHolders } from './secrets.ts';
import { openToolServers, routedHost, toolServerReferences } from './tool-servers.ts';
import { createVaultMemory } from './vault.ts';

export { createTenant, type NewCustomer } from './customer.ts';
export type { ToolDeps } from './own-tools.ts';

export interface PlatformOptions {
  readonly config: Config;
  readonly log: Logger;
  /** Says what is going on when something takes longer than a person likes to wait in silence. */
  readonly onProgress: (text: string) => void;
  /** Origins that browsers may call from; the first decides about secure cookies. A function, since the port may be found late. */
  readonly publicOrigins: () => readonly string[];
  /** Called after each commit that made work for the engine. */
  readonly onWork: (tenantId: Id<'tenant'>) => void;
  /** Other tools than our own, for whoever builds on the platform. */
  readonly tools?: (deps: ToolDeps) => Tool[];
  /** Another pace of rotations than everyday's. */
  readonly rotation?: Pick<EncryptionOptions, 'settleMs' | 'pace'>;
  /** Told of settings whose secret is not to be had, which then stay without. Left out: that ends the start. */
  readonly onUnresolved?: (fault: string) => void;
  /** Another resolver than the system's, for proofs of domains. */
  readonly lookupTxt?: TxtLookup;
}

export type Platform = Awaited<ReturnType<typeof openPlatform>>;

/**
 * Everything of one process that is the same whatever it does: database, keys, identity, audit, the parts of the flow.
 * Nothing listens and nothing is claimed yet; `close` gives everything back in reverse.
 */
export async function openPlatform(options: PlatformOptions) {
  const { log } = options;
  const clock: Clock = systemClock;
  const early = await resolveEarly(options.config, { clock, log });
  await mkdir(early.dataFolder, { recursive: true, mode: 0o700 });
  const { urls, ownerUrl, embedded, passwords } = await databaseLogins({ ...options, config: early });
  for (const url of Object.values(urls)) registerSecret(url);
  const database = openDatabase(urls, { log });
  let closeKeys: () => Promise<void> = async () => undefined;
  try {
    for (const role of [database.app, database.engine, database.sequencer, database.auth]) await assertWalls(role);
    const keyMetrics = createKeyMetrics();
    const {
      keks,
      files: keyFiles,
      folder,
      installation,
      auditor,
    } = await openKeys({ config: early, database, clock, observer: keyMetrics });
    closeKeys = keks.close;
    const identity = await createIdentity({
      auth: database.auth,
      publicOrigins: options.publicOrigins,
      secretFile: join(folder, 'session.secret'),
      keyFiles,
      clock,
      log,
    });
    const keyring = createKeyring({ db: database.app.db, keks, clock, ttlMs: early.keys.cacheSeconds * 1_000 });
    await keyring.prove((await identity.listTenants()).map(({ id }) => id));
    const inSecretUnit = createSecretUnits({ database, keyring, installation });
    const { onUnresolved } = options;
    const opened = await openSecrets(early, { inUnit: inSecretUnit, clock, log, ...(onUnresolved === undefined ? {} : { onUnresolved }) });
    const { config, resolver: secretResolver } = opened;
    const postman = createPostman(config.mail);
    const singleSignOn = createSingleSignOn({
      auth: database.auth,
      keyring,
      secrets: secretResolver,
      publicOrigins: options.publicOrigins,
      allowHosts: config.ssoAllowHosts,
      onDomainLost: ({ tenantId, providerId }) =>
        withTenant(database.app.db, tenantId, (tx) =>
          recordAudit(tx, tenantId, [
            { kind: 'sso.changed', actor: 'system:sso', at: clock.now(), objectId: providerId, detail: { change: 'domain_lost' } },
          ]),
        ),
      clock,
      log,
      ...(options.lookupTxt === undefined ? {} : { lookupTxt: options.lookupTxt }),
    });
    const referrers: Referrer[] = [
      async (scope) => (scope === 'installation' ? [] : singleSignOn.references(scope)),
      async (scope) => (scope === 'installation' ? [] : modelReferences({ database, keyring }, scope)),
      async (scope) =>
        scope === 'installation' ? early.secrets.references.map(({ setting, reference }) => ({ reference, by: `setting ${setting}` })) : [],
    ];
    const sequencer = createSequencer({ database, keyring, clock, log, ttlMs: early.keys.cacheSeconds * 1_000 });
    const gauges = createGauges({
      pools: [database.app, database.engine, database.sequencer, database.auth].map(({ pool }) => pool),
      auditEntries: () => sequencer.status().entries,
      clock,
    });
    const { storage, figures: storageFigures } = countStorage(await openStorage(config.storage, { clock }), clock);
    const blobs = createBlobs({ app: database.app, storage, installation, clock });
    const vaultFiles = createFiles({ app: database.app, blobs, keysOf: (tenantId) => keyring.of(tenantId) });
    const vaultMemory = createVaultMemory({ database, keysOf: keyring.of, files: vaultFiles });
    const keyWatch = createKeyWatch({
      engine: database.engine,
      keyring: withHolders(keyring, sequencer, [
        vaultMemory.vaultTrees,
        vaultMemory.vaultSearch,
        secretResolver,
        singleSignOn,
        // Made further down; nothing is revoked before somebody looks.
        { forget: (tenantId) => ownModels.forget(tenantId) },
      ]),
      clock,
      log,
    });
    const removeRemains = createRemoveRemains({ ownerUrl, superuserUrl: embedded?.superuserUrl ?? null, log });
    const encryption = createEncryption({
      ...{ database, keyring, keks, installation, removeRemains, clock },
      installationKek: keks.installation,
      generations: createKeyGenerations({ db: database.app.db, keks }),
      cacheSeconds: config.keys.cacheSeconds,
      keyBackupDays: config.backup.keysKeepDays,
      targets: [blobTarget({ app: database.app, blobs })],
      onEntries: () => sequencer.kick(),
      onRevoked: () => void keyWatch.look().catch((error: unknown) => log.debug({ err: error }, 'keys: could not look for revocations')),
      ...options.rotation,
    });
    const archives = createArchives({
      database,
      keyring,
      blobs,
      auditor,
      installation,
      identity,
      sequencer,
      clock,
      onWork: options.onWork,
    });
    const backups = createBackups(backupDeps({ config, ownerUrl, database, installation, clock, log }));
    const loginRotation = createLoginRotation({ passwords, engine: database.engine, installation, clock, log });
    const accessLog = createAccessLog({ database, log, onFlushed: () => sequencer.kick() });
    const certificates = createCertificates({ auth: database.auth, installation, clock, log });
    const rotation = createRotation({
      ...{ database, keyring, installation, identity, certificates, clock, log },
      inUnit: inSecretUnit,
      resolver: secretResolver,
    });
    const policies = createPolicyEngine();
    const quotas = createPlatformQuotas({ database, clock, onWork: options.onWork });
    const readDocumentOf = createDocumentReader({ atOnceMax: config.documentReaders });
    const intake = createIntake({
      database,
      keysOf: keyring.of,
      clock,
      admit: createAdmission({ database, quotas }),
      readDocumentOf,
      readCalendar: readCalendarMail,
      onAccepted: options.onWork,
    });
    const ledger = createPlatformLedger({ database, keysOf: keyring.of, intake, readDocumentOf, clock, log });
    const fileIntake = createPlatformFiles({ database, keysOf: keyring.of, intake, readDocumentOf, files: vaultFiles, clock, ledger });
    const calendars = createPlatformAgenda({ database, keysOf: keyring.of, clock });
    const watching = await createPlatformConnections(config, {
      agenda: calendars.agenda,
      folder: { files: fileIntake, rootsOf: (tenantId) => folderRoots(config, identity, tenantId) },
      database,
      keysOf: keyring.of,
      secrets: secretResolver,
      quotas,
      intake,
      clock,
      log,
    });
    const { connections, network } = watching;
    const publicOrigin = () => options.publicOrigins()[0] ?? '';
    const notices = createNotices({
      ...{ database, keysOf: keyring.of, network, postman, sequencer, clock, log },
      pushKeySeal: pushKeySeal(installation),
      listTenants: () => identity.listTenants(),
      origin: publicOrigin,
      mailFrom: config.mail?.from,
    });
    referrers.push(async (scope) => (scope === 'installation' ? [] : connections.references(scope)));
    const tools = await createTools(options, {
      ...{ database, connections, postman, readMoney, certificates, clock, ...calendars },
      files: vaultFiles,
      keysOf: keyring.of,
      ownersOf: createMailedOwners(database),
    });
    const toolServers = openToolServers({ config, database, keysOf: keyring.of, resolver: secretResolver, clock, log });
    referrers.push(async (scope) => (scope === 'installation' ? [] : toolServerReferences({ database, keysOf: keyring.of }, scope)));
    const budget = createModelBudget({ db: database.app.db, clock });
    const model = createModel(config, tools.catalogue, log, budget);
    const ownModels = createOwnModels({
      ...{ catalogue: tools.catalogue, budget, log },
      allowHosts: config.modelAllowHosts,
      resolveSecret: (tenantId, reference) => secretResolver.resolve(tenantId, reference),
    });
    const planning = createPlanning({ catalogue: tools.catalogue, model, ownModels });
    const spendGrant = (tenantId: Id<'tenant'>, grantId: string, now: Date) =>
      // The gate names only grants that it was given, so the id is one of ours.
      withTenant(database.app.db, tenantId, (tx) => useGrant(tx, { tenantId, grantId: grantId as Id<'grant'>, now }));
    const runTools = {
      catalogue: tools.catalogue,
      policies,
      host: routedHost(tools.host, toolServers),
      clock,
      spendGrant,
      whoMayDecide: identity.whoMayDecide,
      contextOf: createTenantContexts({ database, keysOf: keyring.of }),
    };

    return {
      config,
      log,
      clock,
      database,
      ownerUrl,
      identity,
      singleSignOn,
      postman,
      keyring,
      keks,
      keyMetrics,
      keyWatch,
      encryption,
      removeRemains,
      rotation,
      quotas,
      requestLimits: createRequestLimits({ db: database.app.db, auth: database.auth, clock, quotas, perAddress: config.rateLimits }),
      clientAddress: createClientAddress(config.trustedProxies, config.clientAddressHeader),
      auditor,
      installation,
      registrations: createRegistrations({
        ...{ postman, clock, log },
        rule: config.registration,
        auth: database.auth,
        origin: () => options.publicOrigins()[0] ?? '',
        isTaken: async (name) => (await identity.findTenant(name)) !== null,
        createTenant: (customer) => createTenant({ database, identity, keyring, auditor, clock }, customer),
        createSignInLink: (tenantId, email) => identity.createSignInLink(tenantId, email),
      }),
      createTenant: (customer: NewCustomer) => createTenant({ database, identity, keyring, auditor, clock }, customer),
      sequencer,
      demo: { read: readDemo, remove: removeDemo },
      gauges,
      storage,
      storageFigures,
      blobs,
      vaultFiles,
      ...vaultMemory,
      archives,
      backups,
      loginRotation,
      accessLog,
      catalogue: tools.catalogue,
      tools: tools.tools,
      toolServers,
      certificates,
      planning,
      ownModels,
      secretResolver,
      inSecretUnit,
      secretUsers: (scope: SecretScope) => usersByName(referrers, scope),
      /** Everything of a scope that refers to a secret. */
      secretReferences: async (scope: SecretScope) => (await Promise.all(referrers.map((ask) => ask(scope)))).flat(),
      /** Settings that refer to secrets, as they were given. */
      settingReferences: options.config.secrets.references,
      intake,
      fileIntake,
      ledger,
      ...calendars,
      connections,
      network,
      notices,
      /** Where people open us. */
      publicOrigin,
      createWatcher: watching.createWatcher,
      watcherFigures: watching.watcherFigures,
      runTools,
      modelName: config.model?.name ?? null,
      async close() {
        gauges.close();
        await keyWatch.stop();
        await singleSignOn.stop();
        await identity.stop();
        postman.close();
        await planning.close();
        await toolServers.close();
        await tools.host.close();
        await connections.close();
        await secretResolver.close();
        await storage.close();
        keyring.close();
        await closeKeys();
        await database.close();
        await embedded?.stop();
      },
    };
  } catch (error) {
    await closeKeys();
    await database.close();
    await embedded?.stop();
    throw error;
  }
}

/** The worker of this process: takes tasks of every tenant and moves them. Not started yet. */
export function createWorker(platform: Platform): Engine {
  const { database, keyring, clock, log, config, planning, runTools, sequencer, gauges } = platform;
  const run = createRunner({ tools: runTools, keysOf: keyring.of, planning });
  // A task that is given back is news: its entries are numbered now, not at the sequencer's next look, so that the feed tells of it.
  const handler: TaskHandler = (lease) =>
    run({
      ...lease,
      async commit(transition) {
        const committed = await lease.commit(transition);
        if (transition.release === true) sequencer.kick();
        if (committed.kind === 'committed' && transition.progress?.finishedAt != null) gauges.taskEnded();
        return committed;
      },
    });
  return createEngine({ database: database.engine, clock, log, handler, slots: config.workerSlots });
}

/** Gives and mails alerts about quotas that nobody counts on the way. Not started yet. */
export function createAlerter({ database, clock, log, postman }: Platform): Poller {
  return createQuotaKeeper({ database, clock, log, postman, ownersOf: createMailedOwners(database) });
}

/** The operator's model, or null: then what no playbook knows waits for a person. */
function createModel({ model }: Config, catalogue: ToolCatalogue, log: Logger, budget: ModelBudget) {
  if (model === undefined) return null;
  const { provider, name, url, key, timeoutMs } = model;
  return createModelPlanner({ provider, model: name, url, key, timeoutMs, setBy: 'operator', catalogue, budget, log });
}
