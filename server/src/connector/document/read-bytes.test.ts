import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { buildDocx, buildXlsx } from '../../../test/office.ts';
import { buildZip } from '../../../test/zip.ts';
import { DocumentFault } from './document.ts';
import { readBytes } from './read-bytes.ts';

const limits = { textCharsMax: 100_000, withPosition: false };
const read = (bytes: Uint8Array | string, name = 'a', mediaType: string | null = null) =>
  readBytes(Buffer.from(bytes), { ...limits, name, mediaType });
const refused = (code: DocumentFault['code'], reason: RegExp) => (error: unknown) =>
  error instanceof DocumentFault && error.code === code && reason.test(error.message);

test('a text document is read in its order: paragraphs, tables in lines, what was typed and not what was deleted', async () => {
  const docx = buildDocx(
    '<w:p><w:pPr><w:tabs><w:tab w:val="left"/></w:tabs></w:pPr><w:r><w:t>Dear</w:t><w:tab/><w:t xml:space="preserve"> A &amp; B</w:t></w:r></w:p>' +
      '<w:p><w:del><w:r><w:delText>gone</w:delText></w:r></w:del><w:r><w:t>one</w:t><w:br/><w:t>two</w:t></w:r></w:p>' +
      '<w:tbl><w:tr><w:tc><w:p><w:r><w:t>Total</w:t></w:r></w:p></w:tc><w:tc><w:p><w:r><w:t>12,50</w:t></w:r></w:p></w:tc></w:tr></w:tbl>',
    [
      { name: 'word/footer1.xml', content: '<w:ftr><w:p><w:r><w:t>Page</w:t></w:r></w:p></w:ftr>' },
      { name: 'docProps/core.xml', content: '<p><dc:title>Offer</dc:title><dc:creator>Ada</dc:creator></p>' },
    ],
  );
  const { kind, text, title, metadata, warnings } = await read(docx, 'offer.docx');
  assert.deepEqual([kind, title, metadata, warnings], ['docx', 'Offer', { author: 'Ada' }, []]);
  assert.equal(text, 'Dear\t A & B\none\ntwo\nTotal\t12,50\n\nPage');
});

test('a workbook is read as CSV: cached values of formulas, dates by their formats, both calendars', async () => {
  const styles =
    '<numFmts><numFmt numFmtId="170" formatCode="dd\\.mm\\.yyyy"/><numFmt numFmtId="171" formatCode="[h]:mm"/><numFmt numFmtId="172" formatCode="&quot;day&quot; 0.00"/></numFmts>' +
    '<cellXfs><xf numFmtId="0"/><xf numFmtId="14"/><xf numFmtId="170"/><xf numFmtId="22"/><xf numFmtId="171"/><xf numFmtId="172"/></cellXfs>';
  const row =
    '<row r="1"><c r="A1" t="s"><v>0</v></c><c r="C1" t="inlineStr"><is><t>say "hi", you</t></is></c></row>' +
    '<row r="2"><c r="A2"><f>SUM(1,2)</f><v>0.30000000000000004</v></c><c r="B2" s="1"><v>45658</v></c><c r="C2" s="2"><v>1</v></c><c r="D2" s="3"><v>45658.5</v></c><c r="E2" s="4"><v>1.5</v></c><c r="F2" s="5"><v>45658</v></c><c r="G2" t="b"><v>1</v></c><c r="H2" t="e"><v>#DIV/0!</v></c></row>';
  const strings = '<si><t>Na</t><rPh><t>x</t></rPh><r><t>me</t></r></si>';
  const { kind, text, pages, metadata } = await read(buildXlsx({ Money: row }, { styles, strings }));
  assert.deepEqual([kind, pages, metadata], ['xlsx', 1, { sheets: ['Money'] }]);
  assert.equal(text, '## Money\nName,,"say ""hi"", you"\n0.3,2025-01-01,1900-01-01,2025-01-01 12:00:00,36:00:00,45658,TRUE,#DIV/0!');
  const old = await read(buildXlsx({ A: '<row><c s="1"><v>0</v></c></row>' }, { styles, properties: '<workbookPr date1904="1"/>' }));
  assert.equal(old.text, '## A\n1904-01-01');
});

