import type { ToolManifest } from '#flow/tool';
import type { StandingGrant } from '#trust/policy';
import type { CallInput } from './call.ts';

/**
 * The standing grant that covers all of these untrusted steering arguments, or null. Never for an effect that cannot be taken back, that
 * somebody outside can see, or that is about money, rights or deletion, whatever the grant says.
 */
export function boundArgs(call: CallInput, manifest: ToolManifest, untrusted: readonly string[]): StandingGrant | null {
  if (untrusted.length === 0 || !mayBeGranted(manifest)) return null;
  return call.grants.find((grant) => isInForce(grant, call) && untrusted.every((name) => binds(grant, name, call))) ?? null;
}

/** Whether a standing grant may ever let an effect run alone. */
export const mayBeGranted = ({ effect, reversible, visibleOutside }: ToolManifest): boolean =>
  reversible && !visibleOutside && effect === 'write';

function isInForce(grant: StandingGrant, call: CallInput): boolean {
  if (grant.tool !== call.tool) return false;
  if (grant.expiresAt !== undefined && grant.expiresAt <= call.now) return false;
  if (grant.source.source !== undefined && grant.source.source !== call.source) return false;
  return grant.source.playbook === undefined || grant.source.playbook === call.playbook;
}

/** The argument is, in the plan, exactly the reference that the person allowed, alone or as a list of one: no template, no other place. */
function binds(grant: StandingGrant, name: string, call: CallInput): boolean {
  const allowed = Object.hasOwn(grant.args, name) ? grant.args[name] : undefined;
  const written = Object.hasOwn(call.spec.args, name) ? call.spec.args[name] : undefined;
  return allowed !== undefined && (isReference(written, allowed) || isListOfOne(written, allowed));
}

const isReference = (written: unknown, allowed: string): boolean =>
  typeof written === 'object' && written !== null && 'ref' in written && written.ref === allowed;

const isListOfOne = (written: unknown, allowed: string): boolean =>
  typeof written === 'object' &&
  written !== null &&
  'list' in written &&
  Array.isArray(written.list) &&
  written.list.length === 1 &&
  isReference(written.list[0], allowed);
