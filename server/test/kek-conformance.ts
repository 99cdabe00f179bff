import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import { isFactotumError, newId } from '#kernel';
import type { KekProvider, SeedBinding, WrappedSeed } from '#trust/key';
import { createTenantKeys } from '../src/trust/key/tenant-keys.ts';

/** A provider under test, and what its far side can be made to do. Clean-up belongs to `t.after` of the maker. */
export interface KekUnderTest {
  readonly kek: KekProvider;
  /** A provider of the same kind on another key. */
  readonly other: KekProvider;
  /** What no message may contain: tokens, passphrases, keys. */
  readonly secrets: readonly string[];
  /** Makes a new version of the key where it lives, and hands out the provider to use from then on. Absent: a key has one version. */
  readonly rotate?: () => Promise<KekProvider>;
  /** From now on the far side says no: revoked, disabled, no permission. Absent: there is nobody who could. */
  readonly refuse?: () => Promise<void>;
  /** From now on nobody answers. Absent: there is no far side. */
  readonly vanish?: () => Promise<void>;
  /** After `vanish`: answers again, with the same keys. */
  readonly comeBack?: () => Promise<void>;
}

type Reason = 'unreachable' | 'refused' | 'broken';

/** What every provider of key-encryption keys promises. `make` is called once a test. */
export function conformance(name: string, make: (t: TestContext) => Promise<KekUnderTest>): void {
  const promise = (text: string, prove: (made: KekUnderTest, t: TestContext) => Promise<void>) =>
    test(`${name}: ${text}`, async (t) => {
      const made = await make(t);
      await prove(made, t);
      await Promise.all([made.kek.close(), made.other.close()]);
    });
  const binding: SeedBinding = { tenantId: newId('tenant'), generation: 1 };

  /** Fails as `key.unavailable` for one of the reasons, without a word of what must stay secret. */
  const refuses = async (work: Promise<unknown>, reasons: readonly Reason[], { secrets }: KekUnderTest, seed?: Buffer) => {
    await assert.rejects(work, (error: unknown) => {
      assert.ok(isFactotumError(error, 'key.unavailable'), `not key.unavailable: ${error instanceof Error ? error.stack : String(error)}`);
      assert.ok(
        reasons.some((reason) => error.details?.reason === reason),
        `reason ${String(error.details?.reason)} instead of ${reasons.join(' or ')}: ${error.message}`,
      );
      const said = `${error.message} ${JSON.stringify(error.details)}`;
      for (const secret of [...secrets, ...(seed === undefined ? [] : [seed.toString('hex'), seed.toString('base64')])])
        assert.ok(!said.includes(secret), 'the message gives a secret away');
      return true;
    });
  };

  promise('what was wrapped opens to the same seed, and no two wraps are alike', async ({ kek }) => {
    const seed = randomBytes(32);
    const [first, second] = [await kek.wrap(seed, binding), await kek.wrap(seed, binding)];
    assert.deepEqual(await kek.unwrap(first, binding), seed);
    assert.deepEqual(await kek.unwrap(second, binding), seed);
    assert.notDeepEqual(first.wrapped, second.wrapped);
    assert.ok(!first.wrapped.includes(seed), 'the seed lies open in its wrap');
    assert.equal(first.kekId, kek.kekId);
    assert.ok(kek.provider.length > 0 && first.kekId.length > 0 && first.kekVersion.length > 0);
  });

  promise('the seed that was handed in stays as it was', async ({ kek }) => {
    const seed = randomBytes(32);
    const copy = Buffer.from(seed);
    const row = await kek.wrap(seed, binding);
    await kek.rewrap(row, binding);
    assert.deepEqual(seed, copy);
  });

  promise("a row that was moved to another tenant or generation does not open that one's objects", async (made) => {
    const { kek } = made;
    const seed = randomBytes(32);
    const row = await kek.wrap(seed, binding);
    for (const elsewhere of [
      { ...binding, tenantId: newId('tenant') },
      { ...binding, generation: 2 },
    ]) {
      if (kek.capabilities.binds) await refuses(kek.unwrap(row, elsewhere), ['broken'], made, seed);
      else await assertUseless(kek, row, elsewhere);
      if (kek.capabilities.binds) await refuses(kek.rewrap(row, elsewhere), ['broken'], made, seed);
    }
  });

  promise('a row under another key is refused, also when it claims to be ours', async (made) => {
    const { kek, other } = made;
    const row = await kek.wrap(randomBytes(32), binding);
    assert.notEqual(other.kekId, kek.kekId);
    await refuses(other.unwrap(row, binding), ['broken'], made);
    await refuses(other.rewrap(row, binding), ['broken'], made);
    await refuses(other.unwrap({ ...row, kekId: other.kekId }, binding), ['broken', 'refused'], made);
    await refuses(kek.unwrap({ ...row, kekId: 'somebody-else' }, binding), ['broken'], made);
  });

  promise('no changed, cut or lengthened wrap opens', async (made) => {
    const { kek } = made;
    const seed = randomBytes(32);
    const row = await kek.wrap(seed, binding);
    const length = row.wrapped.length;
    const step = Math.max(1, Math.floor(length / 48));
    for (let at = 0; at < length; at += step) {
      const wrapped = Buffer.from(row.wrapped);
      wrapped.writeUInt8(wrapped.readUInt8(at) ^ (1 << (at % 8)), at);
      await refuses(kek.unwrap({ ...row, wrapped }, binding), ['broken'], made, seed);
    }
    for (const cut of [0, 1, Math.floor(length / 2), length - 1])
      await refuses(kek.unwrap({ ...row, wrapped: row.wrapped.subarray(0, cut) }, binding), ['broken'], made, seed);
    await refuses(kek.unwrap({ ...row, wrapped: Buffer.concat([row.wrapped, Buffer.of(0)]) }, binding), ['broken'], made, seed);
  });

  promise('only seeds of 32 bytes are wrapped', async ({ kek }) => {
    for (const length of [0, 16, 31, 33, 64]) await assert.rejects(kek.wrap(randomBytes(length), binding), RangeError);
  });

  promise('a rewrapped seed opens under the newest version, and the old row stays good', async ({ kek }) => {
    const seed = randomBytes(32);
    const row = await kek.wrap(seed, binding);
    const fresh = await kek.rewrap(row, binding);
    assert.equal(fresh.kekId, kek.kekId);
    assert.equal(fresh.kekVersion, (await kek.health()).kekVersion);
    assert.deepEqual(await kek.unwrap(fresh, binding), seed);
    assert.deepEqual(await kek.unwrap(row, binding), seed);
  });

  promise('after the key was rotated old rows open, new ones and rewrapped ones are under the new version', async (made, t) => {
    if (made.rotate === undefined) return t.skip('a key of this provider has one version');
    const seed = randomBytes(32);
    const row = await made.kek.wrap(seed, binding);
    const rotated = await made.rotate();
    t.after(() => rotated.close());
    assert.equal(rotated.kekId, row.kekId);
    assert.deepEqual(await rotated.unwrap(row, binding), seed);
    const { kekVersion } = await rotated.health();
    assert.notEqual(kekVersion, row.kekVersion);
    assert.equal((await rotated.wrap(seed, binding)).kekVersion, kekVersion);
    const fresh = await rotated.rewrap(row, binding);
    assert.equal(fresh.kekVersion, kekVersion);
    assert.deepEqual(await rotated.unwrap(fresh, binding), seed);
    await refuses(
      rotated.unwrap({ ...row, wrapped: Buffer.from(row.wrapped).fill(0, row.wrapped.length - 4) }, binding),
      ['broken'],
      made,
      seed,
    );
  });

  promise('calls side by side do not disturb each other', async ({ kek }) => {
    const work = Array.from({ length: 24 }, (_, index) => ({
      seed: randomBytes(32),
      binding: { tenantId: newId('tenant'), generation: index + 1 },
    }));
    const rows = await Promise.all(work.map((one) => kek.wrap(one.seed, one.binding)));
    const opened = await Promise.all(work.map((one, index) => kek.unwrap(at(rows, index), one.binding)));
    for (const [index, one] of work.entries()) assert.deepEqual(opened[index], one.seed);
  });

  promise('health names the version that wraps', async ({ kek }) => {
    const { kekVersion, latencyMs } = await kek.health();
    assert.equal((await kek.wrap(randomBytes(32), binding)).kekVersion, kekVersion);
    assert.ok(Number.isFinite(latencyMs) && latencyMs >= 0);
  });

  promise('a closed provider refuses everything, and may be closed twice', async (made) => {
    const { kek } = made;
    const row = await kek.wrap(randomBytes(32), binding);
    await kek.close();
    await kek.close();
    const any = ['unreachable', 'refused', 'broken'] as const;
    await refuses(kek.wrap(randomBytes(32), binding), any, made);
    await refuses(kek.unwrap(row, binding), any, made);
    await refuses(kek.rewrap(row, binding), any, made);
    await refuses(kek.health(), any, made);
  });

  promise('a far side that says no is named as refusing', async (made, t) => {
    if (made.refuse === undefined) return t.skip('nobody could say no');
    const seed = randomBytes(32);
    const row = await made.kek.wrap(seed, binding);
    await made.refuse();
    await refuses(made.kek.unwrap(row, binding), ['refused'], made, seed);
    await refuses(made.kek.wrap(seed, binding), ['refused'], made, seed);
    await refuses(made.kek.rewrap(row, binding), ['refused'], made, seed);
    await refuses(made.kek.health(), ['refused'], made, seed);
  });

  promise('a far side that is gone is named as unreachable, and is used again when it is back', async (made, t) => {
    const { kek, vanish, comeBack } = made;
    if (vanish === undefined) return t.skip('there is no far side');
    const seed = randomBytes(32);
    const row = await kek.wrap(seed, binding);
    await vanish();
    await refuses(kek.unwrap(row, binding), ['unreachable'], made, seed);
    await refuses(kek.wrap(seed, binding), ['unreachable'], made, seed);
    await refuses(kek.health(), ['unreachable'], made, seed);
    if (comeBack === undefined) return;
    await comeBack();
    assert.deepEqual(await kek.unwrap(row, binding), seed);
    assert.deepEqual(await kek.unwrap(await kek.wrap(seed, binding), binding), seed);
  });
}

/** A provider that does not know what a row is bound to may open a moved one: then the objects of its new place do not open with it. */
async function assertUseless(kek: KekProvider, row: WrappedSeed, elsewhere: SeedBinding): Promise<void> {
  const ref = { kind: 'note', id: 'one' };
  const right = keysFrom(elsewhere, randomBytes(32));
  const sealed = right.seal('content', ref, Buffer.from('what only its own seed opens'));
  const moved = keysFrom(elsewhere, await kek.unwrap(row, elsewhere));
  assert.throws(
    () => moved.open('content', ref, sealed),
    (error: unknown) => isFactotumError(error, 'seal.broken'),
  );
  for (const keys of [right, moved]) keys.close();
}

function at<T>(items: readonly T[], index: number): T {
  const item = items[index];
  assert.ok(item !== undefined);
  return item;
}

const keysFrom = ({ tenantId, generation }: SeedBinding, seed: Buffer) =>
  createTenantKeys(tenantId, { seeds: new Map([[generation, seed]]), current: generation });
