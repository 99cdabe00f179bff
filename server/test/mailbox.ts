import { after } from 'node:test';
import { SMTPServer } from 'smtp-server';
import { eventually } from './platform.ts';

/** A mail server that keeps what it is given. */
export interface Mailbox {
  /** For FACTOTUM_MAIL_URL. */
  readonly url: string;
  /** The newest letter to that address, waited for. */
  letterTo(address: string): Promise<string>;
  /** How many letters went there. */
  count(address: string): number;
}

/** Starts one on a free port; it ends with the test file. */
export async function startMailbox(): Promise<Mailbox> {
  const letters: { to: string; text: string }[] = [];
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['AUTH', 'STARTTLS'],
    onData(stream, session, done) {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => {
        const text = Buffer.concat(chunks).toString().replaceAll('=\r\n', '').replaceAll('=3D', '=');
        for (const { address } of session.envelope.rcptTo) letters.push({ to: address, text });
        done();
      });
    },
  });
  const port = await new Promise<number>((resolve, reject) => {
    server.on('error', reject);
    const listening = server.listen(0, '127.0.0.1', () => {
      const address = listening.address();
      if (typeof address === 'object' && address !== null) resolve(address.port);
    });
  });
  after(() => new Promise<void>((resolve) => server.close(resolve)));
  const to = (address: string) => letters.filter((letter) => letter.to === address);
  return {
    url: `smtp://127.0.0.1:${port}`,
    letterTo: (address) =>
      eventually(
        async () => to(address).at(-1)?.text,
        () => `no letter came for ${address}`,
      ),
    count: (address) => to(address).length,
  };
}
