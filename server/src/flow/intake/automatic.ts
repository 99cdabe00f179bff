import type { Automatic } from '#flow/correspondence';

/** A header field as mail parsers give it: its name in lower case. */
export interface HeaderField {
  readonly key: string;
  readonly value: string;
}

/** Fields that only mailing lists add (RFC 2369, RFC 2919). An unsubscribe link by itself is on every invoice, and then says only "program". */
const listFields = ['list-id', 'list-post', 'mailing-list', 'x-mailing-list'];
const replyFields = ['x-autoreply', 'x-autorespond', 'x-auto-reply', 'x-autoresponder'];
/** Mailboxes by whose name nobody reads what comes. */
const nobody = /^(no-?reply|no_reply|do-?not-?reply|do_not_reply|bounces?|notifications?)([+._=-].*)?$/;
const daemons = /^(mailer-daemon|postmaster|mail-?daemon)$/;
const failureSubject =
  /\b(undeliver(ed|able)|delivery (status|failure|has failed)|delivery incomplete|mail delivery (failed|system)|returned mail|failure notice|unzustellbar|non remis)/i;

/**
 * Why a mail is not to be answered, or null: RFC 3834, section 2, with the fields that programs in the wild use. Whoever wants an answer has no
 * reason to claim any of this, so a claim is enough.
 */
export function automaticReason(
  fields: readonly HeaderField[],
  { sender, subject }: { sender: string; subject: string },
): Automatic | null {
  const valuesOf = (name: string) => fields.filter(({ key }) => key === name).map(({ value }) => value.trim().toLowerCase());
  const has = (name: string) => valuesOf(name).some((value) => value !== '');
  const local = sender.slice(0, Math.max(0, sender.lastIndexOf('@')));
  const type = valuesOf('content-type')[0] ?? '';
  const submitted = valuesOf('auto-submitted').map((value) => value.split(/[\s;(]/)[0] ?? '');
  const isReport = /^multipart\/report\b/.test(type);
  const comesFromNobody = valuesOf('return-path').includes('<>') || daemons.test(local);
  if (isReport || has('x-failed-recipients') || (comesFromNobody && failureSubject.test(subject))) return 'bounce';
  const precedence = valuesOf('precedence');
  if (listFields.some(has) || precedence.includes('list')) return 'list';
  if (submitted.includes('auto-replied') || replyFields.some(has)) return 'reply';
  // DR, NDR, RN and the like ask only for no receipts; All, OOF and AutoReply mean answers.
  if (valuesOf('x-auto-response-suppress').some((value) => /\b(all|oof|autoreply)\b/.test(value))) return 'program';
  if (submitted.some((value) => value !== '' && value !== 'no')) return 'program';
  if (comesFromNobody || has('list-unsubscribe') || precedence.some((value) => value === 'bulk' || value === 'junk')) return 'program';
  if (has('feedback-id') || nobody.test(local)) return 'program';
  return null;
}
