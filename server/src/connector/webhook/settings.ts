import { z } from 'zod';
import { parseTemplate } from '#flow/plan';

const header = z.string().regex(/^[A-Za-z0-9-]{1,100}$/, 'must be the name of a header');

/** Text with places of the body in it, `Order ${body.order.number}`. */
const template = (charsMax: number) =>
  z
    .string()
    .min(1)
    .max(charsMax)
    .superRefine((text, context) => {
      const parsed = parseTemplate(text);
      if ('fault' in parsed) context.addIssue({ code: 'custom', message: parsed.fault });
      else if (parsed.parts.some((part) => 'reference' in part && part.reference.head !== 'body' && part.reference.head !== 'headers'))
        context.addIssue({ code: 'custom', message: 'may only name places of the body or headers: ${body.id}, ${headers.x}' });
    });

const standard = z.strictObject({ scheme: z.literal('standard') });
const hmac = z.strictObject({
  scheme: z.literal('hmac'),
  header,
  algorithm: z.enum(['sha256', 'sha512', 'sha1']).default('sha256'),
  encoding: z.enum(['hex', 'base64']).default('hex'),
  prefix: z.string().max(20).default('').describe('What stands before the value, such as sha256='),
  timestampHeader: header.optional().describe('Where the time is, if it is signed as well'),
  separator: z.string().max(5).default('.').describe('What stands between time and body where they are signed'),
  toleranceSeconds: z.int().min(1).max(3_600).default(300),
});

/** What a person says of a system that sends webhooks. */
export const webhookSettings = z.strictObject({
  signature: z.discriminatedUnion('scheme', [standard, hmac]).default({ scheme: 'standard' }).meta({
    title: 'Signature',
    description: '{"scheme": "standard"}, or {"scheme": "hmac", "header": "X-Hub-Signature-256", "prefix": "sha256="}',
  }),
  kind: template(200)
    .default('webhook.received')
    .meta({ title: 'Kind of event', description: 'Playbooks find it by this. Such as shop.${body.type}' }),
  id: template(500).optional().meta({
    title: 'Id',
    description: 'What tells one event from another, such as ${body.id}. Empty: the id of Standard Webhooks, else the content itself.',
  }),
  title: template(500).default('Webhook').meta({ title: 'Title', description: 'Such as Order ${body.number} of ${body.customer.name}' }),
  occurredAt: template(200).optional().meta({ title: 'Time', description: 'A place with a time such as ${body.created}. Empty: now.' }),
});
export type WebhookSettings = z.infer<typeof webhookSettings>;
