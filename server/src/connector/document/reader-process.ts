import { DocumentFault } from './document.ts';
import { readBytes } from './read-bytes.ts';

/**
 * The process that reads one document: an order in a line of JSON and the document's bytes in, one line of JSON out. It is started without
 * access to files or environment, and ended by whoever started it.
 */
try {
  const { order, bytes } = await readInput();
  await answer({ document: await readBytes(bytes, order) });
} catch (error) {
  if (!(error instanceof DocumentFault)) throw error;
  await answer({ fault: { code: error.code, message: error.message } });
}
process.exit(0);

async function readInput() {
  const pieces: Buffer[] = [];
  for await (const piece of process.stdin) pieces.push(piece);
  const all = Buffer.concat(pieces);
  const end = all.indexOf('\n');
  // The order is our own.
  const order = JSON.parse(all.toString('utf8', 0, end)) as Parameters<typeof readBytes>[1];
  return { order, bytes: all.subarray(end + 1) };
}

function answer(said: object): Promise<void> {
  return new Promise((done) => process.stdout.write(JSON.stringify(said), () => done()));
}
