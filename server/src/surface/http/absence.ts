import { z } from 'zod';
import { type Absence, endAbsence, readAbsence, setAbsence } from '#flow/approval';
import { assigneeOf, requirePerson } from './approval-around.ts';
import { assigneeErrors, assigneeInput, momentInput } from './approval-handling.ts';
import { jsonBody } from './body.ts';
import type { HttpDeps } from './deps.ts';
import type { Call, Routes } from './route.ts';
import { named, time } from './schema.ts';

const absenceSchema = named(
  z.object({
    delegation: z
      .object({
        to: z.object({ kind: z.enum(['member', 'team']), id: z.string(), name: z.string() }),
        from: time,
        until: time,
      })
      .nullable()
      .meta({ description: 'Null when nobody is asked in one’s place.' }),
  }),
  { id: 'StandingDelegation', description: 'Who is asked in one’s place while one is away.' },
);

/** While one is away: who is asked instead. */
export function addAbsenceRoutes(routes: Routes, { identity: { membership: members } }: Pick<HttpDeps, 'identity'>): void {
  async function shown(call: Call, absence: Absence | null) {
    const [to] = absence === null ? [] : await members.findAssignable({ tenantId: call.tenantId, ids: [absence.to] });
    // Whoever was named and is no member any more is asked nothing.
    if (absence === null || to === undefined) return { status: 200, body: { delegation: null } } as const;
    const { kind, id, name } = to;
    return {
      status: 200,
      body: { delegation: { to: { kind, id, name }, from: absence.from.toISOString(), until: absence.until.toISOString() } },
    } as const;
  }

  routes.add(
    'approval:read',
    {
      method: 'get',
      path: '/api/v1/me/delegation',
      summary: 'Who is asked in one’s place while one is away',
      tag: 'approvals',
      answers: { 200: absenceSchema },
    },
    async (call) => {
      const userId = requirePerson(call.principal);
      return shown(call, await call.inTenant((tx) => readAbsence(tx, call.tenantId, userId, call.now)));
    },
  );

  routes.add(
    'approval:read',
    {
      method: 'put',
      path: '/api/v1/me/delegation',
      summary: 'Name who is asked in one’s place from when until when',
      tag: 'approvals',
      body: jsonBody(z.strictObject({ to: assigneeInput, from: momentInput, until: momentInput })),
      answers: { 200: absenceSchema },
      errors: assigneeErrors,
    },
    async (call) => {
      const { tenantId, keys, principal, now, body } = call;
      const userId = requirePerson(principal);
      const { id: to } = await assigneeOf(members, { tenantId, to: body.to });
      const absence = { userId, to, from: body.from, until: body.until };
      await call.inTenant((tx) => setAbsence({ tx, tenantId, keys, actor: principal.actor, now }, absence));
      return shown(call, absence);
    },
  );

  routes.add(
    'approval:read',
    {
      method: 'delete',
      path: '/api/v1/me/delegation',
      summary: 'Be asked oneself again',
      tag: 'approvals',
      answers: { 204: null },
    },
    async (call) => {
      const { tenantId, keys, principal, now } = call;
      const userId = requirePerson(principal);
      await call.inTenant((tx) => endAbsence({ tx, tenantId, keys, actor: principal.actor, now }, userId));
      return { status: 204 };
    },
  );
}
