import { decideStep, type GateResult, resultLabel } from '#flow/gate';
import { type Arg, resolveArgs } from '#flow/plan';
import type { ToolManifest } from '#flow/tool';
import type { Json } from '#kernel';
import {
  createPolicyEngine,
  type Directory,
  emptyDirectory,
  joinLabels,
  type Label,
  type Labelled,
  type StandingGrant,
} from '#trust/policy';

const engine = createPolicyEngine();

export interface GateTaskOptions {
  readonly policy: string;
  readonly event: Labelled;
  readonly directory?: Directory;
  readonly grants?: readonly StandingGrant[];
  readonly source?: string;
  readonly playbook?: string;
}

/**
 * One task as the gate sees it over time: what it has read so far decides about what it may do next. Arguments are resolved and labelled
 * by the product's own code; only the tools' effects are missing.
 */
export function createGateTask({ policy, event, directory = emptyDirectory, grants = [], source = 'mail', playbook }: GateTaskOptions) {
  const labels: Label[] = [event.label];
  const results: Record<string, Labelled> = {};
  let readPrivate = false;
  return {
    /** The label of everything in the task: what a planner that has seen all of it would put on its words. */
    seen: (): Label => joinLabels(...labels),
    /** How many calls have been made. */
    count: (): number => Object.keys(results).length,
    /** Asks the gate about a call whose arguments stand in the plan like this. @throws when a reference points at nothing. */
    decide(
      manifest: ToolManifest,
      args: Readonly<Record<string, Arg>>,
      literal: Label,
    ): { gate: GateResult; resolved: Record<string, Labelled> } {
      const resolved = resolveArgs({ id: 'step', args }, { literal, values: {}, event, results, task: { id: 'tsk_1' } });
      const gate = decideStep({
        tool: manifest.tool,
        manifest,
        args: resolved,
        spec: { args },
        source,
        playbook: playbook ?? null,
        grants,
        directory,
        taskLabels: labels,
        readPrivate,
        now: new Date('2026-03-02T10:00:00Z'),
        timeZone: 'UTC',
        policy: (facts) => engine.evaluate({ tenantId: 'ten_test', version: 1, text: policy }, facts),
      });
      return { gate, resolved };
    },
    /** The call was made: from now on what it returned is in the task. @returns what a later step calls it. */
    finish(manifest: ToolManifest, resolved: Record<string, Labelled>, value: Json, own?: Label): string {
      const label = resultLabel(manifest, resolved, own);
      labels.push(label);
      readPrivate ||= manifest.readsPrivate;
      const id = `s${Object.keys(results).length + 1}`;
      results[id] = { value, label };
      return `$${id}`;
    },
  };
}
