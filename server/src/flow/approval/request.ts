import type { ApprovalRow } from '#engine';
import type { GateResult } from '#flow/gate';
import type { ToolManifest } from '#flow/tool';
import { type Id, type Json, type JsonObject, newId } from '#kernel';
import type { TenantKeys } from '#trust/key';
import { type Directory, knownRecipient, type Labelled, payeeName } from '#trust/policy';
import { partName } from './fields.ts';
import { payloadHash } from './hash.ts';
import type { ApprovalBody } from './schema.ts';

export interface ApprovalRequest {
  readonly keys: TenantKeys;
  readonly tenantId: Id<'tenant'>;
  readonly taskId: Id<'task'>;
  readonly planVersion: number;
  readonly stepId: string;
  readonly manifest: ToolManifest;
  readonly toolSchemaHash: string;
  readonly args: Readonly<Record<string, Labelled>>;
  /** Whom the tenant knows: what stands in its own list is worth telling whoever decides. */
  readonly directory: Directory;
  readonly gate: GateResult;
  readonly why: string;
  readonly title: string;
  readonly from: string | undefined;
  readonly now: Date;
  readonly expiresAt: Date;
  /** Who sent the event, and who wrote what would be sent. */
  readonly authors: readonly string[];
}

/** Turns a step that the gate wants a person to see into a question about exact bytes. Pure but for the new id. */
export function buildApproval(request: ApprovalRequest): ApprovalRow {
  const args = plainArgs(request.args);
  const body: ApprovalBody = {
    args,
    labels: Object.fromEntries(Object.entries(request.args).map(([name, { label }]) => [name, label])),
    known: knownArgs(request),
    reasons: request.gate.reasons,
    policies: request.gate.policies,
    why: request.why,
    headline: request.manifest.headline(args),
    title: request.title,
    ...(request.from === undefined ? {} : { from: request.from }),
    demands: request.gate.demands,
    authors: request.authors,
  };
  const approvalId = newId('approval', request.now.getTime());
  return {
    approvalId,
    planVersion: request.planVersion,
    stepId: request.stepId,
    tool: request.manifest.tool,
    risk: request.gate.risk,
    state: 'waiting',
    payloadHash: payloadHash({
      tenant: request.tenantId,
      task: request.taskId,
      planVersion: request.planVersion,
      step: request.stepId,
      tool: request.manifest.tool,
      args,
      toolSchemaHash: request.toolSchemaHash,
      policyHash: request.gate.policyHash,
      expiresAt: request.expiresAt.toISOString(),
    }),
    policyHash: request.gate.policyHash,
    toolSchemaHash: request.toolSchemaHash,
    policyIds: request.gate.policies.map(({ id }) => id),
    assignedTo: null,
    body: request.keys.sealJson({ kind: 'approval', id: approvalId }, body),
    answer: null,
    decisionMac: null,
    createdAt: request.now,
    expiresAt: request.expiresAt,
    decidedBy: null,
    decidedAt: null,
    usedAt: null,
  };
}

/** The values alone, as the tool gets them. */
export function plainArgs(args: Readonly<Record<string, Labelled>>): JsonObject {
  return Object.fromEntries(Object.entries(args).map(([name, { value }]) => [name, value]));
}

/** By argument: what the tenant's own directory says about an account or about addresses. */
function knownArgs({ manifest, args, directory }: Pick<ApprovalRequest, 'manifest' | 'args' | 'directory'>): Record<string, string> {
  const known: [string, string][] = [];
  const listedAs = (slot: string | undefined, value: Json): string[] => {
    const payee = slot === 'iban' && typeof value === 'string' ? payeeName(directory, value) : null;
    return payee === null ? [] : [`Listed in Contacts.md as ${payee}`];
  };
  for (const [name, { value }] of Object.entries(args)) {
    const slot = manifest.args[name]?.slot;
    for (const text of listedAs(slot, value)) known.push([name, text]);
    if (manifest.parts?.arg === name)
      for (const [at, part] of manifest.parts.read(value).entries())
        for (const [member, own = null] of Object.entries(part ?? {}))
          for (const text of listedAs(manifest.parts.manifest.args[member]?.slot, own)) known.push([partName(name, at), text]);
    const addresses = slot === 'address' ? [value] : slot === 'addresses' && Array.isArray(value) ? value : [];
    if (addresses.length > 0 && addresses.every((address) => typeof address === 'string' && knownRecipient(directory, address)))
      known.push([name, 'Listed in Contacts.md']);
  }
  return Object.fromEntries(known);
}
