/** What is done with a file: a mail and a mailbox are mails; anything else is kept and read. */
export type Sort = 'mail' | 'mailbox' | 'file';

/** How much of a file says what it is. */
export const headBytes = 8_192;

/** Headers that hardly anything but a mail begins with; of those that other texts use as well it takes two. */
const certain = /^(?:return-path|received|delivered-to|message-id|mime-version|dkim-signature|arc-seal|x-mailer|x-original-to)$/;
const likely = /^(?:from|to|cc|subject|date|reply-to|sender|content-type)$/;

/** By its ending; where that says nothing, by how it begins. */
export function sortOf(name: string, head: Buffer): Sort {
  if (/\.(?:mbox|mbx)$/i.test(name)) return 'mailbox';
  if (/\.eml$/i.test(name)) return 'mail';
  if (/\.[a-z0-9]{1,8}$/i.test(name) && !/\.(?:txt|mail|msg)$/i.test(name)) return 'file';
  return beginsLikeMail(head) ? 'mail' : 'file';
}

function beginsLikeMail(head: Buffer): boolean {
  const lines = head.toString('latin1').split(/\r?\n/);
  const first = lines[0]?.startsWith('From ') === true ? 1 : 0;
  let points = 0;
  for (const line of lines.slice(first, first + 60)) {
    if (line === '') break;
    const name = /^([!-9;-~]{1,60})\s*:/.exec(line)?.[1]?.toLowerCase();
    if (name === undefined) {
      // The next line of a header that is folded.
      if (/^[ \t]/.test(line)) continue;
      return false;
    }
    points += certain.test(name) ? 2 : likely.test(name) ? 1 : 0;
  }
  return points >= 2;
}
