import type { Id } from '#kernel';
import type { Tx } from '#kernel/database';
import type { KeysOf } from '#trust/key';

/** Where a walk stands: the key of the last object that was looked at, in words that only its target reads. */
export type ResealPlace = readonly string[];

/** A kind of sealed objects that a rotation walks over: one column of the database, or the blobs. */
export interface ResealTarget {
  /** Names it in positions of jobs, so it never changes: `app.note_version.body`. */
  readonly name: string;
  /** How many objects of the tenant are sealed under which generation. What is no sealed object counts under 0. */
  countByGeneration(tenantId: Id<'tenant'>): Promise<ReadonlyMap<number, number>>;
  /**
   * How many are sealed under that generation, in the transaction that is to destroy it: for objects that are sealed long before they are
   * written down. Whoever writes them down holds their generation.
   */
  countHeld?(tx: Tx, tenantId: Id<'tenant'>, generation: number): Promise<number>;
  /**
   * Re-seals some objects that are not under `generation`, in the order of their keys from behind `after`. Another writer always wins:
   * what was changed meanwhile is left as it is.
   */
  reseal(piece: ResealPiece): Promise<ResealedPiece>;
}

export interface ResealPiece {
  readonly tenantId: Id<'tenant'>;
  readonly generation: number;
  readonly keysOf: KeysOf;
  /** Null: from the beginning. */
  readonly after: ResealPlace | null;
  readonly signal: AbortSignal;
}

export interface ResealedPiece {
  /** Where to go on, null at the end. */
  readonly after: ResealPlace | null;
  readonly resealed: number;
  /** Written or locked by somebody else in between: they are looked at again in the next pass. */
  readonly passedOver: number;
  /** What does not open, by id. */
  readonly damaged: readonly string[];
}
