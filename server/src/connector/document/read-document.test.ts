import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdtemp, open, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { deflateSync } from 'node:zlib';
import { z } from 'zod';
import { buildDocx } from '../../../test/office.ts';
import { buildPdf, buildTextPdf, pdfStream } from '../../../test/pdf.ts';
import { eventually } from '../../../test/platform.ts';
import { buildZip } from '../../../test/zip.ts';
import { readDocument } from './read-document.ts';

const folder = await mkdtemp(join(tmpdir(), 'factotum-document-'));
after(() => rm(folder, { recursive: true, force: true }));

const fixtures = process.env.FACTOTUM_FIXTURES ?? join(import.meta.dirname, '..', '..', '..', '..', '..', 'shared', 'fixtures');
const corpora = join(fixtures, 'corpora');
const skip = existsSync(join(corpora, 'invoices'))
  ? false
  : 'the corpora are not there: set FACTOTUM_FIXTURES to the folder that holds them';

/** Processes that this one has started and that still run. */
const children = async () =>
  (await readFile(`/proc/${process.pid}/task/${process.pid}/children`, 'utf8')).trim().split(' ').filter(Boolean);
const linux = process.platform === 'linux' ? false : 'there is no /proc here';

test('what stands on one line of a page is one line of the text, wherever it stands in the file', async () => {
  const bytes = buildTextPdf([
    { text: '119.00', x: 300, y: 500 },
    { text: 'Invoice 4711', x: 50, y: 700 },
    { text: 'Total', x: 50, y: 500 },
  ]);
  const { kind, text, pages, truncated, warnings } = await readDocument({ name: 'invoice.pdf', bytes });
  assert.deepEqual([kind, text, pages, truncated, warnings], ['pdf', 'Invoice 4711\n\nTotal  119.00', 1, false, []]);
});

test('two readings of one document at once give the same, and so do its bytes, its path and its stream', async () => {
  const bytes = buildDocx('<w:p><w:r><w:t>Hello</w:t></w:r></w:p>');
  const path = join(folder, 'a.docx');
  const file = await open(path, 'w');
  await file.writeFile(bytes);
  await file.close();
  const stream = (async function* () {
    for (let at = 0; at < bytes.length; at += 100) yield bytes.subarray(at, at + 100);
  })();
  const read = await Promise.all([
    readDocument({ name: 'a.docx', bytes }),
    readDocument({ name: 'a.docx', path }),
    readDocument({ name: 'a.docx', stream, sizeBytes: bytes.length }),
  ]);
  assert.deepEqual(read[0]?.text, 'Hello');
  assert.deepEqual(read[1], read[0]);
  assert.deepEqual(read[2], read[0]);
});

test('a document that takes too long ends with its process, and others are read', { skip: linux }, async () => {
  // Tags within each other take their reader quadratic time.
  const slow = Buffer.from(`<!doctype html>${'<b>'.repeat(300_000)}`);
  await assert.rejects(readDocument({ name: 'a.html', bytes: slow }, { timeoutMs: 400 }), { code: 'document.too_large' });
  const signal = AbortSignal.timeout(300);
  await assert.rejects(readDocument({ name: 'a.html', bytes: slow }, { signal }), { name: 'TimeoutError' });
  await eventually(async () => ((await children()).length === 0 ? true : undefined));
  assert.equal((await readDocument({ name: 'a.txt', bytes: Buffer.from('next') })).text, 'next');
});

test('what unpacks to more than the memory of a document is ended, whatever it hides in', async () => {
  const zeros = deflateSync(Buffer.alloc(200 * 1024 * 1024));
  // Filters one upon the other: a kilobyte that stands for hundreds of gigabytes.
  const layered = deflateSync(deflateSync(zeros));
  const page = (contents: Buffer) =>
    buildPdf([
      '<</Type/Catalog/Pages 2 0 R>>',
      '<</Type/Pages/Kids[3 0 R]/Count 1>>',
      '<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]/Contents[4 0 R 4 0 R 4 0 R 4 0 R 4 0 R 4 0 R]>>',
      contents,
    ]);
  await assert.rejects(
    readDocument(
      { name: 'a.pdf', bytes: page(pdfStream(layered, '/Filter[/FlateDecode/FlateDecode/FlateDecode]')) },
      { timeoutMs: 20_000 },
    ),
    { code: 'document.too_large' },
  );
  const sheet = buildZip([{ name: 'a', content: '', deflated: Buffer.alloc(1_000_000), declaredBytes: 2 ** 30 }]);
  await assert.rejects(readDocument({ name: 'a.zip', bytes: sheet }), { code: 'document.too_large' });
});

test('a PDF whose objects lead in circles is read or refused', async () => {
  const loops = [
    ['<</Type/Catalog/Pages 2 0 R>>', '<</Type/Pages/Kids[2 0 R 2 0 R]/Count 1000000>>'],
    ['<</Type/Catalog/Pages 2 0 R>>', '<</Type/Pages/Kids[3 0 R]/Count 1>>', '<</Type/Page/Parent 3 0 R/Contents 4 0 R>>', '4 0 R'],
    ['1 0 R'],
  ];
  for (const objects of loops) {
    const outcome = await readDocument({ name: 'a.pdf', bytes: buildPdf(objects) }).catch((error: unknown) => error);
    if (outcome instanceof Error) assert.match(String(Reflect.get(outcome, 'code')), /^document\./);
  }
});

test('a gigabyte of nothing is refused by its size, and nothing is refused as nothing', async () => {
  const path = join(folder, 'zeros.pdf');
  const file = await open(path, 'w');
  await file.truncate(2 ** 30);
  await file.close();
  await assert.rejects(readDocument({ name: 'zeros.pdf', path }), { code: 'document.too_large' });
  await assert.rejects(readDocument({ name: 'a.pdf', bytes: new Uint8Array() }), { code: 'document.unreadable' });
  await assert.rejects(readDocument({ name: 'a.pdf', bytes: Buffer.from('%PDF-1.7\n') }), { code: 'document.unreadable' });
});

test('every invoice of the corpus is read, and says what a person finds in it', { skip }, async (t) => {
  const names = (await readdir(join(corpora, 'invoices'))).filter((name) => /\.(?:pdf|txt)$/.test(name));
  const wanted = z.array(z.looseObject({ invoice_number: z.coerce.string(), amount: z.coerce.number().optional() }));
  let found = 0;
  const missed: string[] = [];
  for (const name of names) {
    const { text } = await readDocument({ name, path: join(corpora, 'invoices', name) });
    assert.ok(text.length > 500, name);
    const [invoice] = wanted.parse(JSON.parse(await readFile(join(corpora, 'invoices', name.replace(/\.\w+$/, '.json')), 'utf8')));
    const digits = text.replace(/[\s.,]/g, '');
    const amount = invoice?.amount?.toFixed(2).replace('.', '') ?? '';
    const isFound =
      text.replace(/\s/g, '').includes(invoice?.invoice_number.replace(/\s/g, '') ?? '\0') &&
      (digits.includes(amount) || digits.includes(amount.replace(/00$/, '')));
    if (isFound) found += 1;
    else missed.push(name);
  }
  t.diagnostic(
    `invoices read: ${names.length} of ${names.length}; number and amount in the text: ${found} of ${names.length}${missed.length === 0 ? '' : `, not in ${missed.join(', ')}`}`,
  );
  assert.ok(found >= names.length - 1);
});
