import type { z } from 'zod';
import type { Id, JsonObject } from '#kernel';

/** Work that takes longer than a request: of one tenant, or of the installation. */
export interface Job {
  readonly id: Id<'job'>;
  readonly kind: string;
  /** Null: of the installation. */
  readonly tenantId: Id<'tenant'> | null;
  readonly state: JobState;
  readonly progress: JobProgress | null;
  /** Ids, counts and names of files of ours; never content. Null before the job is done. */
  readonly result: JsonObject | null;
  /** Why it failed, or why its last try did. */
  readonly error: { readonly code: string; readonly message: string } | null;
  readonly createdBy: string;
  readonly createdAt: Date;
  /** When it is to be worked on, at the earliest. */
  readonly runAt: Date;
  readonly startedAt: Date | null;
  readonly finishedAt: Date | null;
}

export const jobStates = ['waiting', 'running', 'done', 'failed', 'cancelled'] as const;
export type JobState = (typeof jobStates)[number];

export interface JobProgress {
  readonly done: number;
  /** Null while nobody knows. */
  readonly of: number | null;
  /** What is counted, in English and plural: `notes`, `rows`. */
  readonly unit: string;
}

/** One job in the hands of a worker. */
export interface JobRun<Input> {
  readonly id: Id<'job'>;
  readonly tenantId: Id<'tenant'> | null;
  readonly input: Input;
  /** What the last `save` left, by this process or one that died; at first what the job was made with. */
  readonly position: JsonObject | null;
  /** Who asked for it, as the audit log names them. */
  readonly actor: string;
  /** Aborted when the lease is lost, the job is called off, or the process stops. */
  readonly signal: AbortSignal;
  /**
   * Leaves where the work stands, durably. What was done since the last save is done again after a crash, so it must be idempotent.
   *
   * @throws the reason of `signal` when the job is no longer this worker's.
   */
  save(what: { readonly position?: JsonObject; readonly progress?: JobProgress }): Promise<void>;
}

/** How jobs of one kind are done. */
export interface JobHandler<Input = unknown> {
  /** `module.verb`, like `tenant.erase`. */
  readonly kind: string;
  readonly input: z.ZodType<Input>;
  /**
   * Does the work, from `position` on, and gives the result.
   *
   * What it throws decides: a fault that passes by itself (`retry`, or a database that is away) is waited out, any other fails the job.
   */
  run(job: JobRun<Input>): Promise<JsonObject | null>;
}

/** A handler whose input the compiler has seen, for a list of handlers of different inputs. */
export const defineJob = <Input>(handler: JobHandler<Input>): JobHandler =>
  // The runner hands `run` exactly what `input` has parsed.
  handler as unknown as JobHandler;
