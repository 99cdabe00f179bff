import { createRelease } from '#connector/calendar';
import { createAgenda, createAgendaKeeper, createWrites } from '#flow/agenda';
import type { Clock } from '#kernel';
import type { Database } from '#kernel/database';
import type { KeysOf } from '#trust/key';
import type { Platform } from './platform.ts';

/** Tenants' calendars as last seen, and what our own tools write into them. */
export const createPlatformAgenda = (deps: { readonly database: Database; readonly keysOf: KeysOf; readonly clock: Clock }) => ({
  agenda: createAgenda(deps),
  agendaWrites: createWrites(deps),
});

/** Tells of appointments and lets go of held times. Not started yet. */
export const createPlatformAgendaKeeper = (platform: Platform) =>
  createAgendaKeeper({
    ...platform,
    keysOf: platform.keyring.of,
    release: createRelease({ agenda: platform.agenda, writes: platform.agendaWrites, connections: platform.connections }),
  });
