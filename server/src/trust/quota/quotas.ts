import { wordsIn } from '#kernel/words';
import type { Window } from './window.ts';

/** For the API; letters have the words of whoever reads them. */
const english = wordsIn('en').quotas.of;

/** What one quota is about. */
export interface Quota {
  readonly title: string;
  /** `micro-usd`: millionths of a US dollar. */
  readonly unit: 'tasks' | 'events' | 'requests' | 'micro-usd' | 'bytes' | 'members' | 'connectors';
  /** `now`: what is there at this moment; otherwise uses within a span that starts on a whole one in UTC. */
  readonly window: 'now' | Extract<Window, 'minute' | 'day' | 'month'>;
  /** Of a tenant for which the operator has set nothing else. */
  readonly default: number;
  /** Least that can be set: 0 switches off what it counts. */
  readonly min: number;
  readonly max: number;
  /** `counter`: a row in `quota_counter` of the quota's own name; `gauge`: whoever knows says how many there are. */
  readonly counted: 'counter' | 'gauge';
  /** How it is counted and what happens at the limit, for people. */
  readonly about: string;
  /** How long an alert is not given again: with the window, or a day where a window is so short that it would be noise; `once` until there is room again. */
  readonly alerts: 'day' | 'month' | 'once';
}

/** Every quota there is, the only list. Names are public: they are what the API and the command call them. */
export const quotas = {
  maxRunning: {
    ...english.maxRunning,
    unit: 'tasks',
    window: 'now',
    // A few workers' worth: more would let one tenant fill the memory of a small installation.
    default: 20,
    min: 1,
    max: 1_000,
    counted: 'gauge',
    alerts: 'day',
  },
  eventsPerMinute: {
    ...english.eventsPerMinute,
    unit: 'events',
    window: 'minute',
    // A hundred a second is more than any mailbox brings.
    default: 6_000,
    min: 1,
    max: 1_000_000,
    counted: 'counter',
    alerts: 'day',
  },
  requestsPerMinute: {
    ...english.requestsPerMinute,
    unit: 'requests',
    window: 'minute',
    // Twice what its events may be: each brings a look or two.
    default: 12_000,
    min: 1,
    max: 10_000_000,
    counted: 'counter',
    alerts: 'day',
  },
  modelMicrosPerDay: {
    ...english.modelMicrosPerDay,
    unit: 'micro-usd',
    window: 'day',
    // 10 USD: some hundred plans of a large model.
    default: 10_000_000,
    min: 0,
    max: 1_000_000_000_000,
    counted: 'counter',
    alerts: 'day',
  },
  modelMicrosPerMonth: {
    ...english.modelMicrosPerMonth,
    unit: 'micro-usd',
    window: 'month',
    // 100 USD.
    default: 100_000_000,
    min: 0,
    max: 1_000_000_000_000,
    counted: 'counter',
    alerts: 'month',
  },
  vaultBytes: {
    ...english.vaultBytes,
    unit: 'bytes',
    window: 'now',
    // 2 GB: a hundred thousand pages of text with all their versions.
    default: 2_000_000_000,
    min: 0,
    max: 1_000_000_000_000,
    counted: 'counter',
    alerts: 'once',
  },
  members: {
    ...english.members,
    unit: 'members',
    window: 'now',
    default: 100,
    min: 1,
    max: 100_000,
    counted: 'gauge',
    alerts: 'once',
  },
  connectors: {
    ...english.connectors,
    unit: 'connectors',
    window: 'now',
    default: 20,
    min: 0,
    max: 1_000,
    counted: 'gauge',
    alerts: 'once',
  },
} as const satisfies Record<string, Quota>;

export type QuotaName = keyof typeof quotas;

/** The quotas of one kind of counting. */
type CountedAs<K extends Quota['counted']> = { [N in QuotaName]: (typeof quotas)[N]['counted'] extends K ? N : never }[QuotaName];
export type GaugeName = CountedAs<'gauge'>;
export type CounterName = CountedAs<'counter'>;
/** Those that are counted in windows of a minute. */
export type RateName = 'eventsPerMinute' | 'requestsPerMinute';

// The keys of an object literal are exactly the keys of its type.
export const quotaNames = Object.keys(quotas) as QuotaName[];

export const isQuotaName = (text: string): text is QuotaName => Object.hasOwn(quotas, text);

/** The limits of one tenant, one number each. */
export type Limits = Readonly<Record<QuotaName, number>>;

// fromEntries gives every name of the table its number.
export const defaultLimits: Limits = Object.fromEntries(quotaNames.map((name) => [name, quotas[name].default])) as Limits;
