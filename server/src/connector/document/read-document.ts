import { type ChildProcess, spawn } from 'node:child_process';
import { createReadStream, existsSync } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { FactotumError, jsonObjectSchema } from '#kernel';
import { type DocumentText, documentBytesMax, documentKinds, textCharsMax } from './document.ts';

/** A document by its bytes, by the path of a file that is not changed meanwhile, or by what brings its bytes and how many there are. */
export type DocumentInput = {
  /** As its sender named it: its ending is compared with what the bytes are. */
  readonly name: string;
  /** As its sender declared it: believed only for the encoding of text. */
  readonly mediaType?: string | undefined;
} & (
  | { readonly bytes: Uint8Array }
  | { readonly path: string }
  | { readonly stream: AsyncIterable<Uint8Array>; readonly sizeBytes: number }
);

export interface ReadOptions {
  readonly signal?: AbortSignal | undefined;
  /** Most UTF-16 code units of text, 1,000,000 at most and unless told. */
  readonly textCharsMax?: number;
  /** Also where a photograph was taken. */
  readonly withPosition?: boolean;
  /** How long the reading may take, in milliseconds. */
  readonly timeoutMs?: number;
}

/** The slowest honest document of our corpora takes 0.5 s; a thousand pages on a busy machine take ten times that of a quiet one. */
const timeoutMsDefault = 30_000;
/** Most memory of the process that reads: 100 MB is where a PDF of one page stands. */
const memoryBytesMax = 512 * 1024 * 1024;
const heapMegabytes = 320;
const memoryLookMs = 50;
/** A million characters at three bytes each, and room for escapes and metadata. */
const answerBytesMax = 8 * 1024 * 1024;
/**
 * Reads the text of a document in a process of its own, made for this document alone: without environment, file access, or a second
 * chance. What was written to break a reader breaks that process. How many are read at once is the caller's to say.
 *
 * @throws FactotumError `document.unreadable` when it is damaged, protected or of a kind that is not read; `document.too_large` when it,
 * what it unpacks to, or what reading it takes is more than a document needs. Their messages say what to do. Never retried.
 */
export async function readDocument(input: DocumentInput, options: ReadOptions = {}): Promise<DocumentText> {
  const { signal } = options;
  signal?.throwIfAborted();
  const size = await sizeOf(input);
  if (size > documentBytesMax)
    throw new FactotumError('document.too_large', `The document has ${size} bytes; the text of at most ${documentBytesMax} is read.`);
  if (size === 0) throw new FactotumError('document.unreadable', 'The document is empty. Send it again.');
  const child = startReader();
  try {
    const answer = await answerOf(child, input, options);
    const parsed = answerSchema.parse(JSON.parse(answer));
    if ('document' in parsed) return parsed.document;
    throw new FactotumError(`document.${parsed.fault.code}`, parsed.fault.message);
  } finally {
    child.kill('SIGKILL');
  }
}

async function sizeOf(input: DocumentInput): Promise<number> {
  if ('bytes' in input) return input.bytes.byteLength;
  return 'path' in input ? (await stat(input.path)).size : input.sizeBytes;
}

const documentSchema = z.strictObject({
  kind: z.enum(documentKinds),
  text: z.string(),
  pages: z.int().optional(),
  title: z.string().optional(),
  metadata: jsonObjectSchema,
  truncated: z.boolean(),
  warnings: z.array(z.string()),
}) satisfies z.ZodType<DocumentText, unknown>;
const answerSchema = z.union([
  z.strictObject({ document: documentSchema }),
  z.strictObject({ fault: z.strictObject({ code: z.enum(['unreadable', 'too_large']), message: z.string() }) }),
]);

