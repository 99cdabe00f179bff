/** The door to the audit log: recording entries, numbering them, reading and proving them. */
export { type AccessLog, type AccessLogOptions, createAccessLog } from './access-log.ts';
export { adoptLog } from './adopt.ts';
export { type AuditDraft, auditBody } from './body.ts';
export { discardPending } from './discard.ts';
export { exportLog, exportLogIn } from './export.ts';
export type { EntryListener } from './feed.ts';
export { closeLog, releaseLog } from './hand-over.ts';
export { type AuditKind, auditKinds, type LiveKind } from './kinds.ts';
export { type LiveMessage, liveMessageOf } from './live.ts';
export { type LogTail, logTailSchema, type PackedHead, packedHeadSchema, packHead, packTail } from './packed-head.ts';
export { type EntryProof, entryProof, tile } from './prove.ts';
export { provisionAuditLog } from './provision.ts';
export { type AuditEntry, type EntryQuery, listEntries, type PublicHead, publicHead } from './read.ts';
export { recordAudit, recordingAudit } from './record.ts';
export type { SequencedEntry } from './sequenced.ts';
export { createSequencer, type Sequencer, type SequencerOptions, type SequencerStatus } from './sequencer.ts';
export { type TenantLogReport, type VerifyOptions, verifyTenantLog } from './verify-log.ts';
export { logSize, type WorkEntry, workEntries } from './work.ts';
