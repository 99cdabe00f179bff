import type { Kysely } from 'kysely';

/**
 * Every table, by its camel-case name. It is empty here: each module's `store.ts` adds its own,
 * so that no file has to know all of them and the owner of a table is where its columns are named:
 *
 *     declare module '#kernel/database' {
 *       interface Tables {
 *         quotaCounter: { tenantId: Id<'tenant'>; name: string; windowStart: Date; used: number };
 *       }
 *     }
 *
 * Always by the door, also from within: tsc keeps what is added to this file and what is added to the door apart as soon as both happen.
 */
// biome-ignore lint/suspicious/noEmptyInterface: an interface is the only thing that other modules can add to
export interface Tables {}

/** What statements run on: inside `withTenant` one connection in one transaction, otherwise a pool. */
export type Tx = Kysely<Tables>;

/** The login roles, by what they are for. None owns anything; what each may touch is granted in `server/sql`. */
export const roleNames = ['app', 'engine', 'sequencer', 'auth'] as const;
export type RoleName = (typeof roleNames)[number];

/** The login of a role. Roles belong to the whole cluster, so two installations in one cluster share them. */
export const loginOf = (name: RoleName): string => `factotum_${name}`;