test('OpenDocument is read: text with its blanks, sheets with what is repeated', async () => {
  const odt = buildZip([
    { name: 'mimetype', content: 'application/vnd.oasis.opendocument.text' },
    { name: 'content.xml', content: '<o><text:h>Title</text:h><text:p>a<text:s text:c="3"/>b<text:tab/>c</text:p></o>' },
    { name: 'meta.xml', content: '<m><dc:title>T</dc:title><dc:creator>Eve</dc:creator></m>' },
  ]);
  assert.deepEqual(await read(odt, 'x.odt').then(({ kind, text, title, metadata }) => [kind, text, title, metadata]), [
    'odt',
    'Title\na   b\tc',
    'T',
    { author: 'Eve' },
  ]);
  const ods = buildZip([
    { name: 'mimetype', content: 'application/vnd.oasis.opendocument.spreadsheet' },
    {
      name: 'content.xml',
      content:
        '<o><table:table table:name="S"><table:table-row><table:table-cell office:value-type="date" office:date-value="2026-01-02T00:00:00"><text:p>2. Jan</text:p></table:table-cell><table:table-cell office:value-type="string" table:number-columns-repeated="2"><text:p>x</text:p></table:table-cell><table:table-cell table:number-columns-repeated="16000"/></table:table-row><table:table-row table:number-rows-repeated="1048000"><table:table-cell table:number-columns-repeated="16384"/></table:table-row></table:table></o>',
    },
  ]);
  assert.equal((await read(ods)).text, '## S\n2026-01-02,x,x');
});

test('text is read in the encoding it was written in', async () => {
  const utf16 = Buffer.from('Grüße', 'utf16le');
  assert.equal((await read(Buffer.concat([Buffer.from([0xff, 0xfe]), utf16]))).text, 'Grüße');
  assert.equal((await read(Buffer.from('Straße'.repeat(20), 'utf16le'))).text, 'Straße'.repeat(20));
  assert.equal((await read(Buffer.from('Grüße aus Köln', 'latin1'))).text, 'Grüße aus Köln');
  // "Привет, как дела" in windows-1251, "こんにちは世界" in Shift_JIS and in ISO-2022-JP.
  const cyrillic = Buffer.from('cff0e8e2e5f22c20eae0ea20e4e5ebe0', 'hex');
  assert.deepEqual(await read(cyrillic).then(({ text, metadata }) => [text, metadata]), ['Привет, как дела', { encoding: 'windows-1251' }]);
  assert.equal((await read(Buffer.from('82b182f182c982bf82cd90a28a45', 'hex'))).text, 'こんにちは世界');
  assert.equal((await read(Buffer.from('1b2442243324732f4b244f1b2842', 'hex'))).metadata.encoding, 'iso-2022-jp');
  assert.equal((await read(Buffer.from('82b182f182c9', 'hex'), 'a.txt', 'text/plain; charset=shift_jis')).text, 'こんに');
});

test('rich text and pages become what a reader sees', async () => {
  const rtf =
    "{\\rtf1\\ansi\\ansicpg1252{\\fonttbl{\\f0 Arial;}}{\\info{\\title Brief}}Gr\\'fc\\'dfe\\par \\u8364?100\\tab x{\\*\\secret no}}";
  assert.deepEqual(await read(rtf, 'a.rtf').then(({ kind, text, title }) => [kind, text, title]), ['rtf', 'Grüße\n€100\tx', 'Brief']);
  const html =
    '<!doctype html><title>A &amp; B</title><p>Hello <a href="https://x.example/">there</a><script>steal()</script><img src="https://x.example/p.png">';
  const page = await read(html, 'a.html');
  assert.deepEqual([page.kind, page.title, page.text], ['html', 'A & B', 'Hello there [https://x.example/]']);
  assert.deepEqual(page.warnings, ['It contains scripts. Those were not run.']);
});

