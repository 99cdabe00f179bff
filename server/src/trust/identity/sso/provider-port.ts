/** Clocks may differ by this much, in seconds. */
export const clockSkewSeconds = 60;

/** What is sent along with the browser, and what must come back with the answer. Kept here, sealed, and never sent as it is. */
export interface Handshake {
  /** 32 random bytes, base64url: names the sign-in in `state` or `RelayState`. */
  readonly state: string;
  readonly nonce: string;
  /** The PKCE code verifier. */
  readonly verifier: string;
  /** The id of a SAML request. */
  readonly requestId: string;
  /** Where the provider sends the browser back to. */
  readonly returnUrl: string;
  /** Whether the person must prove anew that it is them, whatever session they have at the provider. */
  readonly force: boolean;
  /** Epoch milliseconds: when the browser left. */
  readonly startedAtMs: number;
}

/** What came back: the whole address of an OAuth redirect, or what a SAML provider posted. */
export type ProviderAnswer = { readonly kind: 'redirect'; readonly url: URL } | { readonly kind: 'post'; readonly response: string };

/** Who the provider says it is, after everything about the answer has been checked. */
export interface Claimed {
  /** Names the person at the provider for good. */
  readonly subject: string;
  readonly email: string | null;
  /** Null: the provider says nothing about it. */
  readonly emailVerified: boolean | null;
  readonly name: string | null;
  /** When the person last proved to the provider that it is them; null when it does not say. */
  readonly authenticatedAt: Date | null;
  /** Everything it said, for role rules and for the test's page. */
  readonly claims: Readonly<Record<string, unknown>>;
}

/** One way of asking somebody else who it is. */
export interface IdentityProvider {
  /** The address to send the browser to. @throws FactotumError `sso.unavailable`, `outbound.address_refused`. */
  begin(handshake: Handshake): Promise<URL>;
  /**
   * Checks the answer.
   *
   * @param wanted - claims that the caller needs; a provider that has to be asked once more for them is asked.
   * @throws FactotumError `sso.failed` for every answer that is not exactly what was asked for, `sso.unavailable`.
   */
  finish(answer: ProviderAnswer, handshake: Handshake, wanted: readonly string[]): Promise<Claimed>;
}
