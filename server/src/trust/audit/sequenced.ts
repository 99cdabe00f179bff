/** A numbered entry as listeners are told of it. */
export interface SequencedEntry {
  /** The tenant's audit sequence, from 0 without gaps: the entry's index in the tree. */
  readonly seq: number;
  readonly at: Date;
  /** One of `AuditKind`, or what a newer release calls it. */
  readonly kind: string;
  readonly objectId: string | null;
  readonly taskId: string | null;
  readonly state: string | null;
  /** Whether it is a change of state, which the live feed carries. */
  readonly live: boolean;
}

/** That part of an entry's row. */
export const sequencedOf = ({ seq, at, kind, objectId, taskId, state, live }: SequencedEntry): SequencedEntry => ({
  seq,
  at,
  kind,
  objectId,
  taskId,
  state,
  live,
});