test('an image tells its size and how it was taken, and where only if it is asked', async () => {
  const exif = Buffer.alloc(120);
  exif.write('II*\0', 'latin1');
  exif.writeUInt32LE(8, 4);
  exif.writeUInt16LE(2, 8);
  exif.writeUInt16LE(274, 10);
  exif.writeUInt32LE(1, 14);
  exif.writeUInt16LE(6, 18);
  exif.writeUInt16LE(34853, 22);
  exif.writeUInt32LE(40, 30);
  exif.writeUInt16LE(2, 40);
  for (const [at, tag] of [2, 4].entries()) {
    exif.writeUInt16LE(tag, 42 + 12 * at);
    exif.writeUInt32LE(3, 46 + 12 * at);
    exif.writeUInt32LE(70, 50 + 12 * at);
  }
  for (const [at, value] of [50, 1, 30, 1, 0, 1].entries()) exif.writeUInt32LE(value, 70 + 4 * at);
  const segment = Buffer.concat([Buffer.from('Exif\0\0', 'latin1'), exif]);
  const length = Buffer.alloc(2);
  length.writeUInt16BE(segment.length + 2);
  const jpeg = Buffer.concat([
    Buffer.from([0xff, 0xd8, 0xff, 0xe1]),
    length,
    segment,
    Buffer.from('ffc0000b080258032001', 'hex'),
    Buffer.alloc(10),
  ]);
  assert.deepEqual((await read(jpeg, 'p.jpg')).metadata, { format: 'jpeg', width: 800, height: 600, orientation: 6 });
  const placed = await readBytes(jpeg, { ...limits, withPosition: true, name: 'p.jpg', mediaType: null });
  assert.deepEqual([placed.metadata.latitude, placed.metadata.longitude], [50.5, 50.5]);
  const png = Buffer.concat([
    Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'),
    Buffer.from('0000000d49484452000000100000002008020000000000000000', 'hex'),
  ]);
  assert.deepEqual((await read(png, 'p.jpg')).metadata, { format: 'png', width: 16, height: 32 });
});

test('what a name promises and the bytes are not, macros, hidden text and references outside are named', async () => {
  assert.deepEqual((await read('just text', 'a.pdf')).warnings, ['The name ends in .pdf, but the content is a text.']);
  const docx = buildDocx('<w:p><w:r><w:rPr><w:vanish/></w:rPr><w:t>unseen</w:t></w:r></w:p>', [
    { name: 'word/vbaProject.bin', content: 'x' },
    {
      name: 'word/_rels/settings.xml.rels',
      content:
        '<Relationships><Relationship Id="a" Type="x/attachedTemplate" Target="https://evil.example/t.dotm" TargetMode="External"/></Relationships>',
    },
  ]);
  const { warnings } = await read(docx, 'a.docm');
  assert.equal(warnings.length, 3);
  assert.match(warnings.join(' '), /macros.*outside.*hidden/);
});

test('what is protected, from before 2007, another archive or a program says so', async () => {
  const compound = Buffer.from('d0cf11e0a1b11ae1', 'hex');
  await assert.rejects(read(Buffer.concat([compound, Buffer.from('EncryptedPackage', 'utf16le')])), refused('unreadable', /password/));
  await assert.rejects(read(compound), refused('unreadable', /2007/));
  await assert.rejects(read(Buffer.from('1f8b0800', 'hex')), refused('unreadable', /gzip/));
  await assert.rejects(read('\x7fELF\0\0\0\0'), refused('unreadable', /program/));
  await assert.rejects(read(randomLike(5_000)), refused('unreadable', /kind that is not read/));
  const encrypted = buildZip([
    { name: 'mimetype', content: 'application/vnd.oasis.opendocument.text' },
    { name: 'META-INF/manifest.xml', content: '<encryption-data/>' },
  ]);
  await assert.rejects(read(encrypted), refused('unreadable', /password/));
});

