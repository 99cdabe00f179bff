import { z } from 'zod';
import { formatMinor, isCurrency } from './money.ts';

/** What the form for policies offers. Amounts in the currency's smallest unit. */
export const thresholdsSchema = z.strictObject({
  /** Payments up to this run alone, if payee, steering and sources are beyond doubt; 0: every payment asks. */
  payUnattendedUpToMinor: z.int().min(0).max(100_000_000).default(0),
  currency: z.string().refine(isCurrency, 'must be an ISO 4217 currency in capital letters, like EUR').default('EUR'),
  /** Mail to one known contact runs alone when trusted sources steer it. */
  sendUnattendedToKnown: z.boolean().default(false),
  /** Mail to more people than this always asks. */
  recipientsMax: z.int().min(1).max(1000).default(5),
  /** Notes, drafts and holds are written alone when nothing foreign steers them. */
  writeUnattended: z.boolean().default(true),
  /** How many people have to say yes to a payment. */
  paymentApprovals: z.int().min(1).max(5).default(1),
  /** Whoever says yes to a payment proves first that it is them. */
  paymentStepUp: z.boolean().default(false),
  /** Whoever asked for a payment, or wrote what would be paid, cannot be one of those who say yes. */
  paymentFourEyes: z.boolean().default(false),
  /** All of this only for payments from this on; 0: for every payment. */
  paymentCareFromMinor: z.int().min(0).max(100_000_000).default(0),
});
export type Thresholds = z.infer<typeof thresholdsSchema>;

/** The tools that texts of the form name. They are ours; an installation that lacks one has no use for that policy, and no fault in it. */
export const formTools: ReadonlySet<string> = new Set(['bank.pay', 'briefing.mail', 'mail.send']);

/** The policy of a new tenant: whatever leaves the house, moves money, grants or deletes waits for a person. */
export const defaultPolicyText = (): string => policyFromThresholds({});

/** The policy text for the choices made in a form; what is left out has its default. @throws ZodError on values out of range. */
export function policyFromThresholds(choices: Partial<Thresholds>): string {
  const thresholds = thresholdsSchema.parse(choices);
  return `${[
    head,
    askByDefault,
    ...(thresholds.writeUnattended ? [ownWrites, ownBriefing] : []),
    graveAsks,
    unknownPayee,
    thresholds.payUnattendedUpToMinor === 0 ? paymentsAsk : smallPayments(thresholds),
    ...(thresholds.paymentApprovals > 1 || thresholds.paymentStepUp || thresholds.paymentFourEyes ? [paymentCare(thresholds)] : []),
    newRecipient,
    bulkMail(thresholds),
    thresholds.sendUnattendedToKnown ? knownRecipient : mailAsks,
  ].join('\n\n')}\n`;
}

/** The choices that the form would have to be given to write exactly this text; null when somebody has written it otherwise. */
export function thresholdsOf(text: string): Thresholds | null {
  const choices = nearestThresholds(text);
  return policyFromThresholds(choices) === text ? choices : null;
}

/**
 * What a text seems to say in the words of the form, for a form to begin with. What it does not say has its default, also choices that
 * have no effect there (the currency where no amount is named).
 */
export function nearestThresholds(text: string): Thresholds {
  const number = (pattern: RegExp): number | undefined => {
    const found = pattern.exec(text)?.[1];
    return found === undefined ? undefined : Number(found);
  };
  const choices = thresholdsSchema.safeParse({
    payUnattendedUpToMinor: number(/context\.amountMinor <= (\d+)/),
    currency: /context\.currency == "([A-Z]{3})"/.exec(text)?.[1],
    sendUnattendedToKnown: text.includes('@id("known-recipient")'),
    recipientsMax: number(/context\.recipientCount > (\d+)/),
    writeUnattended: text.includes('@id("own-writes")'),
    paymentApprovals: number(/@approvals\("(\d)"\)/),
    paymentStepUp: text.includes('@stepup("true")'),
    paymentFourEyes: text.includes('@foureyes("true")'),
    paymentCareFromMinor: number(/context\.amountMinor < (\d+)/),
  });
  return choices.success ? choices.data : thresholdsSchema.parse({});
}

