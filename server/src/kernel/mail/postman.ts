import { createTransport } from 'nodemailer';
import { FactotumError, type MailConfig } from '#kernel';

/** A plain mail to one person. Text only: there is nothing in it that a mail program could load or hide. */
export interface Letter {
  readonly to: string;
  readonly subject: string;
  readonly text: string;
  /** Of a letter that may be handed over more than once: letters, digits and dashes, the same each time. Mailboxes keep one. */
  readonly id?: string;
}

export interface Postman {
  /** Whether mail goes out at all. Without it whoever makes a link is shown it, and hands it on. */
  readonly isConfigured: boolean;
  /** Resolves once the mail server has taken it. @throws FactotumError `mail.unavailable`. */
  send(letter: Letter): Promise<void>;
  close(): void;
}

/** A mail server that does not answer holds up whoever waits for the link; they are told after this long, in milliseconds. */
const timeoutMs = 15_000;

export function createPostman(config: MailConfig | undefined): Postman {
  if (config === undefined) {
    return {
      isConfigured: false,
      send: () => Promise.reject(unavailable('No mail server is set up: FACTOTUM_MAIL_URL.')),
      close: () => undefined,
    };
  }
  const transport = createTransport({
    url: config.url,
    pool: true,
    maxConnections: 2,
    connectionTimeout: timeoutMs,
    greetingTimeout: timeoutMs,
    socketTimeout: timeoutMs,
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  return {
    isConfigured: true,
    async send({ to, subject, text, id }) {
      const messageId = id === undefined ? {} : { messageId: `<${id}@${domainOf(config.from)}>` };
      try {
        // As an object: a text would be parsed, and could name more people than one.
        await transport.sendMail({ from: config.from, to: { name: '', address: to }, subject, text, ...messageId });
      } catch (cause) {
        throw unavailable('The mail server did not take the mail. Try again later.', cause);
      }
    },
    close: () => transport.close(),
  };
}

/** Of `Name <somebody@domain>`. */
const domainOf = (from: string): string => /@([^<>@\s]+)>?\s*$/.exec(from)?.[1] ?? 'factotum.invalid';

const unavailable = (message: string, cause?: unknown) => new FactotumError('mail.unavailable', message, { cause });
