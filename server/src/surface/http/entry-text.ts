import type { AuditEntry, AuditKind } from '#trust/audit';

type Detail = AuditEntry['detail'];

/** One line for people about each kind of entry. From ids, states and codes alone: more is not in the log. */
const texts: Readonly<Record<AuditKind, string | ((detail: Detail, state: string | null) => string)>> = {
  'event.received': 'An event arrived.',
  'event.conflict': 'An event came again under the same id with another payload. Both are kept.',
  'task.created': ({ source }) => `Arrived${named(' from', source)}.`,
  'task.planned': ({ planner, playbook, model, steps }) =>
    `Planned by ${word(playbook) ?? word(model) ?? word(planner) ?? 'a planner'}${Array.isArray(steps) ? `: ${steps.join(', ')}` : ''}.`,
  'task.waiting': ({ reason }) =>
    reason === 'unknown'
      ? 'Waits: nobody can tell whether a step happened.'
      : reason === 'quota'
        ? 'Waits: the model budget is used up.'
        : 'Waits for an answer from a person.',
  'task.resumed': 'Goes on.',
  'task.finished': ({ outcome }) =>
    outcome === 'refused' ? 'Ended: nothing was done.' : outcome === 'partly' ? 'Ended: done in part.' : 'Done.',
  'task.failed': ({ code }) => `Failed${named(':', code)}.`,
  'task.cancel_requested': 'Somebody asked to cancel it.',
  'task.cancelled': 'Cancelled.',
  'task.undo_requested': 'Somebody asked to take it back.',
  'task.undone': ({ left }) => (Array.isArray(left) && left.length > 0 ? 'Taken back in part.' : 'Taken back.'),
  'task.replan_requested': 'Somebody asked for another plan.',
  'step.finished': ({ step, tool, code }, state) =>
    state === 'failed' ? `Step ${word(step)} failed${named(':', code)}.` : `Step ${word(step)} done${named(' with', tool)}.`,
  'step.refused': ({ step, tool }) => `Step ${word(step)} refused${named(':', tool)} was not called.`,
  'step.unknown': ({ step }) => `Nobody can tell whether step ${word(step)} happened.`,
  'step.undone': ({ step }) => `Step ${word(step)} was undone.`,
  'step.retried': ({ step, code }) => `Step ${word(step)} is tried again${named(' after', code)}.`,
  'approval.requested': ({ step, tool }) => `A person is asked about step ${word(step)}${named(',', tool)}.`,
  'approval.decided': ({ decision }) => (isDecision(decision) ? decisionTexts[decision] : 'Decided.'),
  'approval.agreed': ({ given, needed }) => `Somebody agreed: ${String(given)} of ${String(needed)}.`,
  'approval.delegated': ({ to }) => (word(to) === undefined ? 'It is everybody’s again.' : 'It was put before somebody.'),
  'approval.commented': 'Somebody commented on it.',
  'approval.undone': ({ decision }) => (decision === 'agree' ? 'Somebody took their yes back.' : 'The decision was taken back.'),
  'approval.expired': 'Nobody decided in time.',
  'approval.superseded': ({ reason }) => `The question was withdrawn${named(':', reason)}.`,
  'approval.used': ({ step }) => `The approval was used for step ${word(step)}.`,
  'note.written': 'A note was written.',
  'note.moved': 'A note was moved.',
  'note.deleted': 'A note was deleted.',
  'note.history_pruned': 'Old versions of notes were forgotten.',
  'note.read': 'A note was read.',
  'policy.changed': ({ version }) => `The policies were changed${typeof version === 'number' ? `: version ${version}` : ''}.`,
  'grant.created': ({ tool }) => `A standing permission was given${named(' for', tool)}.`,
  'grant.revoked': 'A standing permission was taken back.',
  'key.created': 'An API key was made.',
  'key.revoked': 'An API key was revoked.',
  'key.rotated': 'An API key got a successor.',
  'token.created': 'A short-lived token was made.',
  'service_account.created': 'A service account was made.',
  'service_account.changed': 'A service account was changed.',
  'service_account.deleted': 'A service account was deleted with its keys.',
  'session.created': ({ method }) => `Signed in${named(' by', method)}.`,
  'session.ended': 'Signed out.',
  'session.refused': ({ code }) => `A sign-in was refused${named(':', code)}.`,
  'session.stepped_up': ({ method }) => `Somebody confirmed that it is them${named(' by', method)}.`,
  'account.changed': ({ what }) => `Somebody changed how they sign in${named(':', what)}.`,
  'preference.changed': ({ changed }) =>
    `Somebody changed how these pages are shown to them${Array.isArray(changed) ? `: ${changed.join(', ')}` : ''}.`,
  'member.invited': 'Somebody was invited.',
  'member.invitation_ended': 'An invitation was withdrawn.',
  'member.joined': ({ by }) => `Somebody joined${named(' by', by)}.`,
  'member.changed': 'Roles or teams of a member were changed.',
  'member.removed': 'A member was removed.',
  'role.created': 'A role was made.',
  'role.changed': 'A role was changed.',
  'role.deleted': 'A role was deleted.',
  'team.created': 'A team was made.',
  'team.changed': 'A team was changed.',
  'team.deleted': 'A team was deleted.',
  'sso.changed': ({ change }) => `Single sign-on was changed${named(':', change)}.`,
  'sso.tested': 'Single sign-on was tested.',
  'scim.changed': ({ change }) => `Provisioning was changed${named(':', change)}.`,
  'security.changed': 'The rules for signing in were changed.',
  'demo.removed': ({ tasks, notes }) => `The demo was removed: ${Number(tasks)} tasks and ${Number(notes)} notes.`,
  'quota.changed': 'Quotas were changed.',
  'quota.alert': ({ quota, percent }) => `A quota is ${typeof percent === 'number' ? `${percent} % ` : ''}used${named(':', quota)}.`,
  'tenant.changed': ({ changed }) => `Settings were changed${Array.isArray(changed) ? `: ${changed.join(', ')}` : ''}.`,
  'tenant.suspended': 'The tenant was suspended.',
  'tenant.resumed': 'The tenant was resumed.',
  'tenant.exported': 'Everything was exported into an archive.',
  'tenant.imported': 'The tenant was imported from another installation.',
  'tenant.moved': 'The tenant moved to another installation.',
  'tenant.closing': ({ erasesAt }) => `The tenant is being closed${named(' and is erased after', erasesAt)}.`,
  'tenant.erased': 'The tenant was erased.',
  'tenant.created': 'The tenant was created.',
  'encryption.provider_changed': ({ provider }) => `Another key provider guards the keys${named(':', provider)}.`,
  'encryption.generation_made': ({ generation }) => `Generation ${String(generation)} of the keys was made.`,
  'encryption.rewrapped': 'The keys were wrapped anew by their provider.',
  'encryption.rotated': ({ generation }) => `New content is sealed under generation ${String(generation)} of the keys.`,
  'encryption.resealed': ({ generation }) => `Everything is sealed under generation ${String(generation)} of the keys.`,
  'encryption.destroyed': ({ generation }) => `Generation ${String(generation)} of the keys was destroyed.`,
  'encryption.revoked': 'The keys were taken out of the memory of every process.',
  'secret.created': 'A secret was stored.',
  'secret.changed': ({ change }) => `A secret was changed${named(':', change)}.`,
  'secret.rotated': 'A secret got a new value.',
  'secret.revoked': 'An old value of a secret was ended.',
  'secret.deleted': 'A secret was deleted.',
  'file.written': 'A file was stored.',
  'file.read': 'A file was read.',
  'file.moved': 'A file was moved.',
  'file.deleted': 'A file was deleted.',
  'connection.created': ({ connector }) => `A connection was made${named(':', connector)}.`,
  'connection.changed': ({ connector }) => `A connection was changed${named(':', connector)}.`,
  'connection.broken': ({ connector, code }) => `A connection stopped${named(':', connector)}${named(',', code)}.`,
  'connection.recovered': ({ connector }) => `A connection works again${named(':', connector)}.`,
  'connection.deleted': ({ connector }) => `A connection was deleted${named(':', connector)}.`,
  'webhook.changed': 'A webhook was made, changed or deleted.',
  'webhook.replayed': 'A webhook was delivered again because somebody asked for it.',
  'webhook.tried': 'Something that means nothing was sent to a webhook, to see whether it arrives.',
  'notice.changed': 'Somebody changed what they are told of, or where.',
  'schedule.changed': 'A schedule was made, changed or deleted.',
  'tool_server.changed': 'A tool server or what is said of its tools was changed.',
  'tool_server.quarantined': 'A tool changed and may not be used until somebody confirms it.',
  'absence.changed': ({ to }) => (word(to) === undefined ? 'Somebody is there again.' : 'Somebody named who is asked in their place.'),
  'device.created': 'A device got access to the vault.',
  'device.revoked': 'A device lost its access to the vault.',
  'ledger.imported': 'Transactions of a bank account came in.',
  'ledger.changed': 'Something about a bank account or transaction was changed.',
  'tenant.restored': ({ backup }) => `The installation was restored from a backup${named(':', backup)}.`,
  'audit.exported': 'The audit log was exported.',
  'audit.malformed': 'Bytes that are no entry were found waiting for the log.',
  'access.read': 'Content was read.',
  'access.refused': ({ permission }) => `Access was refused${named(': it needs', permission)}.`,
  'operator.command': ({ command }) => `An operator gave a command${named(':', command)}.`,
};

const decisionTexts = {
  accept: 'Approved.',
  edit: 'Answered with other arguments; the question is asked anew.',
  respond: 'Answered with a question back.',
  reject: 'Rejected.',
  delegate: 'Handed to somebody else.',
} as const;

/** The line for an entry; for a kind that only a newer release knows, the kind itself. */
export function entryText({ kind, detail, state }: Pick<AuditEntry, 'kind' | 'detail' | 'state'>): string {
  const text = isKnown(kind) ? texts[kind] : kind;
  return typeof text === 'string' ? text : text(detail, state);
}

const isKnown = (kind: string): kind is AuditKind => Object.hasOwn(texts, kind);
const isDecision = (value: unknown): value is keyof typeof decisionTexts =>
  typeof value === 'string' && Object.hasOwn(decisionTexts, value);
const word = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined);
const named = (before: string, value: unknown): string => (word(value) === undefined ? '' : `${before} ${word(value)}`);
