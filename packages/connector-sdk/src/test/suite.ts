import assert from 'node:assert/strict';
import { afterEach, describe, test } from 'node:test';
import type { Arrival, HookRequest, JsonObject } from '../connector.ts';
import { type ConnectorFault, type FaultKind, isConnectorFault } from '../fault.ts';
import { type AnyConnector, createHost, type Host, type HostOptions, idOf } from './host.ts';

/**
 * The contract that every connector keeps, as tests. In a test file of its own, run by `node --test`:
 *
 *     import { testConnector } from '@factotum/connector-sdk/test';
 *     import { myConnector } from './my-connector.ts';
 *
 *     testConnector({
 *       connector: myConnector,
 *       // A fresh far side for each test: a small server in this process that speaks the real protocol, or a real one.
 *       async start() {
 *         const server = await startFakeServer();
 *         return {
 *           settings: { url: server.url },
 *           credentials: { token: 'right-token' },
 *           badCredentials: { token: 'wrong-token' },
 *           add: (count) => server.add(count),            // things arrive over there
 *           limit: (seconds) => server.limit(seconds),    // 429 with Retry-After, until null
 *           expireCursor: () => server.forgetCursors(),   // where cursors can expire
 *           hang: (hangs) => server.hang(hangs),          // takes calls and does not answer
 *           push: (how) => server.signedPush(how),        // where the connector has `hook`
 *           stop: () => server.close(),
 *         };
 *       },
 *     });
 *
 * What the far side cannot do is left out, and its test is skipped with that as the reason; `settings`, `credentials`, `add` and `stop` are
 * always there. A connector of the product uses it the same way, beside its own tests: servers at 127.0.0.1 are reached, as the suite's host
 * guards nothing. Credentials should have eight characters or more, so that the suite can look for them in what is said and logged.
 */
export interface ContractOptions {
  readonly connector: AnyConnector;
  start(): Promise<FarSide>;
  /** How long an aborted poll may take to end, in milliseconds. */
  readonly abortMsMax?: number;
}

/** An outside system for one test. */
export interface FarSide {
  readonly settings: JsonObject;
  /** Those that it takes. */
  readonly credentials: Readonly<Record<string, string>>;
  /** Those that it refuses; left out where there are none. */
  readonly badCredentials?: Readonly<Record<string, string>>;
  /** So many new things are there to be fetched when it resolves, none of which is history. Each arrives as one. */
  add(count: number): Promise<void>;
  /** From now on it answers that there were too many calls, come back in so many seconds; null: no more. */
  limit?(retryAfterSeconds: number | null): Promise<void>;
  /** It knows no cursor any more that it has given so far. */
  expireCursor?(): Promise<void>;
  /** From now on it takes calls and does not answer, or does again. */
  hang?(hangs: boolean): Promise<void>;
  /** One new thing, as it would push it: signed now; signed wrongly; or signed rightly, but an hour ago. */
  push?(how: 'right' | 'wrong' | 'stale'): Promise<HookRequest>;
  stop(): Promise<void>;
}

/** For whatever should happen soon on a machine that has other work as well, in milliseconds. */
const soonMs = 30_000;

