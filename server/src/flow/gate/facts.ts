import { amountMinorOf } from '#flow/tool';
import { type CallFacts, knownPayee, knownRecipient } from '#trust/policy';
import type { Call } from './call.ts';

/** What the policies may look at, worked out of the call. */
export function factsOf(call: Call, timeZone: string): CallFacts {
  const { manifest, accounts, recipients } = call;
  const amountMinor = amountOf(call);
  const currency = currencyOf(call);
  // Where no account says who is paid, whatever steers the call does.
  const payees = accounts.length > 0 ? accounts : call.args.filter((arg) => arg.steers);
  return {
    tool: call.tool,
    effect: manifest.effect,
    reversible: manifest.reversible,
    visibleOutside: manifest.visibleOutside,
    ...(amountMinor === null ? {} : { amountMinor }),
    ...(currency === null ? {} : { currency }),
    recipientsKnown: recipients.every((address) => knownRecipient(call.directory, address)),
    recipientCount: new Set(recipients).size,
    payeeKnown: accounts.length > 0 && accounts.every(({ value }) => typeof value === 'string' && knownPayee(call.directory, value)),
    payeeFromTrusted: payees.every(({ label }) => label.integrity === 'trusted'),
    trustedSourcesOnly: call.everything.integrity === 'trusted',
    steeringBound: call.unbound.length === 0,
    readsPrivate: manifest.readsPrivate || call.readPrivate || call.everything.readers === 'tenant',
    hour: hourOf(call.now, timeZone),
  };
}

/** The sum of all amounts; null when there is none, or one that is malformed. */
function amountOf(call: Call): number | null {
  const amounts = call.args.filter(({ manifest }) => manifest?.slot === 'amount').map(({ value }) => amountMinorOf(value));
  if (amounts.length === 0) return null;
  let sum = 0;
  for (const amount of amounts) {
    if (amount === null) return null;
    sum += amount;
  }
  return Number.isSafeInteger(sum) ? sum : null;
}

/** The one currency of the call, from its own argument or from beside the amount; null when there is none or more than one. */
function currencyOf(call: Call): string | null {
  const found = new Set<string>();
  for (const { manifest, value } of call.args) {
    if (manifest?.slot === 'currency' && typeof value === 'string') found.add(value);
    if (manifest?.slot === 'amount' && typeof value === 'object' && value !== null && 'currency' in value)
      found.add(String(value.currency));
  }
  const [only] = found;
  return found.size === 1 && only !== undefined ? only : null;
}

const hourFormats = new Map<string, Intl.DateTimeFormat>();

function hourOf(now: Date, timeZone: string): number {
  let format = hourFormats.get(timeZone);
  if (format === undefined) {
    format = new Intl.DateTimeFormat('en', { timeZone, hour: 'numeric', hourCycle: 'h23' });
    hourFormats.set(timeZone, format);
  }
  return Number(format.format(now));
}
