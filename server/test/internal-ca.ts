import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import { type Clock, createLogger, systemClock } from '#kernel';
import type { RoleDatabase } from '#kernel/database';
import { type Certificates, createCertificates } from '#trust/certificate';
import { createInstallationKey } from '#trust/key';

type Timing = NonNullable<Parameters<typeof createCertificates>[0]['timing']>;

/** The key of an installation, in a folder of its own. */
export async function testInstallationKey() {
  const folder = await mkdtemp(join(tmpdir(), 'factotum-keys-'));
  after(() => rm(folder, { recursive: true, force: true }));
  return createInstallationKey({ folder });
}

/** The internal CA as one process has it. Several on one database with one key are several processes of one installation. */
export function testCertificates(
  auth: RoleDatabase,
  installation: Awaited<ReturnType<typeof testInstallationKey>>,
  more: { timing?: Timing; clock?: Clock } = {},
): Certificates {
  const { timing = {}, clock = systemClock } = more;
  return createCertificates({ auth, installation, clock, log: createLogger({ level: 'silent' }), timing });
}
