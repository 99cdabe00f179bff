/**
 * The auditor's half of the audit log, in one file that imports nothing but `node:crypto`: it can be read in one sitting, copied to
 * another machine and used there without trusting anything else of ours.
 *
 * Tree: RFC 6962 section 2.1 and RFC 9162 section 2.1. Notes, checkpoints, proofs: c2sp.org/signed-note, /tlog-checkpoint, /tlog-proof.
 * Chain, MAC and the export file are ours and described in the README beside this package.
 */
import { createHmac, createPublicKey, createSecretKey, hash, hkdfSync, type KeyObject, verify } from 'node:crypto';

export type TlogErrorCode =
  | 'tlog.bundle_malformed'
  | 'tlog.checkpoint_malformed'
  | 'tlog.entry_too_long'
  | 'tlog.frontier_malformed'
  | 'tlog.hashes_missing'
  | 'tlog.key_malformed'
  | 'tlog.note_malformed'
  | 'tlog.note_unsigned'
  | 'tlog.out_of_range'
  | 'tlog.proof_malformed'
  | 'tlog.proof_wrong'
  | 'tlog.signature_wrong';

/** The one error of this package. `code` is public and stable; the message names what was wrong and never carries an entry's content. */
export class TlogError extends Error {
  override readonly name = 'TlogError';
  readonly code: TlogErrorCode;
  constructor(code: TlogErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}

// --- tree ---------------------------------------------------------------------------------------------------------------------------

const leafPrefix = Buffer.from([0]);
const nodePrefix = Buffer.from([1]);

/** SHA-256(0x00, body): the hash of an entry (RFC 6962 section 2.1). 32 bytes. */
export const hashLeaf = (body: Uint8Array): Buffer => hash('sha256', Buffer.concat([leafPrefix, body]), 'buffer');

/** SHA-256(0x01, left, right): the hash of an inner node (RFC 6962 section 2.1). Both children have 32 bytes. */
export const hashChildren = (left: Uint8Array, right: Uint8Array): Buffer =>
  hash('sha256', Buffer.concat([nodePrefix, left, right]), 'buffer');

/** The root of the empty tree: SHA-256 of nothing. */
export const emptyRoot = (): Buffer => hash('sha256', '', 'buffer');

/**
 * The right edge of a tree: the roots of its complete subtrees, largest first (one for each 1 bit of `size`). It is all that appending
 * and computing the root need: O(log size) memory. Treat `nodes` as private.
 */
export interface Frontier {
  size: number;
  readonly nodes: Buffer[];
}

/** The frontier of the empty tree. */
export const createFrontier = (): Frontier => ({ size: 0, nodes: [] });

/** Appends one leaf hash in place: one node hash on average, log2(size) at most. The frontier keeps the buffer: do not write to it again. */
export function appendLeaf(frontier: Frontier, leafHash: Buffer): void {
  let node = leafHash;
  for (let size = frontier.size; size % 2 === 1; size = half(size)) {
    const left = frontier.nodes.pop();
    if (left === undefined) throw new TlogError('tlog.frontier_malformed', 'the frontier has fewer nodes than its size needs');
    node = hashChildren(left, node);
  }
  frontier.nodes.push(node);
  frontier.size += 1;
}

/** The RFC 6962 root of everything appended so far. Leaves the frontier as it is. */
export const frontierRoot = (frontier: Frontier): Buffer =>
  frontier.nodes.length === 0 ? emptyRoot() : frontier.nodes.reduceRight((right, left) => hashChildren(left, right));

/** Whether `leafHash` is entry `index` of the tree with this size and root (RFC 9162 section 2.1.3.2). Never throws. */
export function verifyInclusion(claim: { index: number; size: number; leafHash: Buffer; proof: readonly Buffer[]; root: Buffer }): boolean {
  if (!isCount(claim.index) || !isCount(claim.size) || claim.index >= claim.size || !areHashes(claim.proof)) return false;
  let at = claim.index;
  let last = claim.size - 1;
  let node = claim.leafHash;
  for (const sibling of claim.proof) {
    if (last === 0) return false;
    if (at % 2 === 1 || at === last) {
      node = hashChildren(sibling, node);
      while (at % 2 === 0 && at !== 0) [at, last] = [half(at), half(last)];
    } else {
      node = hashChildren(node, sibling);
    }
    [at, last] = [half(at), half(last)];
  }
  return last === 0 && node.equals(claim.root);
}

/** Whether the tree (from, fromRoot) is a prefix of the tree (to, toRoot) (RFC 9162 section 2.1.4.2). Never throws. */
export function verifyConsistency(claim: {
  from: number;
  to: number;
  fromRoot: Buffer;
  toRoot: Buffer;
  proof: readonly Buffer[];
}): boolean {
  const { from, to, fromRoot, toRoot, proof } = claim;
  if (!isCount(from) || !isCount(to) || from > to || !areHashes(proof)) return false;
  if (from === to) return proof.length === 0 && fromRoot.equals(toRoot);
  if (from === 0) return proof.length === 0 && fromRoot.equals(emptyRoot());
  let at = from - 1;
  let last = to - 1;
  while (at % 2 === 1) [at, last] = [half(at), half(last)];
  // A complete old tree is itself the first node on the path, so the proof leaves it out.
  const [first, ...path] = at === 0 ? [fromRoot, ...proof] : proof;
  if (first === undefined) return false;
  let older = first;
  let newer = first;
  for (const sibling of path) {
    if (last === 0) return false;
    if (at % 2 === 1 || at === last) {
      older = hashChildren(sibling, older);
      newer = hashChildren(sibling, newer);
      while (at % 2 === 0 && at !== 0) [at, last] = [half(at), half(last)];
    } else {
      newer = hashChildren(newer, sibling);
    }
    [at, last] = [half(at), half(last)];
  }
  return last === 0 && older.equals(fromRoot) && newer.equals(toRoot);
}

// Not `>> 1`: that would cut sizes to 32 bits.
const half = (n: number): number => Math.floor(n / 2);
const isCount = (n: number): boolean => Number.isSafeInteger(n) && n >= 0;
const areHashes = (hashes: readonly Buffer[]): boolean => hashes.every((node) => node.length === 32);

// --- chain and MAC ------------------------------------------------------------------------------------------------------------------

/** The chain value before entry 0: SHA-256("factotum/audit-chain/v1\n" origin "\n"), so that no log's chain continues in another log. */
export const chainGenesis = (origin: string): Buffer => hash('sha256', `factotum/audit-chain/v1\n${origin}\n`, 'buffer');

/** SHA-256(previous chain value, leaf hash): makes the position of every entry depend on all entries before it. */
export const nextChain = (previous: Buffer, leaf: Buffer): Buffer => hash('sha256', Buffer.concat([previous, leaf]), 'buffer');

/** HMAC-SHA256(key of the epoch, chain value). Hand in a `KeyObject` when one key makes many: 3 µs instead of 16 µs (measured, Node 24). */
export const macEntry = (macKey: Uint8Array | KeyObject, chain: Buffer): Buffer => createHmac('sha256', macKey).update(chain).digest();

/**
 * The MAC key of the next epoch: HKDF-SHA256 of the current one, without salt, info "factotum/audit-mac/v1", 32 bytes. Overwrite the
 * current one after the step: who then steals the key cannot make MACs of the past, while the holder of the first key can check all.
 */
export const nextMacKey = (macKey: Uint8Array): Buffer => Buffer.from(hkdfSync('sha256', macKey, '', 'factotum/audit-mac/v1', 32));

// --- notes and checkpoints ----------------------------------------------------------------------------------------------------------

/** A kind of signature that notes may carry: its identifier byte (c2sp.org/signed-note) and how a public key becomes a check. */
export interface SignatureType {
  readonly byte: number;
  /** @throws TlogError `tlog.key_malformed` when the bytes are no public key of this type. */
  importKey(publicKey: Buffer): (text: Buffer, signature: Buffer) => boolean;
}

/** Signature type 0x01: plain Ed25519 over the note's text. */
export const ed25519: SignatureType = {
  byte: 1,
  importKey(publicKey) {
    if (publicKey.length !== 32) throw new TlogError('tlog.key_malformed', 'an Ed25519 public key has 32 bytes');
    const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x: publicKey.toString('base64url') }, format: 'jwk' });
    return (text, signature) => verify(null, text, key, signature);
  },
};

