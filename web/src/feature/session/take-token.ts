/** The one-time token of a sign-in link, waiting to be exchanged. */
let token = takeFromAddress();

/** The token, once. */
export function takeToken(): string | null {
  const taken = token;
  token = null;
  return taken;
}

/** For the next try, when the server could not be reached. */
export const putTokenBack = (unused: string): void => {
  token = unused;
};

/** Takes the token out of `/#token=…` and out of the browser's history. */
function takeFromAddress(): string | null {
  const found = /^#token=([\w.~-]+)$/.exec(location.hash)?.[1] ?? null;
  if (found !== null) history.replaceState(null, '', location.pathname + location.search);
  return found;
}
