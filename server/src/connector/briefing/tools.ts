import { z } from 'zod';
import { headlineOf, selectApprovals } from '#flow/approval';
import { workFigures } from '#flow/report';
import type { Tool } from '#flow/tool';
import { type Id, isFactotumError } from '#kernel';
import { type Database, withTenant } from '#kernel/database';
import type { Letter } from '#kernel/mail';
import type { KeysOf } from '#trust/key';
import { readTenant } from '#trust/tenant';
import { type BriefingFacts, briefingTitle, composeBriefing } from './compose.ts';
import type { ReadMoney } from './money.ts';

export interface BriefingDeps {
  readonly database: Database;
  readonly keysOf: KeysOf;
  readonly readMoney: ReadMoney;
  /** The owners of a tenant, each with the locale that they are written to in. */
  readonly ownersOf: (
    tenantId: Id<'tenant'>,
  ) => Promise<{ readonly owners: readonly { readonly email: string; readonly locale: string }[] }>;
  readonly postman: { readonly isConfigured: boolean; send(letter: Letter): Promise<void> };
}

const date = z.iso.date();
const dayMs = 86_400_000;
const briefingInput = z.strictObject({ date });
const composeOutput = z.object({ text: z.string(), subject: z.string() });

const dateArg = { role: 'steering', slot: 'date', title: 'Week before' } as const;

/** The seven days before a date, from what is known here, in the tenant's locale. */
async function collectFacts({ database, keysOf, readMoney }: BriefingDeps, tenantId: Id<'tenant'>, day: string): Promise<BriefingFacts> {
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
  return { ...facts, span, date: day };
}

const letterOf = (facts: BriefingFacts) => ({ text: composeBriefing(facts), subject: briefingTitle(facts) });

/** `briefing.compose`: the briefing as a text. */
function composeTool(deps: BriefingDeps): Tool<typeof briefingInput, typeof composeOutput> {
  return {
    manifest: {
      tool: 'briefing.compose',
      title: 'Write the briefing',
      effect: 'read',
      risk: 'low',
      args: { date: dateArg },
      reversible: true,
      visibleOutside: false,
      readsPrivate: true,
      canLookup: false,
      timeoutMs: 60_000,
      headline: (args) => `Write the briefing of ${String(args.date)}`,
      consequence: 'Nothing is changed.',
    },
    input: briefingInput,
    output: composeOutput,
    run: async ({ tenantId }, { date: day }) => ({
      kind: 'done',
      result: letterOf(await collectFacts(deps, tenantId, day)),
      // Headlines have words of strangers in them.
      label: { sources: ['briefing'], integrity: 'untrusted', readers: 'tenant' },
    }),
  };
}

const mailOutput = z.object({ sent: z.int(), reason: z.string().nullable() });

/**
 * `briefing.mail`: the briefing to the tenant's owners and to nobody else, over the installation's own mail server. It takes no text: what
 * comes from us in an owner's mailbox is written by trusted code, whoever planned it.
 */
function mailTool(deps: BriefingDeps): Tool<typeof briefingInput, typeof mailOutput> {
  const { ownersOf, postman } = deps;
  return {
    manifest: {
      tool: 'briefing.mail',
      title: 'Mail the briefing to the owners',
      effect: 'write',
      risk: 'low',
      args: { date: dateArg },
      reversible: false,
      visibleOutside: false,
      readsPrivate: false,
      canLookup: false,
      timeoutMs: 60_000,
      headline: (args) => `Mail the briefing of ${String(args.date)} to the owners`,
      consequence: 'The owners of this tenant get it by mail. Nobody else does.',
    },
    input: briefingInput,
    output: mailOutput,
    async run({ tenantId, signal }, { date: day }) {
      if (!postman.isConfigured) return { kind: 'done', result: { sent: 0, reason: 'No mail server is set up for the installation.' } };
      const facts = await collectFacts(deps, tenantId, day);
      const { owners } = await ownersOf(tenantId);
      let sent = 0;
      for (const { email: to, locale } of owners) {
        signal.throwIfAborted();
        try {
          await postman.send({ to, ...letterOf({ ...facts, locale }) });
          sent += 1;
        } catch (error) {
          if (!isFactotumError(error, 'mail.unavailable')) throw error;
          // Some have it: asked again, they would have it twice.
          return sent > 0
            ? { kind: 'done', result: { sent, reason: error.message } }
            : { kind: 'failed', failure: 'transient', code: 'mail.unavailable', message: error.message };
        }
      }
      return { kind: 'done', result: { sent, reason: owners.length === 0 ? 'No owner has a mail address.' : null } };
    },
  };
}

/** The tools of the weekly briefing. */
export const briefingTools = (deps: BriefingDeps): Tool[] => [composeTool(deps), mailTool(deps)];
