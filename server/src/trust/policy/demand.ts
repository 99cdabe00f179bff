/** What has to come together before a step that a person is asked about may be done. */
export interface Demands {
  /** How many people have to agree; one may be a machine's key only where one is enough. */
  readonly approvals: number;
  /** Whether each of them has to have proved within the last minutes that it is them. */
  readonly stepUp: boolean;
  /** Whether whoever sent the event, or wrote what would be sent, cannot be one of them, and no machine's key can. */
  readonly fourEyes: boolean;
}

/** What holds where no policy asks for more. */
export const leastDemands: Demands = { approvals: 1, stepUp: false, fourEyes: false };

/** The most demanding of all of them, point by point. */
export const mostDemanding = (every: readonly Demands[]): Demands =>
  every.reduce<Demands>(
    (most, one) => ({
      approvals: Math.max(most.approvals, one.approvals),
      stepUp: most.stepUp || one.stepUp,
      fourEyes: most.fourEyes || one.fourEyes,
    }),
    leastDemands,
  );

/** Whether it asks for more than what holds anyway. */
export const isDemanding = ({ approvals, stepUp, fourEyes }: Demands): boolean => approvals > 1 || stepUp || fourEyes;

/** People that a policy may ask for at most: with more than that nothing is ever decided. */
const approvalsMax = 5;

/** Reads a policy's annotations. @returns the demands, or a sentence about what is wrong with them. */
export function readDemands(annotations: Readonly<Record<string, string | null | undefined>>): Demands | string {
  for (const name of Object.keys(annotations))
    if (!knownAnnotations.includes(name) && isNearlyDemand(name))
      return `@${name} says nothing to us. Did you mean @approvals("2"), @stepup("true") or @foureyes("true")?`;
  const { approvals, stepup, foureyes } = annotations;
  const people = approvals === undefined ? 1 : /^[1-9]$/.test(approvals ?? '') ? Number(approvals) : Number.NaN;
  if (!(people <= approvalsMax)) return `@approvals says how many people have to agree, from "1" to "${approvalsMax}".`;
  for (const [name, given] of Object.entries({ stepup, foureyes }))
    if (given !== undefined && given !== 'true' && given !== 'false') return `@${name} is "true" or "false".`;
  return { approvals: people, stepUp: stepup === 'true', fourEyes: foureyes === 'true' };
}

const knownAnnotations = ['approvals', 'stepup', 'foureyes'];

/** A demand that is misspelt would silently ask for nothing. */
const isNearlyDemand = (name: string): boolean => /^(approv|quorum|stepup|foureye|4eye)/.test(name.toLowerCase().replaceAll('_', ''));
