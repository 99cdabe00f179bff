import { setTimeout as sleep } from 'node:timers/promises';
import { request } from 'undici';
import { z } from 'zod';
import { type Id, isId } from '../../../server/src/kernel/index.ts';
import { hashPassword } from '../../../server/src/trust/identity/sign-in/password-hash.ts';
import type { Bench, Place } from '../bench.ts';
import { factotum } from '../command.ts';
import { countCpu } from '../cpu.ts';
import { runInside } from '../inside/process.ts';
import type { SeededPeople, SeedPeople } from '../inside/seed-people.ts';
import { percentile, type Row, spread } from '../row.ts';
import { familyOf, postmasterOf, pssMb, type ServerProcess } from '../server-process.ts';

const tenantCount = 1_000;
/** Beside the owner, so that there are twenty. */
const membersEach = 19;
const makersAtOnce = 4;
const signIns = 400;
const password = 'a password that is long enough';
const idleMs = 20_000;

/** The limits of one network address are for the world outside; here everything comes from one. */
const environment = { FACTOTUM_RATE_LIMITS: 'sign-in=1000000,read=1000000,write=1000000' };

const measureOnce = (bench: Bench) =>
  bench.once('tenants', async () => {
    const place = await bench.freshServer(environment);
    bench.say(`Making ${tenantCount.toLocaleString('en-US')} tenants, some minutes ...`);
    const made = await makeTenants(place);
    const task: SeedPeople = {
      dataFolder: place.server.dataFolder,
      tenantIds: made.ids,
      membersEach,
      passwordHash: await hashPassword(password),
    };
    // The program answers with nothing else.
    const people = (await runInside('seed-people', task)) as SeededPeople;
    const signedIn = await signInMany(place, people.emails);
    await sleep(idleMs);
    const serverMb = await pssMb([place.server.pid]);
    const databaseMb = await pssMb(await familyOf(await postmasterOf(place.server.dataFolder)));
    await place.server.stop();
    return { made, people, signedIn, serverMb, databaseMb };
  });

/** By the door of operators, several at once, as a registration rush would. */
async function makeTenants({ server }: Place) {
  const ids: Id<'tenant'>[] = [];
  const latencies: number[] = [];
  let next = 0;
  const cpu = await countOwnCpu(server);
  const startedAt = performance.now();
  const maker = async () => {
    for (next += 1; next <= tenantCount; next += 1) {
      const askedAt = performance.now();
      const { id } = z
        .looseObject({ id: z.string() })
        .parse(await factotum(server.dataFolder, ['tenant', 'create', '--name', `many-${next}`]));
      latencies.push(performance.now() - askedAt);
      if (!isId('tenant', id)) throw new Error('The command did not answer with a tenant.');
      ids.push(id);
    }
  };
  await Promise.all(Array.from({ length: makersAtOnce }, maker));
  const perSecond = ids.length / ((performance.now() - startedAt) / 1_000);
  return { ids, perSecond, latencies, cpuMs: await cpu(ids.length) };
}

/** Processor time for each of `count` things: of the server, its database, and this process, which commands run in. */
async function countOwnCpu(server: ServerProcess): Promise<(count: number) => Promise<Readonly<Record<string, number>>>> {
  const since = process.cpuUsage();
  const cpu = await countCpu(server);
  return (count) => {
    const { user, system } = process.cpuUsage(since);
    return cpu({ cpuMs: (user + system) / 1_000 }, count);
  };
}

/** One after the other, each somebody else, from all tenants; and what a page asks first then. */
async function signInMany({ server }: Place, emails: readonly string[]) {
  const latencies: number[] = [];
  const first: number[] = [];
  const errors: string[] = [];
  const step = Math.floor(emails.length / signIns);
  const cpu = await countOwnCpu(server);
  for (let at = 0; at < signIns; at += 1) {
    const startedAt = performance.now();
    const answer = await request(new URL('/api/v1/session/password', server.url), {
      method: 'POST',
      headers: { 'content-type': 'application/json', origin: server.url, 'sec-fetch-site': 'same-origin' },
      body: JSON.stringify({ email: emails[at * step], password }),
    });
    const text = await answer.body.text();
    latencies.push(performance.now() - startedAt);
    if (answer.statusCode !== 204) errors.push(`${answer.statusCode} ${text.slice(0, 200)}`);
    const cookie = [answer.headers['set-cookie'] ?? []]
      .flat()
      .map((line) => line.split(';', 1)[0])
      .join('; ');
    const askedAt = performance.now();
    const me = await request(new URL('/api/v1/me', server.url), { headers: { cookie } });
    await me.body.dump();
    first.push(performance.now() - askedAt);
    if (me.statusCode !== 200) errors.push(`me: ${me.statusCode}`);
  }
  return { latencies, first, errors: errors.slice(0, 5), cpuMs: await cpu(signIns) };
}

const size = { tenants: tenantCount, membersEach: membersEach + 1 };

export const tenantRows: readonly Row[] = [
  {
    row: 'provision_per_s',
    unit: 'tenants/s',
    budget: null,
    about: '1,000 tenants made by command, four at once: owner, keys, audit log, policy, first notes',
    async measure(bench) {
      const { made } = await measureOnce(bench);
      return {
        value: made.perSecond,
        detail: { ...size, atOnce: makersAtOnce, latencyMs: spread(made.latencies), cpuMsPerTenant: made.cpuMs },
      };
    },
  },
  {
    row: 'sign_in_p95_ms',
    unit: 'ms',
    budget: null,
    about: 'signing in by password (argon2id) with 1,000 tenants of 20 people, one after the other',
    async measure(bench) {
      const { latencies, first, errors, cpuMs } = (await measureOnce(bench)).signedIn;
      return {
        value: errors.length > 0 ? Number.NaN : percentile(latencies, 0.95),
        detail: { ...size, latencyMs: spread(latencies), firstPageMs: spread(first), cpuMsPerSignIn: cpuMs, errors },
      };
    },
  },
  {
    row: 'permission_check_us',
    unit: 'us',
    budget: null,
    about: 'one decision about access, by permission and network address, over principals of 1,000 tenants',
    async measure(bench) {
      const { checkUs, checks } = (await measureOnce(bench)).people;
      return { value: checkUs, detail: { ...size, checks } };
    },
  },
  {
    row: 'tenants_server_pss_mb',
    unit: 'MB',
    budget: null,
    about: 'memory (PSS) of the server process with 1,000 tenants of 20 people, after that',
    async measure(bench) {
      const { serverMb, databaseMb } = await measureOnce(bench);
      return { value: serverMb, detail: { ...size, databaseMb } };
    },
  },
];