/** A public key that notes are checked against. */
export interface VerifierKey {
  readonly name: string;
  /** Four bytes: SHA-256(name "\n" type byte, public key)[:4]. A hint to find the key by, not a fingerprint to trust. */
  readonly id: Buffer;
  verify(text: Buffer, signature: Buffer): boolean;
}

/** The key id of c2sp.org/signed-note: the first four bytes of SHA-256(name "\n" type byte, public key). */
export const noteKeyId = (name: string, typeAndKey: Buffer): Buffer =>
  hash('sha256', Buffer.concat([Buffer.from(`${name}\n`), typeAndKey]), 'buffer').subarray(0, 4);

/**
 * Reads a verifier key in the text form `name+hex key id+base64(type byte, public key)`.
 *
 * @param types - the signature types to accept, Ed25519 alone by default.
 * @throws TlogError `tlog.key_malformed`.
 */
export function parseVerifierKey(text: string, types: readonly SignatureType[] = [ed25519]): VerifierKey {
  const [, name, idHex, encoded] = /^([^\s+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/=]+)$/.exec(text) ?? [];
  const typeAndKey = encoded === undefined ? null : decodeBase64(encoded);
  if (name === undefined || typeAndKey === null) throw new TlogError('tlog.key_malformed', 'a verifier key is name+id+base64');
  const id = noteKeyId(name, typeAndKey);
  if (id.toString('hex') !== idHex) throw new TlogError('tlog.key_malformed', 'the key id does not belong to this name and public key');
  const type = types.find((known) => known.byte === typeAndKey[0]);
  if (type === undefined) throw new TlogError('tlog.key_malformed', `signature type ${typeAndKey[0]} is not accepted here`);
  return { name, id, verify: type.importKey(typeAndKey.subarray(1)) };
}

