import type { ToolManifest } from '#flow/tool';
import type { GrantInput } from '#trust/policy';
import { mayBeGranted } from './binding.ts';

/** A tool that a standing grant may name, with the arguments that it may bind. */
export interface GrantableTool {
  readonly tool: string;
  readonly title: string;
  readonly args: readonly { readonly name: string; readonly title: string }[];
}

/** What a person may give a standing grant for: what can be taken back and nobody outside sees. For all others one would do nothing. */
export const grantableTools = (manifests: readonly ToolManifest[]): GrantableTool[] =>
  manifests.filter(mayBeGranted).map(({ tool, title, args }) => ({
    tool,
    title,
    args: Object.entries(args).flatMap(([name, arg]) => (arg.role === 'steering' ? [{ name, title: arg.title }] : [])),
  }));

/** Why a grant would be of no use, or would reach further than one may; empty when it may be given. */
export function grantFaults(
  manifest: ToolManifest | null,
  grant: Pick<GrantInput, 'tool' | 'args' | 'source' | 'expiresAt'>,
  now: Date,
): string[] {
  if (manifest === null) return [`tool: There is no tool called ${grant.tool}.`];
  if (!mayBeGranted(manifest)) {
    const why =
      'A standing grant is for what can be taken back and nobody outside sees: never for money, giving access, deleting or sending.';
    return [`tool: ${why}`];
  }
  const faults = Object.keys(grant.args).flatMap((name) => {
    const arg = Object.hasOwn(manifest.args, name) ? manifest.args[name] : undefined;
    if (arg === undefined) return [`args.${name}: ${grant.tool} has no such argument.`];
    return arg.role === 'steering' ? [] : [`args.${name}: This only travels along, so it needs no grant.`];
  });
  if (grant.source.source === undefined && grant.source.playbook === undefined) faults.push('source: Name the source or the playbook.');
  if (grant.expiresAt !== undefined && grant.expiresAt <= now) faults.push('expiresAt: This is over already.');
  return faults;
}