test('archives that are made to harm are refused by their directory, before anything is unpacked', async () => {
  const a = { name: 'a', content: 'x'.repeat(1_000) };
  await assert.rejects(read(buildZip([a, { ...a, name: 'b', at: 0 }])), refused('unreadable', /lie in each other/));
  await assert.rejects(read(buildZip([a, { ...a, name: 'A' }])), refused('unreadable', /same name/));
  for (const name of ['../a', 'x/../../a', '/etc/passwd', 'C:/a', '..\\a', 'a\0b'])
    await assert.rejects(read(buildZip([{ name, content: '' }])), refused('unreadable', /leads out/), name);
  const zeros = { name: 'zeros', content: '', deflated: Buffer.alloc(1_000_000), declaredBytes: 1_000_000_000 };
  await assert.rejects(read(buildZip([zeros])), refused('too_large', /far more/));
  const many = Array.from({ length: 10_001 }, (_, at) => ({ name: `${at}`, content: '', deflated: Buffer.from([3, 0]) }));
  await assert.rejects(read(buildZip(many)), refused('too_large', /10001 parts/));
  const liar = buildDocx('', [{ name: 'docProps/core.xml', content: '<a>'.repeat(10_000), declaredBytes: 10 }]);
  await assert.rejects(read(liar), refused('unreadable', /damaged/));
});

test('archives within archives end somewhere', async () => {
  let bomb = buildZip([{ name: 'a.txt', content: 'x' }]);
  for (let depth = 0; depth < 2; depth += 1) bomb = buildZip([{ name: 'a.zip', content: bomb }]);
  const { text, warnings } = await read(bomb);
  assert.match(text, /^a\.zip\t\d+ bytes$/);
  assert.deepEqual(warnings, ['It contains 1 archives. Their files are not listed.']);
  bomb = buildZip([{ name: 'a.zip', content: buildZip([{ name: 'b.zip', content: bomb }]) }]);
  await assert.rejects(read(bomb), refused('too_large', /too deep/));
});

test('nothing in XML is expanded or fetched', async () => {
  const laughs = '<!DOCTYPE l [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]><l>&b;</l>';
  const xlsx = buildXlsx({ A: '<row/>' }, { others: [{ name: 'docProps/core.xml', content: laughs }] });
  await assert.rejects(read(xlsx), refused('unreadable', /document type/));
  const docx = buildDocx('<w:p><w:r><w:t>&undefined; &#65;&#x42;&#x110000;</w:t></w:r></w:p>');
  assert.equal((await read(docx)).text, '&undefined; AB&#x110000;');
});

test('a sheet that is repeated without end, or fills its last column, gives no more than was asked for', async () => {
  const cell = '<row><c r="XFD1"><v>1</v></c><c r="ALL1"><v>2</v></c></row>'.repeat(2_000);
  const { text, truncated } = await read(buildXlsx({ A: cell }));
  assert.ok(text.length <= limits.textCharsMax);
  assert.equal(truncated, true);
});

test('bytes of any kind are read or refused, and never anything else', async () => {
  const starts = [
    '',
    '%PDF-1.7\n',
    'PK\x03\x04',
    '{\\rtf1',
    '\x89PNG\r\n\x1a\n',
    '\xff\xd8\xff',
    'GIF89a',
    'RIFFxxxxWEBPVP8X',
    '\0\0\0\x18ftypheic',
    '<!doctype html>',
  ];
  const whole = [buildDocx('<w:p><w:r><w:t>x</w:t></w:r></w:p>'), buildXlsx({ A: '<row><c><v>1</v></c></row>' })];
  const bytes = fc.oneof(
    fc
      .tuple(fc.constantFrom(...starts), fc.uint8Array({ maxLength: 600 }))
      .map(([start, rest]) => Buffer.concat([Buffer.from(start, 'latin1'), rest])),
    fc.tuple(fc.constantFrom(...whole), fc.nat(), fc.nat({ max: 255 })).map(([document, at, byte]) => {
      const changed = Buffer.from(document);
      changed[at % changed.length] = byte;
      return changed;
    }),
  );
  await fc.assert(
    fc.asyncProperty(bytes, async (given) => {
      const startedMs = performance.now();
      const first = await read(given).catch((error: unknown) => error);
      assert.ok(!(first instanceof Error) || first instanceof DocumentFault, String(first));
      assert.ok(performance.now() - startedMs < 20_000);
      if (!(first instanceof Error)) assert.deepEqual(await read(given), first, 'the same bytes give the same');
    }),
    { numRuns: 300 },
  );
});

/** Bytes without a pattern, the same every time. */
function randomLike(length: number): Buffer {
  const bytes = Buffer.alloc(length);
  let state = 12_345;
  for (let at = 0; at < length; at += 1) {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    bytes[at] = state >>> 16;
  }
  return bytes;
}
