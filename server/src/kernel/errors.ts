import { redact } from '#kernel/redact';

/**
 * Every error the product can name. The code is public: add, never rename.
 * `status` is the HTTP status, `retry` whether the same call may succeed later without a change.
 */
export const errorCatalogue = {
  'request.invalid': { status: 400, retry: false, title: 'The request is not valid' },
  'request.not_json': { status: 400, retry: false, title: 'The body is not JSON' },
  'request.too_large': { status: 413, retry: false, title: 'The body is too large' },
  'request.unsupported_type': { status: 415, retry: false, title: 'The content type is not supported' },
  'request.not_found': { status: 404, retry: false, title: 'There is nothing at this address' },
  'request.method_not_allowed': { status: 405, retry: false, title: 'This address does not take this method' },
  'request.foreign_origin': { status: 403, retry: false, title: 'The request comes from a foreign page' },
  'request.unknown_host': { status: 421, retry: false, title: 'This is not the address of this server' },
  'request.cursor_invalid': { status: 400, retry: false, title: 'The cursor is not one of ours' },
  'auth.required': { status: 401, retry: false, title: 'Sign in or send an API key' },
  'auth.link_invalid': { status: 401, retry: false, title: 'This sign-in link is used, expired or unknown' },
  'auth.failed': { status: 401, retry: false, title: 'The sign-in failed' },
  'auth.code_invalid': { status: 401, retry: false, title: 'This code is wrong, used or expired' },
  'auth.throttled': { status: 429, retry: true, title: 'Too many attempts' },
  'auth.step_up_required': { status: 403, retry: true, title: 'Confirm that it is you' },
  'auth.sso_required': { status: 403, retry: false, title: 'This tenant signs in through its identity provider' },
  'auth.second_factor_required': { status: 403, retry: false, title: 'This tenant asks for a second factor' },
  'auth.address_refused': { status: 403, retry: false, title: 'This network address may not be used' },
  'auth.password_weak': { status: 422, retry: false, title: 'This password is too easy to guess' },
  'auth.forbidden': { status: 403, retry: false, title: 'You may not do this' },
  'idempotency.key_reused': { status: 422, retry: false, title: 'This idempotency key belongs to another request' },
  'idempotency.in_progress': { status: 409, retry: true, title: 'The first request with this key is still running' },
  'quota.exceeded': { status: 429, retry: true, title: 'The quota is used up' },
  'tenant.not_found': { status: 404, retry: false, title: 'No such tenant' },
  'tenant.name_taken': { status: 409, retry: false, title: 'A tenant of this name exists' },
  'tenant.moved': { status: 410, retry: false, title: 'The tenant has moved to another installation' },
  'tenant.moving': { status: 503, retry: true, title: 'The tenant is being moved' },
  'tenant.closing': { status: 403, retry: false, title: 'The tenant is being closed' },
  'tenant.wrong_state': { status: 409, retry: false, title: 'The tenant is not in a state for this' },
  'tenant.changed': { status: 412, retry: false, title: 'The settings have changed since you read them' },
  'tenant.files_stay': { status: 503, retry: true, title: 'Files of the tenant cannot be removed' },
  'tenant.name_mismatch': { status: 422, retry: false, title: 'This is not the name of the tenant' },
  'registration.closed': { status: 403, retry: false, title: 'This installation takes no registrations' },
  'registration.not_found': { status: 404, retry: false, title: 'No such registration' },
  'archive.invalid': { status: 422, retry: false, title: 'The archive cannot be read' },
  'archive.conflict': { status: 409, retry: false, title: 'The archive does not fit this installation' },
  'job.not_found': { status: 404, retry: false, title: 'No such job' },
  'member.not_found': { status: 404, retry: false, title: 'No such member' },
  'member.exists': { status: 409, retry: false, title: 'This person is a member already' },
  'member.last_owner': { status: 409, retry: false, title: 'A tenant keeps at least one owner' },
  'member.break_glass': { status: 409, retry: false, title: 'This owner is the way in when single sign-on fails' },
  'member.managed': { status: 409, retry: false, title: 'The identity provider manages this member' },
  'invitation.invalid': { status: 401, retry: false, title: 'This invitation is used, withdrawn, expired or unknown' },
  'invitation.not_found': { status: 404, retry: false, title: 'No such invitation' },
  'role.not_found': { status: 404, retry: false, title: 'No such role' },
  'role.name_taken': { status: 409, retry: false, title: 'A role of this name exists' },
  'role.in_use': { status: 409, retry: false, title: 'Somebody has this role' },
  'team.not_found': { status: 404, retry: false, title: 'No such team' },
  'team.name_taken': { status: 409, retry: false, title: 'A team of this name exists' },
  'scim.not_found': { status: 404, retry: false, title: 'No such resource' },
  'scim.token_not_found': { status: 404, retry: false, title: 'No such token of a directory' },
  'scim.refused': { status: 400, retry: false, title: 'What the directory asks for cannot be done' },
  'scim.taken': { status: 409, retry: false, title: 'There is such a resource already' },
  'scim.changed': { status: 412, retry: false, title: 'The resource has been changed meanwhile' },
  'security.lockout': { status: 409, retry: false, title: 'These rules would lock you out' },
  'key.not_found': { status: 404, retry: false, title: 'No such API key' },
  'key.replaced': { status: 409, retry: false, title: 'This key has a successor already' },
  'service_account.not_found': { status: 404, retry: false, title: 'No such service account' },
  'service_account.name_taken': { status: 409, retry: false, title: 'A service account of this name exists' },
  'session.not_found': { status: 404, retry: false, title: 'No such session' },
  'passkey.not_found': { status: 404, retry: false, title: 'No such passkey' },
  'sso.not_found': { status: 404, retry: false, title: 'No such identity provider' },
  'sso.failed': { status: 401, retry: false, title: 'The identity provider did not sign you in' },
  'sso.unavailable': { status: 503, retry: true, title: 'The identity provider does not answer' },
  'sso.expired': { status: 401, retry: false, title: 'This sign-in took too long or was begun in another browser' },
  'sso.address_refused': { status: 403, retry: false, title: 'The identity provider may not speak for this e-mail address' },
  'sso.not_member': { status: 403, retry: false, title: 'You are not a member of this tenant' },
  'sso.other_account': { status: 409, retry: false, title: 'Another account at the identity provider is connected to this person' },
  'sso.no_role': { status: 403, retry: false, title: 'The identity provider gives you no role here' },
  'sso.in_use': { status: 409, retry: false, title: 'Single sign-on is required and needs this provider' },
  'sso.domain_unproven': { status: 409, retry: false, title: 'This domain is not proven to be yours' },
  'sso.domain_taken': { status: 409, retry: false, title: 'Another tenant has proven this domain' },
  'tenant.suspended': { status: 403, retry: false, title: 'The tenant is suspended' },
  'event.conflict': { status: 409, retry: false, title: 'This external id already brought another payload' },
  'event.invalid': { status: 400, retry: false, title: 'The event is not valid' },
  'mail.unavailable': { status: 503, retry: true, title: 'No mail can be sent now' },
  'mail.invalid': { status: 400, retry: false, title: 'This is not an RFC 5322 message' },
  'task.not_found': { status: 404, retry: false, title: 'No such task' },
  'task.not_cancellable': { status: 409, retry: false, title: 'The task is finished' },
  'task.not_resumable': { status: 409, retry: false, title: 'The task is not waiting for you to resume it' },
  'approval.not_found': { status: 404, retry: false, title: 'No such approval' },
  'approval.already_decided': { status: 409, retry: false, title: 'Somebody has already decided' },
  'approval.changed': { status: 409, retry: false, title: 'What you saw is not what would be done' },
  'approval.note_changed': { status: 409, retry: false, title: 'The note was changed, so moving it decides nothing' },
  'approval.edit_invalid': { status: 422, retry: false, title: 'The edited arguments do not fit the tool' },
  'plan.invalid': { status: 422, retry: false, title: 'The plan is not valid' },
  'plan.value_missing': { status: 422, retry: false, title: 'A value that the plan needs is missing' },
  'plan.no_planner': { status: 422, retry: false, title: 'Nothing knows how to plan this' },
  'model.unavailable': { status: 503, retry: true, title: 'The model does not answer' },
  'model.rate_limited': { status: 503, retry: true, title: 'The model asks us to slow down' },
  'model.refused': { status: 422, retry: false, title: 'The model refused' },
  'model.bad_answer': { status: 422, retry: true, title: 'The model answered something unusable' },
  'model.misconfigured': { status: 422, retry: false, title: 'The model connection is not configured correctly' },
  'tool.unknown': { status: 422, retry: false, title: 'No such tool' },
  'tool.invalid_arguments': { status: 422, retry: false, title: 'The arguments do not fit the tool' },
  'tool.failed': { status: 422, retry: false, title: 'The tool reported a failure' },
  'tool.unavailable': { status: 503, retry: true, title: 'The tool cannot be reached' },
  'tool.timed_out': { status: 503, retry: true, title: 'The tool did not answer in time' },
  'tool.outcome_unknown': { status: 409, retry: false, title: 'Nobody can tell whether the effect happened' },
  'tool.auth': { status: 422, retry: false, title: 'The tool needs a person to reconnect it' },
  'gate.denied': { status: 403, retry: false, title: 'Policy forbids this' },
  'policy.invalid': { status: 422, retry: false, title: 'The policy text is not valid' },
  'policy.changed': { status: 409, retry: false, title: 'Somebody else has saved the policies' },
  'grant.not_found': { status: 404, retry: false, title: 'No such standing grant' },
  'vault.path_invalid': { status: 400, retry: false, title: 'This is not a path inside the vault' },
  'vault.not_found': { status: 404, retry: false, title: 'No such note' },
  'vault.changed': { status: 412, retry: false, title: 'The note has changed since you read it' },
  'vault.protected': { status: 403, retry: false, title: 'This place in the vault is not for tools' },
  'vault.exists': { status: 409, retry: false, title: 'There is a note at this path already' },
  'vault.generated': { status: 409, retry: false, title: 'This note is written by Factotum from its rows' },
  'outbound.address_refused': { status: 422, retry: false, title: 'This address may not be called' },
  'outbound.too_large': { status: 502, retry: false, title: 'The far side sent too much' },
  'key.unavailable': { status: 503, retry: true, title: 'The tenant key cannot be opened' },
  'key.destroyed': { status: 410, retry: false, title: 'The tenant key has been destroyed' },
  'key.provider_missing': { status: 422, retry: false, title: 'The software for this key provider is not installed' },
  'key.provider_invalid': { status: 422, retry: false, title: 'The key provider cannot be used like this' },
  'key.busy': { status: 409, retry: true, title: 'The keys of this tenant are being changed already' },
  'key.in_use': { status: 409, retry: false, title: 'Something is still sealed under this key' },
  'secret.not_found': { status: 404, retry: false, title: 'No such secret' },
  'secret.changed': { status: 412, retry: false, title: 'The secret has changed since you read it' },
  'secret.exists': { status: 409, retry: false, title: 'A secret of this name exists' },
  'secret.in_use': { status: 409, retry: false, title: 'Something refers to this secret' },
  'secret.reference_invalid': { status: 400, retry: false, title: 'This is not a reference to a secret' },
  'secret.unavailable': { status: 503, retry: true, title: 'The secret cannot be read' },
  'storage.not_found': { status: 404, retry: false, title: 'There is no such object in the storage' },
  'storage.unavailable': { status: 503, retry: true, title: 'The object storage does not answer' },
  'storage.full': { status: 507, retry: true, title: 'The object storage is full' },
  'file.not_found': { status: 404, retry: false, title: 'No such file' },
  'file.exists': { status: 409, retry: false, title: 'There is a file at this path already' },
  'backup.not_found': { status: 404, retry: false, title: 'No such backup' },
  'backup.invalid': { status: 422, retry: false, title: 'The backup cannot be read' },
  'backup.busy': { status: 409, retry: true, title: 'A backup is being made already' },
  'backup.conflict': { status: 409, retry: false, title: 'The backup does not fit this installation' },
  'certificate.invalid': { status: 422, retry: false, title: 'The certificate cannot be used' },
  'server.overloaded': { status: 503, retry: true, title: 'The server has more work than it can take' },
  'request.not_through_edge': { status: 403, retry: false, title: 'This address is served through the edge only' },
  'seal.broken': { status: 500, retry: false, title: 'Stored data cannot be opened' },
  'audit.broken': { status: 500, retry: false, title: 'The audit log does not verify' },
  'config.invalid': { status: 500, retry: false, title: 'The configuration is not valid' },
  'database.unavailable': { status: 503, retry: true, title: 'The database does not answer' },
  'database.not_walled': { status: 500, retry: false, title: 'This database login could step around the tenant wall' },
  'database.migration_failed': { status: 500, retry: false, title: 'The database could not be brought to this version' },
  'server.busy': { status: 503, retry: true, title: 'The server is busy or stopping' },
  'server.fault': { status: 500, retry: false, title: 'Something is wrong on our side' },
  'command.usage': { status: 400, retry: false, title: 'The command is not used like this' },
} as const satisfies Record<string, { status: number; retry: boolean; title: string }>;

export type ErrorCode = keyof typeof errorCatalogue;

/**
 * A named failure. `message` says what happened and what to do next and may be shown; `details` may be shown as well;
 * `cause` goes to the log only. None of them ever carries a secret or another tenant's data; what a far side said may, so known secrets are
 * taken out of the message here, and out of the details where they are told.
 */
export class FactotumError extends Error {
  readonly code: ErrorCode;
  readonly details: Readonly<Record<string, unknown>> | undefined;

  constructor(code: ErrorCode, message: string, options: { details?: Readonly<Record<string, unknown>>; cause?: unknown } = {}) {
    super(redact(message), options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'FactotumError';
    this.code = code;
    this.details = options.details;
  }

  get status(): number {
    return errorCatalogue[this.code].status;
  }

  get retry(): boolean {
    return errorCatalogue[this.code].retry;
  }
}

/** Whether the value is a failure of ours, with that code if one is given. */
export function isFactotumError(value: unknown, code?: ErrorCode): value is FactotumError {
  return value instanceof FactotumError && (code === undefined || value.code === code);
}