/** At least 16 by c2sp.org/signed-note; more is no honest note and would only cost time. */
const noteSignaturesMax = 64;
const signatureLine = /^\u2014 ([^\s+]+) ([A-Za-z0-9+/=]+)$/;

/**
 * Checks a signed note and returns its text (with the final newline) and the names of the known keys that signed it. Signatures of
 * unknown keys are ignored, one wrong signature of a known key refuses the note.
 *
 * @throws TlogError `tlog.note_malformed`, `tlog.signature_wrong`, or `tlog.note_unsigned` when no known key signed it.
 */
export function openNote(note: string, keys: readonly VerifierKey[]): { text: string; signedBy: string[] } {
  const malformed = (what: string) => new TlogError('tlog.note_malformed', `not a signed note: ${what}`);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what must not be in a note
  if (!note.isWellFormed() || /[\x00-\x09\x0b-\x1f]/.test(note)) throw malformed('it contains control characters or broken text');
  const end = note.lastIndexOf('\n\n') + 1;
  if (end === 0 || !note.endsWith('\n')) throw malformed('no empty line before the signatures, or no newline at the end');
  const text = note.slice(0, end);
  const lines = note.slice(end + 1, -1).split('\n');
  if (lines.length > noteSignaturesMax) throw malformed(`more than ${noteSignaturesMax} signatures`);
  const bytes = Buffer.from(text);
  const signedBy = lines.flatMap((line) => {
    const [, name, encoded] = signatureLine.exec(line) ?? [];
    const signature = encoded === undefined ? null : decodeBase64(encoded);
    if (name === undefined || signature === null || signature.length < 5) throw malformed('a signature line cannot be read');
    const key = keys.find((known) => known.name === name && known.id.equals(signature.subarray(0, 4)));
    if (key === undefined) return [];
    if (!key.verify(bytes, signature.subarray(4))) throw new TlogError('tlog.signature_wrong', `the signature of ${name} is wrong`);
    return [name];
  });
  if (signedBy.length === 0) throw new TlogError('tlog.note_unsigned', 'no known key signed this note');
  return { text, signedBy };
}

