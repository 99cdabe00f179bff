import type { Fault } from './connections.ts';
import type { Json, JsonObject } from './types.ts';

/** An MCP server that the operator has installed. */
export interface ToolProgram {
  id: string;
  title: string;
  confinement: 'node permissions' | 'bubblewrap' | 'process only';
  /** Variables that a tenant may fill, each with a secret. */
  env: string[];
}

export type ToolSignIn =
  | { kind: 'none' }
  | { kind: 'bearer'; token: string }
  | { kind: 'oauth'; clientId: string | null; clientSecret: string | null; scope: string | null }
  | { kind: 'mtls'; certificate: string; authorities: string | null };

export type ToolEndpoint =
  | { kind: 'http'; url: string; signIn: ToolSignIn }
  | { kind: 'program'; program: string; env: Record<string, string> };

/** An MCP server of somebody else's that is plugged in. */
export interface ToolServer {
  id: string;
  slug: string;
  title: string;
  endpoint: ToolEndpoint;
  state: 'active' | 'paused' | 'broken';
  isSignedIn: boolean;
  fault: Fault | null;
  /** What its program has printed on standard error last: a stranger's words. */
  lastWords: { lines: string[]; at: string } | null;
  checkedAt: string | null;
  version: number;
  createdAt: string;
  updatedAt: string;
}

export const toolEffects = ['read', 'write', 'egress', 'money', 'grant', 'destroy'] as const;
export const toolRisks = ['low', 'medium', 'high'] as const;

/** What an administrator says of a tool. */
export interface ToolManifest {
  title: string;
  consequence: string;
  effect: (typeof toolEffects)[number];
  risk: (typeof toolRisks)[number];
  visibleOutside: boolean;
  readsPrivate: boolean;
  args: Record<string, { role: 'steering' | 'content' | 'secret'; slot: string; title: string }>;
  timeoutMs: number;
  callsPerMinute: number;
}

/** What the server says of a tool: claims. */
export interface OfferedTool {
  name: string;
  title: string | null;
  description: string | null;
  inputSchema: JsonObject;
  outputSchema: JsonObject | null;
  annotations: JsonObject;
}

export interface PluggedTool {
  /** `mcp.<slug>.<name>`. */
  tool: string;
  name: string;
  state: 'proposed' | 'confirmed' | 'quarantined';
  version: number;
  /** Null: it is not offered any more, and nor is `offered`. */
  pin: string | null;
  offered: OfferedTool | null;
  /** Why no plan could call it. */
  unusable: string | null;
  manifest: ToolManifest;
  confirmedBy: string | null;
  confirmedAt: string | null;
  differences: { place: string; before?: Json; after?: Json }[];
}

/** Where one signs in to a tool server, as its authorisation server says. */
export interface SignInPlace {
  issuer: string;
  authorizationEndpoint: string;
  tokenEndpoint: string;
}

/** What became of a look at a server's tools. */
export type Look = { ok: true; offered: number; proposed: string[]; quarantined: string[] } | { ok: false; fault: Fault };
