import { getDocumentProxy } from 'unpdf';
import type { JsonObject } from '#kernel';
import { type Read, type ReadLimits, unreadable } from './document.ts';
import { linesOf } from './pdf-lines.ts';

/** Pages that are looked at: beyond this nobody reads on, and a loop of pages ends. */
const pagesMax = 2_000;
/** Electronic invoices inside of a PDF (ZUGFeRD, Factur-X, XRechnung, UBL) by their roots: names vary. */
const invoiceRoot = /^[^<]*(?:<[?!][^>]*>[^<]*)*<(?:[\w-]+:)?(?:CrossIndustryInvoice|CrossIndustryDocument|Invoice|CreditNote)[\s>]/;
const invoiceBytesMax = 200_000;

/** The text of a PDF in lines as they are seen on the page, its form fields, and an electronic invoice inside of it. */
export async function readPdf(bytes: Buffer, { textCharsMax }: ReadLimits): Promise<Read> {
  const document = await open(bytes);
  const pages: string[] = [];
  let chars = 0;
  let pictured = 0;
  for (let number = 1; number <= Math.min(document.numPages, pagesMax) && chars <= textCharsMax; number += 1) {
    const page = await document.getPage(number);
    const { items } = await page.getTextContent();
    const text = linesOf(items.filter((item) => 'str' in item));
    if (text === '') pictured += 1;
    pages.push(text);
    chars += text.length;
    page.cleanup();
  }
  const { info } = await document.getMetadata();
  const facts = factsOf(info);
  const fields = await fieldsOf(document);
  const attached = await attachmentsOf(document);
  const warnings: string[] = [];
  if (pictured > 0) warnings.push(`${pictured} of ${pages.length} pages have no text. They may be pictures of pages, which are not read.`);
  if (await document.hasJSActions()) warnings.push('It contains JavaScript. That was not run.');
  if (attached.names.length > 0) warnings.push('It contains other files. Those were not opened.');
  return {
    kind: 'pdf',
    text: [...pages, ...(fields === '' ? [] : [fields])].join('\n\n'),
    pages: document.numPages,
    title: facts.title,
    metadata: {
      ...facts.metadata,
      ...(attached.names.length === 0 ? {} : { attachments: attached.names }),
      ...(attached.invoice === null ? {} : { invoiceXml: attached.invoice }),
    },
    truncated: pages.length < document.numPages,
    warnings,
  };
}

type Pdf = Awaited<ReturnType<typeof getDocumentProxy>>;

async function open(bytes: Buffer): Promise<Pdf> {
  try {
    // A copy: the library takes the buffer over. Nothing is drawn, so neither fonts nor images are decoded further than for their text.
    return await getDocumentProxy(new Uint8Array(bytes), {
      verbosity: 0,
      useSystemFonts: false,
      disableFontFace: true,
      isOffscreenCanvasSupported: false,
      useWorkerFetch: false,
      useWasm: false,
      maxImageSize: 1,
      enableXfa: false,
    });
  } catch (error) {
    if (error instanceof Error && error.name === 'PasswordException')
      throw unreadable('This PDF is protected by a password. Send it without, or tell a person the password.', error);
    throw error;
  }
}

/** What a PDF says of itself. The types of the library promise nothing about it. */
function factsOf(info: object): { title: string | undefined; metadata: JsonObject } {
  const entries = new Map<string, unknown>(Object.entries(info));
  const text = (name: string) => {
    const value = entries.get(name);
    return typeof value === 'string' && value !== '' ? value.toWellFormed().slice(0, 500) : undefined;
  };
  const facts = {
    author: text('Author'),
    subject: text('Subject'),
    program: text('Creator'),
    producer: text('Producer'),
    createdAt: dateOf(text('CreationDate')),
    changedAt: dateOf(text('ModDate')),
  };
  return {
    title: text('Title'),
    metadata: Object.fromEntries(Object.entries(facts).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]]))),
  };
}

/** `D:20260102030405+01'00'` (ISO 32000-2, 7.9.4) in RFC 3339. Without a zone it is taken for UTC. */
function dateOf(text: string | undefined): string | undefined {
  const parts = /^D:(\d{4})(\d\d)?(\d\d)?(\d\d)?(\d\d)?(\d\d)?(?:([+-])(\d\d)'?(\d\d)?)?/.exec(text ?? '');
  if (parts === null) return undefined;
  const [, year, month = '01', day = '01', hour = '00', minute = '00', second = '00', sign, zoneHour = '00', zoneMinute = '00'] = parts;
  const date = new Date(
    `${year}-${month}-${day}T${hour}:${minute}:${second}${sign === undefined ? 'Z' : `${sign}${zoneHour}:${zoneMinute}`}`,
  );
  return Number.isNaN(date.getTime()) ? undefined : date.toISOString();
}

/** What somebody has typed into a form: it is drawn beside the text of the page and is no part of it. */
async function fieldsOf(document: Pdf): Promise<string> {
  const fields = (await document.getFieldObjects()) ?? {};
  return Object.entries(fields)
    .flatMap(([name, [field]]: [string, { value?: unknown }[]]) => {
      const value = Array.isArray(field?.value) ? field.value.join(', ') : field?.value;
      return typeof value === 'string' && value !== '' && value !== 'Off' ? [`${name}: ${value}`] : [];
    })
    .join('\n');
}

async function attachmentsOf(document: Pdf): Promise<{ names: string[]; invoice: string | null }> {
  const attachments: unknown = await document.getAttachments();
  const entries = attachments instanceof Map ? [...attachments.values()] : Object.values(attachments ?? {});
  const files = entries.flatMap((entry: unknown) => {
    const { filename, content } = entry as { filename?: unknown; content?: unknown }; // An object of the library's; its members are looked at.
    return typeof filename === 'string' ? [{ filename, content }] : [];
  });
  const invoice = files.flatMap(({ filename, content }) =>
    /\.xml$/i.test(filename) && content instanceof Uint8Array && content.length <= invoiceBytesMax
      ? [new TextDecoder().decode(content)]
      : [],
  );
  return {
    names: files.slice(0, 50).map(({ filename }) => filename.toWellFormed().slice(0, 200)),
    invoice: invoice.find((xml) => invoiceRoot.test(xml.slice(0, 4_000))) ?? null,
  };
}
