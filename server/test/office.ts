import { buildZip, type ZipPart } from './zip.ts';

const relations = (entries: string) =>
  `<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">${entries}</Relationships>`;
const main = (target: string) =>
  relations(
    `<Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="${target}"/>`,
  );

/** A DOCX with this body, and whatever else is to lie in it. */
export const buildDocx = (body: string, others: readonly ZipPart[] = []): Buffer =>
  buildZip([
    { name: '[Content_Types].xml', content: '<Types/>' },
    { name: '_rels/.rels', content: main('word/document.xml') },
    { name: 'word/document.xml', content: `<w:document xmlns:w="w"><w:body>${body}</w:body></w:document>` },
    ...others,
  ]);

/** An XLSX with these sheets by name; styles as they stand in `cellXfs`, own formats as `numFmt`. */
export const buildXlsx = (
  sheets: Readonly<Record<string, string>>,
  {
    styles = '',
    strings = '',
    properties = '',
    others = [],
  }: { styles?: string; strings?: string; properties?: string; others?: readonly ZipPart[] } = {},
): Buffer => {
  const names = Object.keys(sheets);
  return buildZip([
    { name: '[Content_Types].xml', content: '<Types/>' },
    { name: '_rels/.rels', content: main('/xl/workbook.xml') },
    {
      name: 'xl/workbook.xml',
      content: `<workbook>${properties}<sheets>${names.map((name, at) => `<sheet name="${name}" sheetId="${at + 1}" r:id="rId${at + 1}"/>`).join('')}</sheets></workbook>`,
    },
    {
      name: 'xl/_rels/workbook.xml.rels',
      content: relations(
        names.map((_, at) => `<Relationship Id="rId${at + 1}" Type="x/worksheet" Target="worksheets/sheet${at + 1}.xml"/>`).join(''),
      ),
    },
    { name: 'xl/sharedStrings.xml', content: `<sst>${strings}</sst>` },
    { name: 'xl/styles.xml', content: `<styleSheet>${styles}</styleSheet>` },
    ...names.map((name, at) => ({
      name: `xl/worksheets/sheet${at + 1}.xml`,
      content: `<worksheet><sheetData>${sheets[name]}</sheetData></worksheet>`,
    })),
    ...others,
  ]);
};
