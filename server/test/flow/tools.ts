import { z } from 'zod';
import type { Effect, Tool, ToolAnswer, ToolContext } from '#flow/tool';

/** What a scripted tool does when it is called: an answer, or a function that makes one. */
export type Script = (context: ToolContext, args: { value: string }) => ToolAnswer | Promise<ToolAnswer>;

/** Everything that happened at the far side, in order: what the outside could notice. */
export interface FarSide {
  readonly effects: string[];
  readonly undone: string[];
  readonly byKey: Map<string, ToolAnswer>;
}

export const farSide = (): FarSide => ({ effects: [], undone: [], byKey: new Map() });

const input = z.strictObject({ value: z.string() });
const output = z.looseObject({});

interface ScriptedTool {
  readonly name: string;
  readonly effect: Effect;
  readonly side: FarSide;
  readonly script?: Script;
  readonly reversible?: boolean;
  readonly canLookup?: boolean;
  readonly steers?: boolean;
}

/** A tool that notes its effects under the key of the call, as a good far side would, and is asked what became of a key. */
export function scriptedTool({
  name,
  effect,
  side,
  script,
  reversible = true,
  canLookup = true,
  steers = false,
}: ScriptedTool): Tool<typeof input, typeof output> {
  const tool: Tool<typeof input, typeof output> = {
    manifest: {
      tool: name,
      title: name,
      effect,
      risk: effect === 'money' ? 'high' : 'low',
      args: { value: { role: steers ? 'steering' : 'content', slot: 'text', title: 'Value' } },
      reversible,
      visibleOutside: effect === 'egress' || effect === 'money',
      readsPrivate: false,
      canLookup,
      timeoutMs: 5_000,
      headline: (args) => `${name} ${String(args.value)}`,
      consequence: 'Something is done.',
    },
    input,
    output,
    async run(context, args) {
      const before = side.byKey.get(context.key);
      if (before !== undefined) return before;
      const answer = script === undefined ? ({ kind: 'done', result: { value: args.value } } as const) : await script(context, args);
      if (answer.kind === 'done') {
        side.effects.push(`${name}:${args.value}`);
        side.byKey.set(context.key, answer);
      }
      return answer;
    },
  };
  return {
    ...tool,
    ...(canLookup ? { lookup: async (context) => side.byKey.get(context.key) ?? { kind: 'absent' } } : {}),
    ...(reversible
      ? {
          undo: async (context, args) => {
            if (!side.undone.includes(context.key)) side.undone.push(context.key);
            side.effects.push(`undo ${name}:${args.value}`);
            return { kind: 'done', result: {} };
          },
        }
      : {}),
  };
}

export interface TestStep {
  readonly id: string;
  readonly tool: string;
  /** The id if nothing else is said. */
  readonly value?: string;
  readonly after?: readonly string[];
  /** Another tool's call that takes the step back. */
  readonly undo?: { readonly tool: string; readonly value: string };
}

/** A playbook note for events of source `test`. */
export function playbook(steps: readonly TestStep[], title = 'Test'): string {
  const call = (tool: string, value: string) => `tool: ${tool}, args: { value: ${JSON.stringify(value)} }`;
  const lines = steps.map(({ id, tool, value = id, after = [], undo }) => {
    const back = undo === undefined ? '' : `, undo: { ${call(undo.tool, undo.value)} }`;
    return `  - { id: ${id}, ${call(tool, value)}, after: [${after.join(', ')}]${back} }`;
  });
  return `---\ntitle: ${title}\nwhen: { source: test }\nsteps:\n${lines.join('\n')}\n---\n\nA playbook for tests.\n`;
}
