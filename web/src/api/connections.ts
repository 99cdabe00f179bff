/** The shapes of connections, schedules, webhooks and tool servers in `/api/v1`. */

/** The part of a JSON schema that a form is drawn from. */
export interface SchemaField {
  type?: string | string[];
  title?: string;
  description?: string;
  default?: unknown;
  enum?: (string | number)[];
  format?: string;
  minimum?: number;
  maximum?: number;
  minLength?: number;
  maxLength?: number;
  items?: SchemaField;
  anyOf?: SchemaField[];
}

export interface ObjectSchema {
  properties?: Record<string, SchemaField>;
  required?: string[];
}

/** A kind of outside system that can be connected. */
export interface ConnectorKind {
  kind: string;
  title: string;
  description: string;
  settings: ObjectSchema;
  credentials: Record<string, { title: string; required: boolean; help?: string }>;
  everyMs: number;
  can: { poll: boolean; stream: boolean; hook: boolean; discover: boolean };
}

export interface Fault {
  code: string;
  message: string;
}

export interface Connection {
  id: string;
  connector: string;
  name: string;
  state: 'active' | 'paused' | 'broken';
  settings: Record<string, unknown>;
  /** `set`, or the secret that it refers to. */
  credentials: Record<string, string | null>;
  health: {
    lastPolledAt: string | null;
    lastSuccessAt: string | null;
    lastArrivalAt: string | null;
    /** In a row. */
    failures: number;
    fault: Fault | null;
    lagMs: number | null;
    nextAt: string | null;
    progress: { done: number; of: number | null } | null;
    arrivals: number;
  };
  version: number;
  createdAt: string;
  updatedAt: string;
  hookUrl: string | null;
}

export interface Trial {
  ok: boolean;
  fault: Fault | null;
}

/** Settings that were found for an address. */
export interface Proposal {
  title: string;
  settings: Record<string, unknown>;
}

export interface Schedule {
  id: string;
  name: string;
  kind: string;
  /** Minute, hour, day of the month, month, day of the week. */
  cron: string;
  /** Null: the tenant's. */
  zone: string | null;
  payload: Record<string, unknown>;
  state: 'active' | 'paused';
  version: number;
  nextAt: string | null;
  lastAt: string | null;
  faultCode: string | null;
}

/** An endpoint that is told what happens. */
export interface Webhook {
  id: string;
  url: string;
  description: string;
  /** Kinds of events, groups of them like `task.*`, or `*`. */
  kinds: string[];
  state: 'active' | 'paused' | 'broken';
  version: number;
  /** In a row. */
  failures: number;
  failingSince: string | null;
  createdAt: string;
  updatedAt: string;
}

export interface Delivery {
  id: string;
  kind: string;
  state: 'waiting' | 'delivered' | 'failed';
  attempts: number;
  nextAt: string | null;
  lastStatus: number | null;
  message: string | null;
  createdAt: string;
  triedAt: string | null;
  deliveredAt: string | null;
  /** The JSON that is sent. */
  /** Null for who may not read the audit log. */
  payload: string | null;
}
