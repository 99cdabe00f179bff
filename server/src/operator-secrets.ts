import { FactotumError, isFactotumError } from '#kernel';
import { redact } from '#kernel/redact';
import type { Finding, OperatorSecrets } from '#surface/cli';
import { startRotation } from '#trust/rotation';
import {
  createSecret,
  deleteSecret,
  findSecret,
  listSecrets,
  openSecret,
  parseReference,
  replaceValue,
  type Secret,
  type SecretKind,
  type SecretScope,
  type SecretUnit,
  secretKinds,
  setRotation,
} from '#trust/secret';
import type { Platform } from './platform.ts';

/** Tenants whose secrets are looked at; beyond, the most recent are enough to see that the stores answer. */
const tenantsMax = 200;

/** The installation's own secrets, for the operator at the machine. They are about no tenant, so what is done with them is logged. */
export function operatorSecrets(platform: Platform): OperatorSecrets {
  const { inSecretUnit, secretResolver, secretUsers, clock, log } = platform;
  const own = <R>(work: (unit: SecretUnit) => Promise<R>) => inSecretUnit('installation', work);
  const done = (act: string, actor: string, name: string) => {
    secretResolver.forget('installation');
    log.warn({ actor, secret: name }, `a secret of the installation was ${act}`);
  };
  return {
    async list() {
      const [secrets, users] = [await own(listSecrets), await secretUsers('installation')];
      return secrets.map((secret) => present(secret, users.get(secret.name) ?? [], clock.now()));
    },
    async set({ name, kind, value, reference, rotateAfterDays }, actor) {
      const at = clock.now();
      const made = await own(async (unit) => {
        const before = await findSecret(unit, name);
        if (before === null) {
          if (value === undefined && reference === undefined) throw new FactotumError('request.invalid', 'Send a value or a reference.');
          const content = reference === undefined ? { value: value ?? '' } : { reference };
          return createSecret(unit, { name, kind: kindOf(kind), content, rotateAfterDays, actor, at });
        }
        if (value === undefined)
          throw new FactotumError(
            'secret.exists',
            `There is a secret named ${name}. Delete it first to say that its value lies elsewhere.`,
          );
        if (rotateAfterDays !== undefined) await setRotation(unit, before.id, { rotateAfterDays, at });
        return replaceValue(unit, before.id, { value, ifVersion: before.version, actor, at });
      });
      done('set', actor, name);
      return { id: made.id, version: made.version };
    },
    async rotate(name, { value, graceMs }, actor) {
      const found = await own((unit) => findSecret(unit, name));
      if (found === null) throw new FactotumError('secret.not_found', `There is no such secret: ${name}.`);
      const jobId = await startRotation(platform.rotation, { scope: 'installation', id: found.id, value, graceMs, actor });
      log.warn({ actor, secret: name }, 'the rotation of a secret of the installation was ordered');
      return { jobId };
    },
    async remove(name, actor) {
      const users = await secretUsers('installation');
      await own(async (unit) => {
        const found = await findSecret(unit, name);
        if (found === null) throw new FactotumError('secret.not_found', `There is no such secret: ${name}.`);
        await deleteSecret(unit, found.id, async () => users.get(name) ?? []);
      });
      done('deleted', actor, name);
    },
    async take(items, actor) {
      const at = clock.now();
      const taken = await own(async (unit) => {
        const kept: { name: string; version: number }[] = [];
        for (const { name, value } of items) {
          const { id, version, rotateAfterDays } = await keep(unit, { name, value, actor, at });
          // It lay in clear: it should be replaced where it was issued.
          await setRotation(unit, id, { rotateAfterDays, at, isDue: true });
          kept.push({ name, version });
        }
        return kept;
      });
      for (const { name, value } of items) {
        const { content } = await own((unit) => openSecret(unit, { name }));
        if (!('value' in content) || content.value !== value)
          throw new FactotumError('seal.broken', `${name} was not read back as it was stored.`);
        done('imported', actor, name);
      }
      return taken;
    },
    examine: () => examine(platform),
  };
}