/** What a log commits itself to: the size and root of its tree (c2sp.org/tlog-checkpoint). */
export interface Checkpoint {
  readonly origin: string;
  readonly size: number;
  readonly root: Buffer;
  readonly extensions: readonly string[];
  readonly signedBy: readonly string[];
}

/** Opens a signed checkpoint. @throws TlogError as `openNote`, and `tlog.checkpoint_malformed` when the text is no checkpoint. */
export function openCheckpoint(note: string, keys: readonly VerifierKey[]): Checkpoint {
  const { text, signedBy } = openNote(note, keys);
  const [origin = '', sizeText = '', rootText = '', ...extensions] = text.slice(0, -1).split('\n');
  const root = decodeBase64(rootText);
  const isSize = /^(0|[1-9]\d*)$/.test(sizeText) && isCount(Number(sizeText));
  if (origin === '' || !isSize || root?.length !== 32 || extensions.includes('')) {
    throw new TlogError('tlog.checkpoint_malformed', 'a checkpoint has an origin, a size, a root of 32 bytes and no empty line');
  }
  return { origin, size: Number(sizeText), root, extensions, signedBy };
}

/** Standard base64 in its one canonical spelling; null for anything else, so that no two texts mean the same bytes. */
function decodeBase64(text: string): Buffer | null {
  const bytes = Buffer.from(text, 'base64');
  return bytes.toString('base64') === text ? bytes : null;
}

// --- proof of one entry -------------------------------------------------------------------------------------------------------------

/** A proof as text: the first line of c2sp.org/tlog-proof@v1. */
export const proofHeading = 'c2sp.org/tlog-proof@v1';

/** What a `.tlog-proof` file says. Nothing in it is proven before `verifyProof`; `extra` never is. */
export interface LogProof {
  readonly index: number;
  readonly hashes: readonly Buffer[];
  /** The signed checkpoint, verbatim. */
  readonly checkpoint: string;
  readonly extra?: Buffer;
}

/** Reads a proof in the format c2sp.org/tlog-proof@v1. @throws TlogError `tlog.proof_malformed`. */
export function parseProof(text: string): LogProof {
  const malformed = (what: string) => new TlogError('tlog.proof_malformed', `not a ${proofHeading}: ${what}`);
  const end = text.indexOf('\n\n');
  const lines = text.slice(0, Math.max(end, 0)).split('\n');
  if (end < 0 || lines.shift() !== proofHeading) throw malformed('heading or checkpoint missing');
  const extra = lines[0]?.startsWith('extra ') ? decodeBase64(lines.shift()?.slice('extra '.length) ?? '') : undefined;
  const [, indexText] = /^index (0|[1-9]\d*)$/.exec(lines.shift() ?? '') ?? [];
  const index = Number(indexText);
  if (extra === null || !isCount(index)) throw malformed('the extra data or the index cannot be read');
  const hashes = lines.map((line) => decodeBase64(line) ?? Buffer.alloc(0));
  // 63 hashes prove a place among 2^63 entries.
  if (hashes.length > 63 || !areHashes(hashes)) throw malformed('its hashes cannot be read');
  return { index, hashes, checkpoint: text.slice(end + 2), ...(extra && { extra }) };
}

/**
 * Proves that `body` is entry `index` of the log whose key signed the proof's checkpoint. The caller compares `checkpoint.origin`.
 *
 * @throws TlogError as `parseProof` and `openCheckpoint`, and `tlog.proof_wrong` when the hashes do not lead from this body to that root.
 */
export function verifyProof(text: string, body: Uint8Array, keys: readonly VerifierKey[]): { index: number; checkpoint: Checkpoint } {
  const { index, hashes, checkpoint: note } = parseProof(text);
  const checkpoint = openCheckpoint(note, keys);
  const isIncluded = verifyInclusion({ index, size: checkpoint.size, leafHash: hashLeaf(body), proof: hashes, root: checkpoint.root });
  if (!isIncluded) throw new TlogError('tlog.proof_wrong', `this is not entry ${index} of the log with ${checkpoint.size} entries`);
  return { index, checkpoint };
}

