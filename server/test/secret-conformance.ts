import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { type ErrorCode, isFactotumError } from '#kernel';
import type { SecretStore } from '#trust/secret';

/** A store under test, and what its far side can be made to do. Clean-up belongs to `t.after` of the maker. */
export interface StoreUnderTest {
  readonly store: SecretStore;
  /** A name as the store takes it, made of a word of small letters. */
  readonly nameOf: (word: string) => string;
  /** Puts a value as whoever runs the store would, where the store itself is only read. */
  readonly place?: (name: string, value: string) => Promise<void>;
  /** From now on the far side says no. */
  readonly refuse?: () => Promise<void> | void;
  /** From now on nobody answers. */
  readonly vanish?: () => Promise<void> | void;
  /** From now on it says yes and sends something else. */
  readonly lie?: () => void;
  /** Credentials that no message may contain. */
  readonly secrets: readonly string[];
  /** Whether two who put at the same moment are told of each other. */
  readonly isAtomic: boolean;
  /** The largest value that it takes, in bytes, where that is less than what we take. */
  readonly bytesMax?: number;
}

const canary = 'canary-value-that-must-not-be-said';

/** What every store of secrets promises. `make` is called once a test. */
export function secretConformance(kind: string, make: (t: TestContext) => Promise<StoreUnderTest>): void {
  const promise = (text: string, prove: (made: StoreUnderTest) => Promise<void>) =>
    test(`${kind}: ${text}`, async (t) => {
      const made = await make(t);
      await prove(made);
      await made.store.close();
    });
  const put = async ({ store, place }: StoreUnderTest, name: string, value: string): Promise<void> => {
    if (place === undefined) await store.put(name, value, (await store.get(name))?.version ?? null);
    else await place(name, value);
  };
  const refuses = (work: Promise<unknown>, code: ErrorCode, { secrets }: StoreUnderTest) =>
    assert.rejects(work, (error: unknown) => {
      assert.ok(isFactotumError(error, code), `not ${code}: ${error instanceof Error ? error.stack : String(error)}`);
      const said = `${error.message} ${JSON.stringify(error.details)}`;
      for (const secret of [canary, ...secrets]) assert.ok(!said.includes(secret), 'the message gives a secret away');
      return true;
    });

  promise('what was put is got, whatever characters are in it', async (made) => {
    const values = [
      'x',
      'line\nline',
      `  ${'ü'.repeat(50)} "quoted" \\ 😀\t`,
      '{"user":"robot","n":1}',
      'a'.repeat(made.bytesMax ?? 65_536),
    ];
    for (const [number, value] of values.entries()) {
      const name = made.nameOf(`value${number}`);
      await put(made, name, value);
      assert.equal((await made.store.get(name))?.value, value);
    }
  });

  promise('what is not there is null', async ({ store, nameOf }) => {
    assert.equal(await store.get(nameOf('nothing')), null);
  });

  promise('a new value is another version', async (made) => {
    const name = made.nameOf('changing');
    await put(made, name, 'one value');
    const first = await made.store.get(name);
    await put(made, name, 'another value');
    const second = await made.store.get(name);
    assert.equal(second?.value, 'another value');
    assert.notEqual(second?.version, first?.version);
  });

  promise('names that begin alike are listed, in order, over all pages', async (made) => {
    const names = ['list-a', 'list-b', 'list-c', 'list-d', 'list-e'].map(made.nameOf);
    for (const name of [...names, made.nameOf('other')]) await put(made, name, canary);
    assert.deepEqual(await made.store.list(made.nameOf('list-')), names.toSorted());
  });

  promise('puts only over the version that one has seen, or where there is none', async (made) => {
    const { store, nameOf } = made;
    if (!store.isWritable) return refuses(store.put(nameOf('new'), canary, null), 'secret.unavailable', made);
    const name = nameOf('guarded');
    await refuses(store.put(name, canary, '1'), 'secret.not_found', made);
    const { version } = await store.put(name, 'one', null);
    await refuses(store.put(name, canary, null), 'secret.exists', made);
    const next = await store.put(name, 'two', version);
    await refuses(store.put(name, canary, version), 'secret.changed', made);
    assert.deepEqual(await store.get(name), { value: 'two', version: next.version });
  });

  promise('of two who put over the same version, one is told', async (made) => {
    const { store, nameOf, isAtomic } = made;
    if (!store.isWritable || !isAtomic) return;
    const name = nameOf('raced');
    const { version } = await store.put(name, 'one', null);
    const ended = await Promise.allSettled(['two', 'three', 'four'].map((value) => store.put(name, value, version)));
    assert.equal(ended.filter(({ status }) => status === 'fulfilled').length, 1);
    for (const one of ended) if (one.status === 'rejected') assert.ok(isFactotumError(one.reason, 'secret.changed'), String(one.reason));
  });

  promise('what is destroyed is gone, and its name is free', async (made) => {
    const { store, nameOf } = made;
    if (!store.isWritable) return refuses(store.destroy(nameOf('old')), 'secret.unavailable', made);
    const name = nameOf('old');
    await refuses(store.destroy(name), 'secret.not_found', made);
    await store.put(name, canary, null);
    await store.destroy(name);
    assert.equal(await store.get(name), null);
    await store.put(name, 'new value', null);
    assert.equal((await store.get(name))?.value, 'new value');
  });

  for (const [what, act] of [
    ['refuses', 'refuse'],
    ['does not answer', 'vanish'],
    ['answers something else', 'lie'],
  ] as const)
    promise(`a far side that ${what} is secret.unavailable, without a word of what must stay secret`, async (made) => {
      const happen = made[act];
      if (happen === undefined) return;
      const name = made.nameOf('kept');
      await put(made, name, canary);
      await happen();
      await refuses(made.store.get(name), 'secret.unavailable', made);
    });
}
