import { newBudget, openArchive } from './archive.ts';
import type { Read, ReadLimits } from './document.ts';
import { readDocx } from './docx.ts';
import { listZip } from './list-zip.ts';
import { odfKind, readOdf } from './odf.ts';
import { mainPartOf } from './ooxml.ts';
import { readPptx } from './pptx.ts';
import { readXlsx } from './xlsx.ts';

/** Documents of today's office programs are archives; by what lies in it an archive is one of them, or a bundle of files. */
export async function readContainer(bytes: Buffer, limits: ReadLimits): Promise<Read> {
  const budget = newBudget();
  const archive = await openArchive(bytes, budget);
  const main = await mainPartOf(archive);
  if (main?.startsWith('word/')) return readDocx(archive, main, limits);
  if (main?.startsWith('xl/')) return readXlsx(archive, main, limits);
  if (main?.startsWith('ppt/')) return readPptx(archive, limits);
  const odf = await odfKind(archive);
  return odf === null ? listZip(archive, budget) : readOdf(archive, odf, limits);
}