// --- export -------------------------------------------------------------------------------------------------------------------------

export const exportFormat = 'factotum-audit-export/1';

/** The first line of an export. Checkpoints are ascending in size; the last one covers exactly the entries in the file. */
export interface ExportHeader {
  readonly format: typeof exportFormat;
  readonly origin: string;
  readonly vkey: string;
  readonly checkpoints: readonly string[];
}

/** Each further line of an export. `seq` counts from 0 and is the index in the tree; `chain` and `mac` are lower-case hex. */
export interface ExportEntry {
  readonly seq: number;
  /** The canonical JSON exactly as it was hashed. */
  readonly body: string;
  readonly chain: string;
  readonly mac: string;
  /** How often the MAC key had been stepped: 0 for the first entries, then the same as or one more than the entry before. */
  readonly epoch: number;
}

/** The one spelling of a header, newline included. */
export const encodeExportHeader = ({ origin, vkey, checkpoints }: Omit<ExportHeader, 'format'>): string =>
  `${JSON.stringify({ format: exportFormat, origin, vkey, checkpoints })}\n`;

/** The one spelling of an entry, newline included. */
export const encodeExportEntry = ({ seq, body, chain, mac, epoch }: ExportEntry): string =>
  `${JSON.stringify({ seq, body, chain, mac, epoch })}\n`;

/** What is wrong, and where: the first bad entry, or the range `index..indexLast` that holds it; both null when it is the header. */
export interface Fault {
  readonly code: 'header' | 'line' | 'position' | 'epoch' | 'chain' | 'mac' | 'root' | 'cut' | 'uncovered';
  readonly index: number | null;
  readonly indexLast: number | null;
  readonly detail: string;
}

const faultAt = (index: number, code: Fault['code'], detail: string): Fault => ({ code, index, indexLast: index, detail });

/** How far a check has come. To continue it later, keep all four. */
export interface LogState {
  readonly frontier: Frontier;
  chain: Buffer;
  /** Epoch of the last entry; -1 before the first. */
  epoch: number;
  /** The MAC key of `epoch` (of epoch 0 before the first entry), or null when MACs are not checked. */
  macKey: KeyObject | null;
}

/** The state before entry 0. Without the first MAC key, MACs are not checked. */
export const createLogState = (origin: string, macKey?: Uint8Array): LogState => ({
  frontier: createFrontier(),
  chain: chainGenesis(origin),
  epoch: -1,
  macKey: macKey ? createSecretKey(macKey) : null,
});

/** Checks one entry against all before it. A good one moves the state past it and gives null; a bad one leaves the state as it was. */
export function checkEntry(state: LogState, entry: ExportEntry): Fault | null {
  const index = state.frontier.size;
  if (entry.seq !== index) return faultAt(index, 'position', `entry ${entry.seq} stands where entry ${index} belongs`);
  const isEpochNext = entry.epoch === state.epoch + 1;
  if (!isEpochNext && (entry.epoch !== state.epoch || index === 0)) {
    return faultAt(index, 'epoch', `MAC epoch ${entry.epoch} cannot follow epoch ${state.epoch}: epochs start at 0 and none is left out`);
  }
  const leaf = hash('sha256', `\0${entry.body}`, 'buffer');
  const chain = nextChain(state.chain, leaf);
  if (chain.toString('hex') !== entry.chain) return faultAt(index, 'chain', 'the entry does not continue the chain of those before it');
  const isKeyNext = isEpochNext && entry.epoch > 0;
  const macKey = state.macKey && isKeyNext ? createSecretKey(nextMacKey(state.macKey.export())) : state.macKey;
  if (macKey && macEntry(macKey, chain).toString('hex') !== entry.mac) {
    const orKey = index === 0 ? ', or the MAC key given is not the first of this log' : '';
    return faultAt(index, 'mac', `the MAC was not made with the key of epoch ${entry.epoch}${orKey}`);
  }
  appendLeaf(state.frontier, leaf);
  state.chain = chain;
  state.epoch = entry.epoch;
  state.macKey = macKey;
  return null;
}

