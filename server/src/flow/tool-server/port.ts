import type { Id } from '#kernel';
import type { OfferOutcome } from './tools.ts';

/** A program that the operator has installed and allows tenants to run. */
export interface ToolProgram {
  readonly id: string;
  readonly title: string;
  /** How it is kept from the rest of the machine. */
  readonly confinement: 'node permissions' | 'bubblewrap' | 'process only';
  /** Environment variables that a tenant may fill from its secrets. */
  readonly env: readonly string[];
}

/** What came of looking at a server. */
export type Look =
  | ({ readonly ok: true } & OfferOutcome)
  | { readonly ok: false; readonly fault: { readonly code: string; readonly message: string } };

/** What the surface asks of whoever reaches tool servers. Connectors implement it. */
export interface ToolServerReach {
  programs(): readonly ToolProgram[];
  /** Connects, and records what the server offers. Never throws for what a server does. @throws FactotumError `tool_server.not_found`. */
  look(tenantId: Id<'tenant'>, serverId: Id<'toolServer'>): Promise<Look>;
  /**
   * The authorisation server of the last sign-in is pinned: another one is not gone to before an administrator has agreed to it.
   *
   * @param ask.accepted - the pin of another one, as it was shown; null: none has been
   * @returns where the person has to go.
   * @throws FactotumError `tool_server.invalid`, `tool_server.not_found`; `tool_server.changed`, whose details show the other one.
   */
  beginSignIn(
    tenantId: Id<'tenant'>,
    serverId: Id<'toolServer'>,
    ask: { readonly redirectUri: string; readonly actor: string; readonly accepted: string | null },
  ): Promise<{ readonly url: string }>;
  /** @throws FactotumError `tool_server.invalid`. */
  finishSignIn(
    tenantId: Id<'tenant'>,
    answer: { readonly state: string; readonly code: string; readonly issuer: string | null; readonly actor: string },
  ): Promise<{ readonly serverId: Id<'toolServer'> }>;
  /** Ends what this process has open of a server: it was changed or removed. */
  forget(tenantId: Id<'tenant'>, serverId: Id<'toolServer'>): Promise<void>;
}
