/** What `public/start.js` has asked the server for before any of this code was there. */
interface Early {
  /** By path and query below `/api/v1`; null where the server could not be reached. */
  answers: Map<string, Promise<Response | null>>;
  /** Settled when nothing more will be asked. */
  begun: Promise<void>;
}

/** The answer to a question that was asked early, for the first who asks it now. */
export function takeEarly(path: string): Promise<Response | null> | undefined {
  const answers = earlyOf()?.answers;
  const answer = answers?.get(path);
  answers?.delete(path);
  return answer;
}

/** Waits until every question that is asked early has been asked. */
export const earlyBegun = (): Promise<void> => earlyOf()?.begun ?? Promise.resolve();

/** Forgets what nobody has asked for: from now on it gets old. */
export const dropEarly = (): void => earlyOf()?.answers.clear();

const earlyOf = () => (window as { early?: Early }).early; // Only `public/start.js` sets it.