export interface ExportOptions {
  /** The first MAC key (epoch 0). */
  readonly macKey?: Uint8Array;
  /** The log's verifier key, obtained elsewhere than from the export. */
  readonly verifierKey?: string;
  /** Signed checkpoints of any size that were kept where the log's operator cannot reach them. */
  readonly checkpoints?: readonly string[];
  /** Ed25519 alone by default. */
  readonly signatureTypes?: readonly SignatureType[];
}

/** A tree that the entries must lead to; `isHeld` when the caller brought it. */
export interface Milestone {
  readonly size: number;
  readonly root: Buffer;
  readonly isHeld: boolean;
}

/** The result of checking an export. All but `fault` describe what was read and found good before the first fault. */
export interface ExportReport {
  readonly holds: boolean;
  readonly fault: Fault | null;
  /** Null when the header could not be read, as is `verifierKey`. */
  readonly origin: string | null;
  /** The key that signatures were checked with. Unless the caller brought it, it came with the file and must be compared elsewhere. */
  readonly verifierKey: string | null;
  readonly isKeyGiven: boolean;
  readonly entries: number;
  readonly root: Buffer;
  readonly epochs: number;
  readonly areMacsChecked: boolean;
  /** The checkpoints whose signature and root are right, ascending. */
  readonly checkpoints: readonly Milestone[];
}

/**
 * Checks an export from the first byte to the last, in constant memory, and stops at the first fault. Whatever is wrong with the export
 * is in the report.
 *
 * @throws what `source` throws, and TlogError `tlog.key_malformed` for `options.verifierKey`.
 */
export async function verifyExport(
  source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  options: ExportOptions = {},
): Promise<ExportReport> {
  const givenKey = options.verifierKey === undefined ? null : parseVerifierKey(options.verifierKey, options.signatureTypes);
  const lines = splitLines(source);
  try {
    const first = await lines.next();
    const { header, milestones, fault: headerFault } = openHeader(first.done ? null : first.value, givenKey, options);
    const state = createLogState(header?.origin ?? '', options.macKey);
    const passed: Milestone[] = [];
    const fault = headerFault ?? (await checkLines(lines, state, { due: milestones, passed }));
    return {
      holds: fault === null,
      fault,
      origin: header?.origin ?? null,
      verifierKey: header?.vkey ?? null,
      isKeyGiven: givenKey !== null,
      entries: state.frontier.size,
      root: frontierRoot(state.frontier),
      epochs: state.epoch + 1,
      areMacsChecked: state.macKey !== null,
      checkpoints: passed,
    };
  } finally {
    await lines.return(undefined); // closes the source where the header was refused
  }
}

interface OpenedHeader {
  readonly header: ExportHeader | null;
  readonly milestones: Milestone[];
  readonly fault: Fault | null;
}

function openHeader(line: string | null, givenKey: VerifierKey | null, options: ExportOptions): OpenedHeader {
  const refuse = (header: ExportHeader | null, detail: string): OpenedHeader => ({
    header,
    milestones: [],
    fault: { code: 'header', index: null, indexLast: null, detail },
  });
  const header = readLine(line, isExportHeader, encodeExportHeader);
  if (header === null) return refuse(null, 'the first line is no export header in its one spelling');
  if (givenKey && header.vkey !== options.verifierKey) return refuse(header, 'the export names another key than the one given');
  try {
    const key = givenKey ?? parseVerifierKey(header.vkey, options.signatureTypes);
    const open = (isHeld: boolean) => (note: string) => {
      const { origin, size, root } = openCheckpoint(note, [key]);
      if (origin !== header.origin) throw new TlogError('tlog.checkpoint_malformed', `it is of the log ${origin}`);
      return { size, root, isHeld };
    };
    const own = header.checkpoints.map(open(false));
    if (own.length === 0 || own.some(({ size }, i) => i > 0 && size <= (own[i - 1]?.size ?? 0))) {
      return refuse(header, 'the export has no checkpoints, or not in ascending order');
    }
    const held = (options.checkpoints ?? []).map(open(true));
    return { header, milestones: [...own, ...held].sort((a, b) => a.size - b.size), fault: null };
  } catch (error) {
    if (error instanceof TlogError) return refuse(header, `a key or checkpoint cannot be trusted: ${error.message}`);
    throw error;
  }
}

