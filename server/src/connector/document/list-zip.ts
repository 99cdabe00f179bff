import { type Archive, type Budget, openArchive } from './archive.ts';
import { type Read, tooLarge } from './document.ts';

const listedMax = 1_000;
/** Archives in archives in an archive: a person has no reason to go further. */
const depthMax = 2;

/** The names and sizes of what an archive holds. Nothing is unpacked but archives in it, to see whether they are harmless. */
export async function listZip(archive: Archive, budget: Budget): Promise<Read> {
  const files = archive.parts.filter(({ isFolder }) => !isFolder);
  const inner = await lookInto(archive, budget, 1);
  const isProtected = files.some(({ isEncrypted }) => isEncrypted);
  return {
    kind: 'zip',
    text: files
      .slice(0, listedMax)
      .map(({ name, bytes }) => `${name}\t${bytes} bytes`)
      .join('\n'),
    metadata: { files: files.length, bytes: files.reduce((sum, { bytes }) => sum + bytes, 0) },
    truncated: files.length > listedMax,
    warnings: [
      ...(isProtected ? ['Files in it are protected by a password.'] : []),
      ...(inner > 0 ? [`It contains ${inner} archives. Their files are not listed.`] : []),
      ...(files.some(({ name }) => programName.test(name)) ? ['It contains programs.'] : []),
    ],
  };
}

const programName = /\.(?:exe|scr|com|bat|cmd|ps1|vbs|js|jse|wsf|hta|lnk|msi|jar|dll|app|sh)$/i;

/** @returns how many archives lie in it. @throws DocumentFault for what `openArchive` refuses, and for archives too deep in each other. */
async function lookInto(archive: Archive, budget: Budget, depth: number): Promise<number> {
  const archives = archive.parts.filter(({ name, isEncrypted }) => /\.zip$/i.test(name) && !isEncrypted);
  for (const { name } of archives) {
    if (depth > depthMax) throw tooLarge('Archives lie in archives too deep. Send what matters by itself.');
    const part = await archive.read(name);
    // One that is cut is too large to be looked at, and nobody here unpacks it.
    if (part !== null && !part.isCut && part.bytes.readUInt32LE(0) === 0x04034b50)
      await lookInto(await openArchive(part.bytes, budget), budget, depth + 1);
  }
  return archives.length;
}
