import { crc32, deflateRawSync } from 'node:zlib';

export interface ZipPart {
  readonly name: string;
  readonly content: Uint8Array | string;
  /** What the directory says instead of the truth. */
  readonly declaredBytes?: number;
  /** Where the directory says that the part begins, by the place of another one. */
  readonly at?: number;
  readonly flags?: number;
  /** Deflated already. */
  readonly deflated?: Uint8Array;
}

/** A ZIP archive (APPNOTE 6.3) made by hand, honest or not. */
export function buildZip(parts: readonly ZipPart[]): Buffer {
  const bodies: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  const offsets: number[] = [];
  for (const part of parts) {
    const content = Buffer.from(part.content);
    const deflated = part.deflated ?? deflateRawSync(content);
    const name = Buffer.from(part.name);
    const bytes = part.declaredBytes ?? content.length;
    const shared = Buffer.alloc(26);
    shared.writeUInt16LE(20, 0);
    shared.writeUInt16LE((part.flags ?? 0) | 0x800, 2);
    shared.writeUInt16LE(8, 4);
    shared.writeUInt32LE(crc32(content), 10);
    shared.writeUInt32LE(deflated.length, 14);
    shared.writeUInt32LE(bytes, 18);
    shared.writeUInt16LE(name.length, 22);
    const local = Buffer.concat([Buffer.from('PK\x03\x04', 'latin1'), shared, name, deflated]);
    const tail = Buffer.alloc(14);
    tail.writeUInt32LE(part.at === undefined ? offset : (offsets[part.at] ?? 0), 10);
    directory.push(Buffer.concat([Buffer.from('PK\x01\x02\x14\x00', 'latin1'), shared, tail, name]));
    offsets.push(offset);
    if (part.at === undefined) {
      bodies.push(local);
      offset += local.length;
    }
  }
  const listed = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.write('PK\x05\x06', 'latin1');
  end.writeUInt16LE(parts.length, 8);
  end.writeUInt16LE(parts.length, 10);
  end.writeUInt32LE(listed.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...bodies, listed, end]);
}