/** Declares the tests. */
export function testConnector({ connector, start, abortMsMax = soonMs }: ContractOptions): void {
  const open: FarSide[] = [];
  const told: { readonly host: Host; readonly credentials: Readonly<Record<string, string>> }[] = [];

  async function begin(): Promise<FarSide> {
    const far = await start();
    open.push(far);
    return far;
  }
  function hostOf(far: FarSide, credentials = far.credentials): Host {
    const options: HostOptions = { connector, settings: far.settings, credentials };
    const host = createHost(options);
    told.push({ host, credentials });
    return host;
  }
  /** A host that has read everything there is. */
  async function settled(): Promise<{ far: FarSide; host: Host }> {
    const far = await begin();
    const host = hostOf(far);
    await host.drain();
    return { far, host };
  }
  const without = (what: string) => ({ skip: `the far side cannot ${what}` });

  describe(`the contract of connectors: ${connector.kind}`, () => {
    afterEach(async () => {
      for (const far of open.splice(0)) await far.stop();
      // Whatever the test was about: nothing that is said may give a credential away.
      for (const { host, credentials } of told.splice(0)) refuseCredentials(host, credentials);
    });

    test('it says what it is', () => {
      assert.match(connector.kind, /^[a-z][a-z0-9_.-]{0,63}$/);
      assert.ok(connector.title !== '' && connector.description !== '');
      assert.ok(connector.everyMs >= 1_000, 'it asks at most once a second');
      assert.ok(connector.poll !== undefined || connector.hook !== undefined, 'it brings something');
      assert.ok(connector.stream === undefined || connector.poll !== undefined, 'a stream only hints at what a poll fetches');
    });

    test('its settings and credentials are those that it declares', async () => {
      const far = await begin();
      assert.ok(connector.settings.safeParse(far.settings).success);
      for (const name of Object.keys(far.credentials)) assert.ok(Object.hasOwn(connector.credentials, name), name);
      const missing = Object.entries(connector.credentials).filter(
        ([name, { required }]) => required && far.credentials[name] === undefined,
      );
      assert.deepEqual(missing, []);
    });

    test('a check with the right credentials passes, twice', async () => {
      const host = hostOf(await begin());
      await host.check();
      await host.check();
    });

    test('a check with credentials that are refused is a fault of the kind auth', async (t) => {
      const far = await begin();
      if (far.badCredentials === undefined) return t.skip('there are none');
      await refused(hostOf(far, far.badCredentials).check(), 'auth');
      return undefined;
    });

    test('a check of a far side that is gone is a transient fault', async () => {
      const far = await begin();
      const host = hostOf(far);
      await far.stop();
      open.splice(open.indexOf(far), 1);
      await refused(host.check(), 'transient');
    });

    describe('polling', { skip: connector.poll === undefined ? 'it does not poll' : false }, () => {
      test('what arrives is fetched once, and asking again brings nothing', async () => {
        const { far, host } = await settled();
        const before = host.arrivals.length;
        await far.add(3);
        await host.drain();
        assert.equal(host.arrivals.length, before + 3);
        const known = host.known;
        await host.drain();
        await host.poll();
        assert.equal(host.arrivals.length, before + 3);
        assert.equal(host.known, known, 'what was fetched is not fetched again');
        for (const arrival of host.arrivals) assertForm(arrival);
        assert.ok(
          host.arrivals.slice(before).every(({ history }) => history !== true),
          'what arrives after the first poll is no history',
        );
      });

      test('what was there before is history, if it is fetched at all', async () => {
        const far = await begin();
        await far.add(4);
        const host = hostOf(far);
        await host.drain();
        assert.ok(host.arrivals.every(({ history }) => history === true));
      });

      test('when the host dies between poll and commit nothing is lost and nothing doubled', async () => {
        const { far, host } = await settled();
        const before = host.arrivals.length;
        await far.add(4);
        const lost = await host.pollAndCrash({ arrivals: 3 });
        const again = await host.pollAndCrash({ arrivals: 3 });
        assert.deepEqual(again.arrivals.map(idOf).sort(), lost.arrivals.map(idOf).sort(), 'the same cursor brings the same');
        await host.drain({ arrivals: 3 });
        assert.equal(host.arrivals.length, before + 4);
      });

      test('it never brings more than it may, and says that there is more', async () => {
        const { far, host } = await settled();
        const before = host.arrivals.length;
        await far.add(7);
        const first = await host.poll({ arrivals: 3 });
        assert.ok(first.arrivals.length <= 3, `${first.arrivals.length} of 3`);
        assert.equal(first.more, true);
        await host.drain({ arrivals: 1 });
        assert.equal(host.arrivals.length, before + 7);
      });

      test('one byte at a time still brings everything', async () => {
        const { far, host } = await settled();
        const before = host.arrivals.length;
        await far.add(2);
        await host.drain({ bytes: 1 });
        assert.equal(host.arrivals.length, before + 2);
      });

      test('credentials that are refused by now are a fault of the kind auth', async (t) => {
        const far = await begin();
        if (far.badCredentials === undefined) return t.skip('there are none');
        await refused(hostOf(far, far.badCredentials).poll(), 'auth');
        return undefined;
      });

      test('too many calls are a fault that says when to come back, and then nothing is missing', async (t) => {
        const { far, host } = await settled();
        if (far.limit === undefined) return t.skip(without('limit').skip);
        const before = host.arrivals.length;
        await far.add(1);
        await far.limit(7);
        const { retryAfterMs } = await refused(host.poll(), 'rate_limited');
        assert.ok(retryAfterMs !== undefined && retryAfterMs >= 6_000 && retryAfterMs <= 8_000, `${retryAfterMs} ms`);
        await far.limit(null);
        await host.drain();
        assert.equal(host.arrivals.length, before + 1);
        return undefined;
      });

      test('a cursor that has expired loses nothing: what came since is fetched anew', async (t) => {
        const { far, host } = await settled();
        if (far.expireCursor === undefined) return t.skip(without('expire cursors').skip);
        const before = host.arrivals.length;
        const since = new Date(Date.now() - 3_600_000).toISOString();
        await far.add(2);
        await far.expireCursor();
        // It may notice and begin anew by itself, or say so.
        const failure = await host.drain({ since }).then(
          () => undefined,
          (error: unknown) => error,
        );
        if (failure !== undefined) {
          assert.ok(isConnectorFault(failure) && failure.kind === 'cursor_expired', String(failure));
          host.forgetCursor();
          await host.drain({ since });
        }
        assert.equal(host.arrivals.length, before + 2);
        return undefined;
      });

      test('a far side that is gone is a transient fault, and the cursor stays good', async () => {
        const { far, host } = await settled();
        const { cursor } = host;
        await far.stop();
        open.splice(open.indexOf(far), 1);
        await refused(host.poll(), 'transient');
        assert.deepEqual(host.cursor, cursor);
      });

      test('a poll that is aborted ends soon, also while the far side says nothing', async (t) => {
        const { far, host } = await settled();
        if (far.hang === undefined) return t.skip(without('hang').skip);
        await far.add(1);
        await far.hang(true);
        const abort = new AbortController();
        const polling = host.poll(undefined, abort.signal);
        const ended = polling.then(
          () => 'brought something',
          () => 'failed',
        );
        // Most of the time the call is under way by then; before it the same holds.
        await new Promise((resolve) => setTimeout(resolve, 50));
        abort.abort();
        assert.equal(await within(ended, abortMsMax, 'the poll goes on after its signal was aborted'), 'failed');
        await far.hang(false);
        return undefined;
      });
    });

    describe('its stream', { skip: connector.stream === undefined ? 'it has none' : false }, () => {
      test('hints when something arrives, and ends when it is told to', async () => {
        const { far, host } = await settled();
        const before = host.arrivals.length;
        const abort = new AbortController();
        const hints: number[] = [];
        const ended = host
          .stream(() => hints.push(1), abort.signal)
          .then(
            () => 'ended',
            () => 'ended',
          );
        // Nobody can tell when a stream has begun to listen: things arrive until it has heard of one.
        let added = 0;
        await eventually(async () => {
          if (hints.length > 0) return true;
          await far.add(1);
          added += 1;
          return false;
        }, 'it did not hint');
        await host.drain();
        assert.equal(host.arrivals.length, before + added);
        abort.abort();
        await within(ended, abortMsMax, 'the stream goes on after its signal was aborted');
      });
    });

    describe('its pushes', { skip: connector.hook === undefined ? 'it takes none' : false }, () => {
      test('a push brings what it brings once, also when it comes twice', async (t) => {
        const far = await begin();
        if (far.push === undefined) return t.skip(without('push').skip);
        const host = hostOf(far);
        const request = await far.push('right');
        const answer = await host.hook(request);
        assert.ok(answer.status >= 200 && answer.status < 300, String(answer.status));
        if (answer.pollNow === true) await host.drain();
        const after = host.arrivals.length;
        for (const arrival of host.arrivals) assertForm(arrival);
        assert.ok(after > 0 || answer.pollNow === true, 'it brings something, or says that there is something');
        await host.hook(request);
        assert.equal(host.arrivals.length, after);
        return undefined;
      });

      for (const how of ['wrong', 'stale'] as const)
        test(`a push with a ${how} signature is a fault of the kind auth, and brings nothing`, async (t) => {
          const far = await begin();
          if (far.push === undefined) return t.skip(without('push').skip);
          const host = hostOf(far);
          await refused(host.hook(await far.push(how)), 'auth');
          assert.deepEqual(host.arrivals, []);
          return undefined;
        });

      test('a body that was changed on the way is refused', async (t) => {
        const far = await begin();
        if (far.push === undefined) return t.skip(without('push').skip);
        const request = await far.push('right');
        await refused(hostOf(far).hook({ ...request, body: Buffer.concat([request.body, Buffer.from(' ')]) }), 'auth');
        return undefined;
      });
    });
  });
}

