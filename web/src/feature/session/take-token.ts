/** What a one-time token in the address is for: signing in, joining by invitation, or confirming a registration. */
export type TokenKind = 'link' | 'invitation' | 'registration';

const kinds: Record<string, TokenKind> = { '/join': 'invitation', '/register': 'registration' };

/** The token that was in the address when the page was loaded, waiting to be exchanged. */
let waiting = takeFromAddress();

/** The token of that kind, once. */
export function takeToken(kind: TokenKind): string | null {
  if (waiting?.kind !== kind) return null;
  const { token } = waiting;
  waiting = null;
  return token;
}

/** For the next try, when the server could not be reached or the person has to sign in first. */
export const putTokenBack = (kind: TokenKind, token: string): void => {
  waiting = { kind, token };
};

/** Takes the token out of `…#token=…` and out of the browser's history. */
function takeFromAddress(): { kind: TokenKind; token: string } | null {
  const token = /^#token=([\w.~-]+)$/.exec(location.hash)?.[1];
  if (token === undefined) return null;
  history.replaceState(null, '', location.pathname + location.search);
  return { kind: kinds[location.pathname] ?? 'link', token };
}