const head = `// What the employee does alone, what needs a person, and what never happens.
// Reading inside the company needs nobody unless a policy forbids it.
// A permit allows, a forbid always wins. callUnattended: runs alone. callWithApproval: a person is asked.
// What no policy allows is refused. The floors that are built in hold whatever is written here.`;

const askByDefault = `@id("ask")
@title("What no other policy lets run alone needs a person")
permit (principal, action == Action::"callWithApproval", resource);`;

const ownWrites = `@id("own-writes")
@title("Notes, drafts and calendar holds are written alone when nothing foreign steers them")
permit (principal, action == Action::"callUnattended", resource)
when { context.effect == "write" && context.reversible && !context.visibleOutside && context.steeringBound };`;

const ownBriefing = `@id("own-briefing")
@title("The briefing is mailed to the owners alone")
permit (principal, action == Action::"callUnattended", resource == Tool::"briefing.mail")
when { context.steeringBound };`;

const graveAsks = `@id("grave-asks")
@title("Giving access and deleting always need a person")
forbid (principal, action == Action::"callUnattended", resource)
when { context.effect == "grant" || context.effect == "destroy" };`;

const unknownPayee = `@id("unknown-payee")
@title("Bank details that only appear in a message are never paid")
forbid (principal, action, resource)
when { context.effect == "money" && !context.payeeKnown && !context.payeeFromTrusted };`;

const paymentsAsk = `@id("payments-ask")
@title("Every payment needs a person")
forbid (principal, action == Action::"callUnattended", resource)
when { context.effect == "money" };`;

const smallPayments = ({ payUnattendedUpToMinor, currency }: Thresholds): string => `@id("small-payments")
@title("Payments up to ${formatMinor(payUnattendedUpToMinor, currency)} to known payees run alone")
permit (principal, action == Action::"callUnattended", resource == Tool::"bank.pay")
when {
  context has amountMinor && context.amountMinor <= ${payUnattendedUpToMinor} &&
  context has currency && context.currency == "${currency}" &&
  context.payeeKnown && context.steeringBound && context.trustedSourcesOnly
};`;

/** What is not certainly below the amount (another currency, no amount) is taken care of as well. */
function paymentCare({
  paymentApprovals: people,
  paymentStepUp,
  paymentFourEyes,
  paymentCareFromMinor: from,
  currency,
}: Thresholds): string {
  const which = from === 0 ? 'Payments' : `Payments from ${formatMinor(from, currency)}`;
  const needs = [
    ...(people > 1 ? [`${people} people`] : []),
    ...(paymentStepUp ? ['a fresh sign-in'] : []),
    ...(paymentFourEyes ? ['somebody else than who asked'] : []),
  ];
  const annotations = [
    ...(people > 1 ? [`@approvals("${people}")`] : []),
    ...(paymentStepUp ? ['@stepup("true")'] : []),
    ...(paymentFourEyes ? ['@foureyes("true")'] : []),
  ];
  return `@id("payment-care")
@title("${which} need ${needs.join(' and ')}")
${annotations.join('\n')}
permit (principal, action == Action::"callWithApproval", resource)
when { context.effect == "money" }${
    from === 0
      ? ''
      : `
unless {
  context has amountMinor && context.amountMinor < ${from} &&
  context has currency && context.currency == "${currency}"
}`
  };`;
}

const newRecipient = `@id("new-recipient")
@title("Mail to somebody who is not among the contacts needs a person")
forbid (principal, action == Action::"callUnattended", resource == Tool::"mail.send")
unless { context.recipientsKnown };`;

const bulkMail = ({ recipientsMax }: Thresholds): string => `@id("bulk-mail")
@title("Mail to more than ${recipientsMax} people needs a person")
forbid (principal, action == Action::"callUnattended", resource == Tool::"mail.send")
when { context.recipientCount > ${recipientsMax} };`;

const mailAsks = `@id("mail-asks")
@title("Sending mail needs a person")
forbid (principal, action == Action::"callUnattended", resource == Tool::"mail.send");`;

const knownRecipient = `@id("known-recipient")
@title("Mail to one known contact runs alone when trusted sources steer it")
permit (principal, action == Action::"callUnattended", resource == Tool::"mail.send")
when { context.recipientsKnown && context.recipientCount == 1 && context.steeringBound };`;
