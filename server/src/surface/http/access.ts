import type { AccessLog } from '#trust/audit';
import type { Call } from './route.ts';

/**
 * Runs `present` while the read is being written down; both have to succeed, so nobody sees content that the log does not say they saw.
 * An entry names the object and not the task it belongs to: a task's timeline is what happened to it, not who looked.
 * The log commits for many at once, so this costs a request about one commit, which mostly runs beside the work.
 */
export async function showRead<R>(
  accessLog: AccessLog,
  call: Call,
  what: {
    kind?: 'access.read' | 'note.read' | 'file.read';
    objectId?: string | undefined;
    detail?: Readonly<Record<string, string | number>>;
  },
  present: () => R | Promise<R>,
): Promise<R> {
  const { kind = 'access.read', objectId, detail } = what;
  const [shown] = await Promise.all([
    present(),
    accessLog.append(call.tenantId, {
      kind,
      actor: call.principal.actor,
      at: call.now,
      objectId,
      detail: { ...detail, request: call.requestId },
    }),
  ]);
  return shown;
}