/** Resolves with what the process says; kills it when it takes too long, too much memory, or says too much. */
function answerOf(child: ChildProcess, input: DocumentInput, options: ReadOptions): Promise<string> {
  const { timeoutMs = timeoutMsDefault, signal } = options;
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const pieces: Buffer[] = [];
  let bytes = 0;
  const tooMuch = (what: string) =>
    reject(
      new FactotumError('document.too_large', `Reading this document takes more than ${what}. Send a simpler or shorter version of it.`),
    );
  const onAbort = () => reject(signal?.reason);
  const timer = setTimeout(() => tooMuch(`${timeoutMs / 1_000} seconds`), timeoutMs);
  const look = setInterval(
    () => void outgrown(child).then((isOutgrown) => isOutgrown && tooMuch('the memory that a document needs')),
    memoryLookMs,
  );
  signal?.addEventListener('abort', onAbort);
  child.once('error', reject);
  child.stdout?.on('data', (piece: Buffer) => {
    bytes += piece.length;
    if (bytes > answerBytesMax) tooMuch('the text that a document has');
    else pieces.push(piece);
  });
  child.once('close', (code) => {
    if (code === 0) resolve(Buffer.concat(pieces).toString('utf8'));
    // Ended by the system, or by itself for want of memory.
    else tooMuch('the memory that a document needs');
  });
  send(child, input, options).catch(reject);
  return promise.finally(() => {
    clearTimeout(timer);
    clearInterval(look);
    signal?.removeEventListener('abort', onAbort);
  });
}

/** What to do in one line, then the document. A process that has ended does not want it any more, and has said why. */
async function send({ stdin }: ChildProcess, input: DocumentInput, options: ReadOptions): Promise<void> {
  if (stdin === null) return;
  stdin.on('error', () => undefined);
  const order = {
    name: input.name,
    mediaType: input.mediaType ?? null,
    textCharsMax: Math.min(options.textCharsMax ?? textCharsMax, textCharsMax),
    withPosition: options.withPosition ?? false,
  };
  stdin.write(`${JSON.stringify(order)}\n`);
  const source = 'bytes' in input ? [input.bytes] : 'path' in input ? createReadStream(input.path) : input.stream;
  for await (const piece of source) {
    if (stdin.destroyed) return;
    if (!stdin.write(piece))
      await Promise.race([new Promise((go) => stdin.once('drain', go)), new Promise((go) => stdin.once('close', go))]);
  }
  stdin.end();
}

const here = dirname(fileURLToPath(import.meta.url));
const library = fileURLToPath(import.meta.resolve('unpdf'));
/** What the process may read: its code and the libraries', nothing of the data. */
const readable = [
  here,
  join(here, '..', '..', '..', 'package.json'),
  library.slice(0, library.lastIndexOf('node_modules') + 'node_modules'.length),
];
const shell = '/bin/sh';
/** Processor seconds after which the system itself ends it, even when nobody is left to. No core dump: it would hold the document. */
const bounds = 'ulimit -t 120; ulimit -c 0; exec "$0" "$@"';

function startReader(): ChildProcess {
  const parameters = [
    '--permission',
    ...readable.map((path) => `--allow-fs-read=${path}`),
    `--max-old-space-size=${heapMegabytes}`,
    '--disable-proto=throw',
    join(here, 'reader-process.ts'),
  ];
  const command = existsSync(shell) ? [shell, '-c', bounds, process.execPath, ...parameters] : [process.execPath, ...parameters];
  const [program = process.execPath, ...rest] = command;
  // What the libraries print could be the document's words.
  return spawn(program, rest, { cwd: here, env: { TZ: 'UTC' }, stdio: ['pipe', 'pipe', 'ignore'], windowsHide: true });
}

/** Buffers lie outside of V8's heap, which alone it limits. Where there is no /proc the time is the only bound on them. */
async function outgrown({ pid }: ChildProcess): Promise<boolean> {
  if (process.platform !== 'linux') return false;
  const status = await readFile(`/proc/${pid}/statm`, 'utf8').catch(() => '');
  return Number(status.split(' ')[1] ?? 0) * 4_096 > memoryBytesMax;
}
