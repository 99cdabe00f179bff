/** A PDF of these objects, the first of them the catalogue. Written by hand, so that it can be wrong where a test wants it. */
export function buildPdf(objects: readonly (string | Buffer)[]): Buffer {
  const pieces: Buffer[] = [Buffer.from('%PDF-1.7\n')];
  const offsets: number[] = [];
  let offset = pieces[0]?.length ?? 0;
  for (const [at, object] of objects.entries()) {
    offsets.push(offset);
    const piece = Buffer.concat([Buffer.from(`${at + 1} 0 obj\n`), Buffer.from(object), Buffer.from('\nendobj\n')]);
    pieces.push(piece);
    offset += piece.length;
  }
  const table = offsets.map((at) => `${String(at).padStart(10, '0')} 00000 n \n`).join('');
  const end = `xref\n0 ${objects.length + 1}\n0000000000 65535 f \n${table}trailer\n<</Size ${objects.length + 1}/Root 1 0 R>>\nstartxref\n${offset}\n%%EOF\n`;
  return Buffer.concat([...pieces, Buffer.from(end)]);
}

/** A stream object with these bytes. */
export const pdfStream = (bytes: Buffer, entries = ''): Buffer =>
  Buffer.concat([Buffer.from(`<</Length ${bytes.length}${entries}>>\nstream\n`), bytes, Buffer.from('\nendstream')]);

/** A page of text, each line with its place. */
export const buildTextPdf = (lines: readonly { readonly text: string; readonly x: number; readonly y: number }[]): Buffer =>
  buildPdf([
    '<</Type/Catalog/Pages 2 0 R>>',
    '<</Type/Pages/Kids[3 0 R]/Count 1>>',
    '<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 800]/Contents 4 0 R/Resources<</Font<</F 5 0 R>>>>>>',
    pdfStream(Buffer.from(lines.map(({ text, x, y }) => `BT /F 12 Tf ${x} ${y} Td (${text}) Tj ET`).join('\n'))),
    '<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>',
  ]);
