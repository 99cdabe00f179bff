import { z } from 'zod';
import { createCatalogue, type Tool, type ToolCatalogue } from '#flow/tool';

const kept = z.strictObject({ path: z.string(), etag: z.string() });

/** Tools with the shapes that planning meets: a read with open fields, writes, a list, an optional argument, money, a rule between two arguments. */
const exampleTools: readonly Tool[] = [
  tool(
    'vault.read',
    'read',
    { path: z.string().min(1) },
    z.strictObject({ content: z.string(), fields: z.record(z.string(), z.json()), links: z.array(z.strictObject({ path: z.string() })) }),
    { path: ['steering', 'path'] },
  ),
  tool('vault.write', 'write', { path: z.string().min(1), content: z.string() }, kept, {
    path: ['steering', 'path'],
    content: ['content', 'text'],
  }),
  tool(
    'calendar.hold',
    'write',
    {
      title: z.string().min(1),
      start: z.union([z.iso.datetime({ offset: true }), z.iso.date()]),
      durationMinutes: z.int().min(5).optional(),
    },
    kept,
    { title: ['content', 'text'], start: ['steering', 'datetime'], durationMinutes: ['content', 'text'] },
  ),
  tool(
    'room.book',
    'write',
    { from: z.iso.datetime(), to: z.iso.datetime() },
    kept,
    { from: ['steering', 'datetime'], to: ['steering', 'datetime'] },
    ({ from, to }) => String(from) < String(to),
  ),
  tool('mail.draft', 'write', { to: z.array(z.email()).min(1), subject: z.string().min(1), text: z.string() }, kept, mailArgs('content')),
  tool('mail.send', 'egress', { to: z.array(z.email()).min(1), subject: z.string().min(1), text: z.string() }, kept, mailArgs('steering')),
  tool(
    'bank.pay',
    'money',
    {
      creditor: z.string().min(1),
      iban: z.string().regex(/^[A-Z]{2}\d{2}[A-Z0-9]+$/),
      amountMinor: z.int().min(1),
      currency: z.string().length(3),
      reference: z.string().min(1),
    },
    kept,
    {
      creditor: ['steering', 'name'],
      iban: ['steering', 'iban'],
      amountMinor: ['steering', 'amount'],
      currency: ['steering', 'currency'],
      reference: ['content', 'text'],
    },
  ),
];

export const exampleCatalogue: ToolCatalogue = createCatalogue(exampleTools);

function mailArgs(to: 'content' | 'steering') {
  return { to: [to, 'addresses'], subject: ['content', 'text'], text: ['content', 'text'] } as const;
}

type Arg = Tool['manifest']['args'][string];

function tool(
  name: string,
  effect: Tool['manifest']['effect'],
  shape: Record<string, z.ZodType>,
  output: z.ZodType,
  args: Readonly<Record<string, readonly [Arg['role'], Arg['slot']]>>,
  rule: (args: Record<string, unknown>) => boolean = () => true,
): Tool {
  return {
    manifest: {
      tool: name,
      title: name,
      effect,
      risk: 'low',
      args: Object.fromEntries(Object.entries(args).map(([arg, [role, slot]]) => [arg, { role, slot, title: arg }])),
      reversible: false,
      visibleOutside: effect === 'egress' || effect === 'money',
      readsPrivate: effect === 'read',
      canLookup: false,
      timeoutMs: 1_000,
      headline: () => name,
      consequence: `What ${name} does.`,
    },
    input: z.strictObject(shape).refine(rule, 'the start must come before the end'),
    output,
    run: async () => ({ kind: 'done', result: {} }),
  };
}
