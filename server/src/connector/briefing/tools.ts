import { z } from 'zod';
import { headlineOf, selectApprovals } from '#flow/approval';
import { workFigures } from '#flow/report';
import type { Tool } from '#flow/tool';
import { type Id, isFactotumError } from '#kernel';
import { type Database, withTenant } from '#kernel/database';
import type { Letter } from '#kernel/mail';
import type { KeysOf } from '#trust/key';
import { readTenant } from '#trust/tenant';
import { composeBriefing } from './compose.ts';
import type { ReadMoney } from './money.ts';

export interface BriefingDeps {
  readonly database: Database;
  readonly keysOf: KeysOf;
  readonly readMoney: ReadMoney;
  /** The owners of a tenant, by their verified addresses. */
  readonly ownersOf: (tenantId: Id<'tenant'>) => Promise<{ readonly emails: readonly string[] }>;
  readonly postman: { readonly isConfigured: boolean; send(letter: Letter): Promise<void> };
}

const date = z.iso.date();
const dayMs = 86_400_000;
const composeInput = z.strictObject({ date });
const composeOutput = z.object({ text: z.string(), subject: z.string() });

/** `briefing.compose`: the seven days before a date, from what is known here. */
function composeTool({ database, keysOf, readMoney }: BriefingDeps): Tool<typeof composeInput, typeof composeOutput> {
  return {
    manifest: {
      tool: 'briefing.compose',
      title: 'Write the briefing',
      effect: 'read',
      risk: 'low',
      args: { date: { role: 'steering', slot: 'date', title: 'Week before' } },
      reversible: true,
      visibleOutside: false,
      readsPrivate: true,
      canLookup: false,
      timeoutMs: 60_000,
      headline: (args) => `Write the briefing of ${String(args.date)}`,
      consequence: 'Nothing is changed.',
    },
    input: composeInput,
    output: composeOutput,
    async run({ tenantId }, { date: day }) {
      const keys = await keysOf(tenantId);
      const to = new Date(`${day}T00:00:00Z`);
      const span = { from: new Date(to.getTime() - 7 * dayMs), to };
      const facts = await withTenant(database.app.db, tenantId, async (tx) => {
        const waiting = await selectApprovals(tx, { tenantId, states: ['waiting'], before: null, limit: 200 });
        return {
          work: await workFigures(tx, tenantId, span),
          before: await workFigures(tx, tenantId, { from: new Date(span.from.getTime() - 7 * dayMs), to: span.from }),
          money: await readMoney(tx, keys, span),
          waiting: waiting
            .map((row) => ({ headline: headlineOf(keys, row), since: row.createdAt, expiresAt: row.expiresAt }))
            .sort((left, right) => left.since.getTime() - right.since.getTime()),
          locale: (await readTenant(tx, tenantId)).settings.locale,
        };
      });
      return {
        kind: 'done',
        result: { text: composeBriefing({ ...facts, span, date: day }), subject: `Monday briefing, ${day}` },
        // Headlines have words of strangers in them.
        label: { sources: ['briefing'], integrity: 'untrusted', readers: 'tenant' },
      };
    },
  };
}

const mailInput = z.strictObject({ subject: z.string().min(1).max(200), text: z.string().max(200_000) });
const mailOutput = z.object({ sent: z.int(), reason: z.string().nullable() });

/** `briefing.mail`: to the tenant's owners and to nobody else, over the installation's own mail server. */
function mailTool({ ownersOf, postman }: BriefingDeps): Tool<typeof mailInput, typeof mailOutput> {
  return {
    manifest: {
      tool: 'briefing.mail',
      title: 'Mail the briefing to the owners',
      effect: 'write',
      risk: 'low',
      args: { subject: { role: 'content', slot: 'text', title: 'Subject' }, text: { role: 'content', slot: 'text', title: 'Text' } },
      reversible: false,
      visibleOutside: false,
      readsPrivate: false,
      canLookup: false,
      timeoutMs: 60_000,
      headline: (args) => `Mail “${String(args.subject)}” to the owners`,
      consequence: 'The owners of this tenant get it by mail. Nobody else does.',
    },
    input: mailInput,
    output: mailOutput,
    async run({ tenantId, signal }, { subject, text }) {
      if (!postman.isConfigured) return { kind: 'done', result: { sent: 0, reason: 'No mail server is set up for the installation.' } };
      const { emails } = await ownersOf(tenantId);
      let sent = 0;
      for (const to of emails) {
        signal.throwIfAborted();
        try {
          await postman.send({ to, subject, text });
          sent += 1;
        } catch (error) {
          if (!isFactotumError(error, 'mail.unavailable')) throw error;
          // Some have it: asked again, they would have it twice.
          return sent > 0
            ? { kind: 'done', result: { sent, reason: error.message } }
            : { kind: 'failed', failure: 'transient', code: 'mail.unavailable', message: error.message };
        }
      }
      return { kind: 'done', result: { sent, reason: emails.length === 0 ? 'No owner has a mail address.' : null } };
    },
  };
}

/** The tools of the weekly briefing. */
export const briefingTools = (deps: BriefingDeps): Tool[] => [composeTool(deps), mailTool(deps)];