interface Milestones {
  readonly due: Milestone[];
  readonly passed: Milestone[];
}

async function checkLines(lines: AsyncIterable<string | null>, state: LogState, milestones: Milestones): Promise<Fault | null> {
  let fault = passMilestones(state, milestones);
  if (fault) return fault;
  for await (const line of lines) {
    const index = state.frontier.size;
    const entry = readLine(line, isExportEntry, encodeExportEntry);
    if (entry === null) return faultAt(index, 'line', 'the line is no entry in its one spelling');
    if (milestones.due.length === 0) return faultAt(index, 'uncovered', 'no checkpoint covers this entry');
    fault = checkEntry(state, entry) ?? passMilestones(state, milestones);
    if (fault) return fault;
  }
  const missing = milestones.due.at(-1);
  return missing ? faultAt(state.frontier.size, 'cut', `the export ends here, but a checkpoint says ${missing.size} entries`) : null;
}

function passMilestones({ frontier }: LogState, { due, passed }: Milestones): Fault | null {
  for (let next = due[0]; next?.size === frontier.size; next = due[0]) {
    if (!frontierRoot(frontier).equals(next.root)) {
      const detail = `the entries do not lead to the root of the ${next.isHeld ? 'given ' : ''}checkpoint of size ${next.size}`;
      const index = passed.at(-1)?.size ?? 0;
      return { code: 'root', index, indexLast: Math.max(index, next.size - 1), detail };
    }
    passed.push(next);
    due.shift();
  }
  return null;
}

/** The value of a line that is spelled as its encoder would: with only one spelling, no byte can change without a meaning changing. */
function readLine<T>(line: string | null, isValid: (value: unknown) => value is T, encode: (value: T) => string): T | null {
  try {
    const value: unknown = JSON.parse(line ?? '');
    return isValid(value) && encode(value) === `${line}\n` ? value : null;
  } catch {
    return null; // not JSON: the caller reports the line
  }
}

type Shape = Readonly<Record<string, (value: unknown) => boolean>>;
const isText = (value: unknown): boolean => typeof value === 'string' && value.isWellFormed();
const isTexts = (value: unknown): boolean => Array.isArray(value) && value.every(isText);
const headerShape: Shape = { format: (value) => value === exportFormat, origin: isText, vkey: isText, checkpoints: isTexts };
const entryShape: Shape = { seq: Number.isSafeInteger, body: isText, chain: isText, mac: isText, epoch: Number.isSafeInteger };

const hasShape = (value: unknown, shape: Shape): boolean =>
  typeof value === 'object' && value !== null && Object.entries(shape).every(([name, isRight]) => isRight(Reflect.get(value, name)));
const isExportHeader = (value: unknown): value is ExportHeader => hasShape(value, headerShape);
const isExportEntry = (value: unknown): value is ExportEntry => hasShape(value, entryShape);

/** An entry's line is under 400 kB (65,535 bytes, each escaped with six at worst); a header with a decade of daily checkpoints under 2 MB. */
const lineBytesMax = 8 * 1024 * 1024;

/** The lines of a file, without their newline; null for one that is no UTF-8, too long or not ended by a newline. */
async function* splitLines(source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): AsyncGenerator<string | null> {
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  let rest: Buffer = Buffer.alloc(0);
  for await (const chunk of source) {
    const bytes = Buffer.concat([rest, chunk]);
    let start = 0;
    for (let end = bytes.indexOf(0x0a); end !== -1; end = bytes.indexOf(0x0a, start)) {
      let line: string | null = null;
      try {
        line = decoder.decode(bytes.subarray(start, end));
      } catch {
        // not UTF-8: null says so
      }
      yield line;
      start = end + 1;
    }
    rest = bytes.subarray(start);
    if (rest.length > lineBytesMax) break;
  }
  if (rest.length > 0) yield null;
}