/** Waits for the fault. */
async function refused(work: Promise<unknown>, kind: FaultKind): Promise<ConnectorFault> {
  const error = await work.then(
    () => assert.fail(`this should have been a fault of the kind ${kind}`),
    (failure: unknown) => failure,
  );
  assert.ok(isConnectorFault(error), `this is no ConnectorFault: ${error}`);
  assert.equal(error.kind, kind, error.message);
  assert.ok(error.message.length > 0 && error.message.length <= 500, 'people read its message');
  return error;
}

/** What the product takes: anything else becomes an event that says that it cannot be read. */
function assertForm(arrival: Arrival): void {
  if (arrival.form === 'mail') {
    assert.ok(arrival.bytes.byteLength > 0 && arrival.bytes.byteLength <= 25 * 1024 * 1024, `${arrival.bytes.byteLength} bytes`);
    return;
  }
  assert.match(arrival.kind, /^[a-z][a-z0-9_.-]{0,63}$/);
  assert.ok(arrival.externalId.length >= 1 && arrival.externalId.length <= 480, arrival.externalId);
  assert.ok(arrival.title.length > 0, 'it has a title');
  assert.ok(Buffer.byteLength(JSON.stringify(arrival.payload)) <= 256 * 1024);
  assert.deepEqual(JSON.parse(JSON.stringify(arrival.payload)), arrival.payload, 'its payload is JSON');
  if (arrival.occurredAt !== undefined) {
    assert.match(arrival.occurredAt, /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)$/);
    assert.ok(!Number.isNaN(Date.parse(arrival.occurredAt)), arrival.occurredAt);
  }
}

/** A short one could stand in any text. */
const tellingCharsMin = 8;

function refuseCredentials({ messages }: Host, credentials: Readonly<Record<string, string>>): void {
  for (const [name, value] of Object.entries(credentials))
    for (const message of messages)
      assert.ok(value.length < tellingCharsMin || !message.includes(value), `the credential ${name} is in a message or in the log`);
}

async function within<R>(work: Promise<R>, ms: number, fault: string): Promise<R> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(fault)), ms);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

async function eventually(isTrue: () => Promise<boolean>, fault: string): Promise<void> {
  const giveUpAtMs = performance.now() + soonMs;
  while (!(await isTrue())) {
    if (performance.now() > giveUpAtMs) throw new Error(fault);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}
