import { createHash, randomBytes } from 'node:crypto';
import { buffer } from 'node:stream/consumers';
import { type RemoteChange, type Sending, Stale, type VaultSide } from './remote.ts';
import { keyOf, type RemoteFile } from './tree.ts';

interface Stored extends RemoteFile {
  readonly bytes: Buffer;
}

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** A vault in memory for tests: conditions, moves, history and changes as the server has them. */
export function memorySide() {
  const files = new Map<string, Stored>();
  const log = new Map<string, { seq: number; change: RemoteChange }>();
  const history = new Map<string, Buffer[]>();
  let seq = 0;

  const tell = (path: string, change: RemoteChange) => log.set(keyOf(path), { seq: ++seq, change });
  function put(path: string, bytes: Buffer, id: string, kind: RemoteFile['kind']): Stored {
    const stored: Stored = { path, kind, id, bytes, hash: sha256(bytes), size: bytes.length, etag: randomBytes(8).toString('hex') };
    files.set(keyOf(path), stored);
    const versions = history.get(id) ?? [];
    if (versions.length === 0) history.set(id, versions);
    versions.push(bytes);
    const { bytes: _, ...told } = stored;
    tell(path, { ...told, deleted: false });
    return stored;
  }
  function take(path: string): void {
    const found = files.get(keyOf(path));
    if (found === undefined) throw new Stale('It is not there.');
    files.delete(keyOf(path));
    tell(path, { path, kind: found.kind, id: found.id, etag: null, hash: null, size: 0, deleted: true });
  }
  function expect(path: string, etag: string): Stored {
    const found = files.get(keyOf(path));
    if (found?.etag !== etag) throw new Stale('It has changed.');
    return found;
  }

  const side: VaultSide = {
    async changes(after) {
      const place = after === null ? 0 : Number(after);
      const items = [...log.values()].filter((entry) => entry.seq > place).sort((one, other) => one.seq - other.seq);
      return { items: items.map(({ change }) => change), nextCursor: String(seq), hasMore: false };
    },
    async read({ path }) {
      const found = files.get(keyOf(path));
      if (found === undefined) throw new Stale('It is not there.');
      return new Blob([new Uint8Array(found.bytes)]).stream();
    },
    async write({ path, kind, bytes, ifMatch }: Sending) {
      const given = bytes();
      const body = given instanceof Uint8Array ? Buffer.from(given) : await buffer(given);
      const found = files.get(keyOf(path));
      if (ifMatch === null && found !== undefined) throw new Stale('There is one already.');
      if (ifMatch !== null) expect(path, ifMatch);
      return put(path, body, found?.id ?? randomBytes(8).toString('hex'), kind).etag;
    },
    async remove({ path, etag }) {
      expect(path, etag);
      take(path);
    },
    async move({ path, etag }, to) {
      const { bytes, id, kind } = expect(path, etag);
      if (keyOf(path) !== keyOf(to) && files.has(keyOf(to))) throw new Stale('There is one already.');
      take(path);
      return put(to, bytes, id, kind);
    },
    async earlier({ id, hash }) {
      return history.get(id)?.findLast((bytes) => sha256(bytes) === hash) ?? null;
    },
    isTrusted: async () => true,
  };
  return {
    side,
    /** What somebody else does in the vault. */
    put: (path: string, text: string, kind: RemoteFile['kind'] = 'note') =>
      put(files.get(keyOf(path))?.path ?? path, Buffer.from(text), files.get(keyOf(path))?.id ?? randomBytes(8).toString('hex'), kind),
    move: (from: string, to: string) => {
      const found = files.get(keyOf(from));
      if (found === undefined || files.has(keyOf(to))) return;
      take(from);
      put(to, found.bytes, found.id, found.kind);
    },
    remove: (path: string) => {
      if (files.has(keyOf(path))) take(path);
    },
    /** What it holds, by path. */
    texts: () => new Map([...files.values()].map(({ path, bytes }) => [path, bytes.toString()])),
    /** Everything that it ever held. */
    everything: () => new Set([...history.values()].flat().map(String)),
    idAt: (path: string) => files.get(keyOf(path))?.id,
  };
}
