/** The shapes of keys, secrets, models and backups in `/api/v1`. */
import type { Job } from './tenancy.ts';

/** A tenant's own model. Its key is a reference to a secret. */
export interface OwnModel {
  provider: 'anthropic' | 'openai-compatible';
  name: string;
  /** Null: the vendor's own address. */
  url: string | null;
  key: string | null;
}

export interface ModelSetting {
  version: number;
  own: OwnModel | null;
  changedAt: string | null;
  installation: { model: string | null; maySpend: boolean };
  inForce: 'own' | 'installation' | 'none';
}

export interface ModelProbe {
  ok: boolean;
  message: string | null;
  latencyMs: number;
}

export interface SecretItem {
  id: string;
  name: string;
  kind: string;
  store: string;
  version: number;
  createdAt: string;
  changedAt: string;
  rotateAfter: string | null;
  lastUsedAt: string | null;
  /** What refers to it. */
  usedBy: string[];
  state: string;
}

export interface KeyGeneration {
  generation: number;
  state: 'active' | 'retired' | 'destroyed';
  provider: string;
  createdAt: string;
  destroyedAt: string | null;
  /** How much is sealed under it; null: not counted yet. */
  objects: number | null;
}

export interface Encryption {
  provider: {
    kind: string;
    kekId: string;
    kekVersion: string;
    own: boolean;
    health: { ok: boolean; latencyMs: number | null; at: string | null; error: string | null };
  };
  cacheSeconds: number;
  generations: KeyGeneration[];
  columns: { sealed: number; clear: number };
  job: Job | null;
}

export interface BackupItem {
  id: string;
  createdAt: string;
  finishedAt: string | null;
  bytes: number;
  /** Written for this one; the rest was there from earlier ones. */
  newBytes: number;
  state: string;
  verifiedAt: string | null;
  drilledAt: string | null;
  error: { code: string; message: string } | null;
}

export interface Backups {
  /** Whether there is a recovery key, without which no backup is made. */
  isSetUp: boolean;
  items: BackupItem[];
  next: { at: string } | null;
  to: string | null;
  keysTo: string | null;
}