async function keep(
  unit: SecretUnit,
  { name, value, actor, at }: { name: string; value: string; actor: string; at: Date },
): Promise<Secret> {
  const before = await findSecret(unit, name);
  if (before === null) return createSecret(unit, { name, content: { value }, actor, at });
  const { content } = await openSecret(unit, { name });
  if ('value' in content && content.value === value) return before;
  return replaceValue(unit, before.id, { value, ifVersion: before.version, actor, at });
}

function kindOf(kind: string | undefined): SecretKind | undefined {
  const found = secretKinds.find((one) => one === kind);
  if (kind !== undefined && found === undefined)
    throw new FactotumError('request.invalid', `A secret is of one of these kinds: ${secretKinds.join(', ')}.`);
  return found;
}

async function examine(platform: Platform): Promise<Finding[]> {
  const { inSecretUnit, secretReferences, settingReferences, identity, clock } = platform;
  const findings: Finding[] = [];
  const tenants = (await identity.listTenants()).toSorted((one, other) => other.createdAt.getTime() - one.createdAt.getTime());
  const scopes: { scope: SecretScope; whose: string }[] = [
    { scope: 'installation', whose: 'the installation' },
    ...tenants.slice(0, tenantsMax).map(({ id, name }) => ({ scope: id, whose: name })),
  ];
  let resolved = 0;
  for (const { scope, whose } of scopes) {
    for (const { reference, by } of await secretReferences(scope)) {
      const fault = await faultOf(platform, scope, reference);
      if (fault === null) resolved += 1;
      else findings.push({ check: `secrets of ${whose}`, state: 'fail', text: `${by}: ${fault}`, fix: mend(scope, whose, reference) });
    }
    const due = (await inSecretUnit(scope, listSecrets)).filter(({ rotateAt }) => rotateAt !== null && rotateAt <= clock.now());
    if (due.length > 0)
      findings.push({
        check: `secrets of ${whose}`,
        state: 'warn',
        text: `due to be replaced: ${due.map(({ name }) => name).join(', ')}`,
        fix: 'Make a new value where it was issued, then: factotum secret set NAME',
      });
  }
  const shown = [...process.execArgv, ...process.argv].some((word) => redact(word) !== word);
  if (shown)
    findings.push({
      check: 'command line',
      state: 'fail',
      text: 'holds a secret, which every user of this machine can read',
      fix: 'Set it as a setting that refers to it, and start again.',
    });
  const all = `${resolved} of ${resolved + findings.filter(({ state }) => state === 'fail').length} references resolve`;
  return findings.length > 0
    ? findings
    : [{ check: 'secrets', state: 'ok', text: `${all}, ${settingReferences.length} of them in settings; none is due to be replaced` }];
}

async function faultOf({ secretResolver }: Platform, scope: SecretScope, reference: string): Promise<string | null> {
  try {
    await secretResolver.resolve(scope, reference);
    return null;
  } catch (error) {
    if (isFactotumError(error)) return error.message;
    throw error;
  }
}

function mend(scope: SecretScope, whose: string, reference: string): string {
  const { store, name } = parseReference(reference);
  if (store !== 'db') return `See that the store ${store} answers and has it; docs/secrets.md says how it is reached.`;
  return `factotum secret set ${name} ${scope === 'installation' ? '--installation' : `--tenant ${whose}`}`;
}

function present({ id, name, kind, reference, version, rotateAt, lastUsedAt }: Secret, usedBy: readonly string[], now: Date) {
  const state: 'due' | 'current' = rotateAt !== null && rotateAt <= now ? 'due' : 'current';
  return {
    ...{ id, name, kind, version, usedBy, state },
    store: reference === null ? 'db' : parseReference(reference).store,
    rotateAfter: rotateAt?.toISOString() ?? null,
    lastUsedAt: lastUsedAt?.toISOString() ?? null,
  };
}
