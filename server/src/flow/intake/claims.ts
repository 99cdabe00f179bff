import type { Email } from 'postal-mime';
import type { MailFacts } from '#flow/correspondence';
import type { JsonObject } from '#kernel';
import { automaticReason } from './automatic.ts';
import { readReport } from './bounce.ts';

/** As much of a payload as this needs. */
interface Head {
  readonly sender: string;
  readonly replyTo: string;
  readonly subject: string;
  readonly messageId: string;
  readonly inReplyTo: string;
  readonly references: readonly string[];
}

/** What a mail says of itself: whether a program wrote it, what it answers, what it reports on. */
export interface Claims {
  /** For the payload. */
  readonly shown: JsonObject;
  readonly facts: MailFacts;
}

const idPattern = /<[\x21-\x3b\x3d\x3f-\x7e]{1,500}>/g;

/** @param externalId - stands for a Message-ID where there is none */
export function claimsOf(mail: Email, head: Head, { bytes, externalId }: { bytes: Uint8Array; externalId: string }): Claims {
  const header = (name: string) => (mail.headers.find(({ key }) => key === name)?.value ?? '').slice(0, headerCharsMax);
  const automatic = automaticReason(mail.headers, head);
  const report = automatic === 'bounce' ? readReport(bytes, { failedRecipients: header('x-failed-recipients') }) : null;
  // The nearest first.
  const ancestors = [head.inReplyTo, ...head.references.toReversed()].flatMap((ids) => ids.match(idPattern) ?? []);
  const messageId = head.messageId === '' ? externalId : head.messageId;
  const peers = [head.sender, head.replyTo, ...addressesIn(header('return-path'), header('reply-to'), header('list-post'))];
  return {
    shown: {
      automatic: automatic !== null,
      automaticReason: automatic,
      ...(report === null ? {} : { bounce: { isFinal: report.isFinal, recipients: report.recipients } }),
    },
    facts: {
      messageId,
      ancestors: [...new Set(ancestors)],
      // Of all references, not only of those that fit into a payload.
      root: mail.references?.match(idPattern)?.[0] ?? ancestors[0] ?? messageId,
      automatic,
      peers: [...new Set(peers)].filter((address) => address !== ''),
      returned: report === null ? null : { ids: report.ids, isFinal: report.isFinal },
    },
  };
}

const headerCharsMax = 1_000;

const addressesIn = (...values: readonly string[]): string[] =>
  values.flatMap((value) => value.match(/[^\s<>:",;]{1,128}@[^\s<>:"?,;]{1,128}/g) ?? []).map((address) => address.toLowerCase());
