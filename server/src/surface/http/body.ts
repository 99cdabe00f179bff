import { z } from 'zod';
import { FactotumError, parseJson } from '#kernel';
import { refuseFaults } from './problem.ts';

/** What a route takes as its body, and how the bytes are read. */
export interface BodySpec<T> {
  /** Media types it may come as. */
  readonly types: readonly string[];
  readonly bytesMax: number;
  /** For the description of the API. */
  readonly schema: z.ZodType;
  /** Sending nothing means the empty object. */
  readonly isOptional: boolean;
  parse(bytes: Uint8Array): T;
}

const jsonBytesMaxDefault = 256 * 1024;

/** A JSON body of that schema. */
export function jsonBody<S extends z.ZodType>(schema: S, options: { bytesMax?: number; isOptional?: boolean } = {}): BodySpec<z.output<S>> {
  return {
    types: ['application/json'],
    bytesMax: options.bytesMax ?? jsonBytesMaxDefault,
    schema,
    isOptional: options.isOptional ?? false,
    parse(bytes) {
      const answer = schema.safeParse(bytes.length === 0 && options.isOptional === true ? {} : parseJson(bytes));
      if (!answer.success) throw refuseFaults(answer.error, 'body');
      return answer.data;
    },
  };
}

/** A body that is kept as it came. */
export function rawBody(types: readonly string[], bytesMax: number): BodySpec<Uint8Array> {
  return { types, bytesMax, schema: z.string().meta({ format: 'binary' }), isOptional: false, parse: (bytes) => bytes };
}

/** A body of whatever type, also of none, as it came. */
export const anyBody = (bytesMax: number): BodySpec<Uint8Array> => ({ ...rawBody([anyType], bytesMax), isOptional: true });
const anyType = '*/*';

/**
 * Reads a request's body whole, but never more than its route takes.
 *
 * @throws FactotumError `request.unsupported_type`, `request.too_large`; `request.invalid` when the connection broke off.
 */
export async function readBody(request: Request, spec: BodySpec<unknown>): Promise<Uint8Array> {
  const declared = Number(request.headers.get('content-length') ?? Number.NaN);
  if (declared > spec.bytesMax) throw tooLarge(spec.bytesMax);
  const type = request.headers.get('content-type');
  if (type !== null || !spec.isOptional) refuseOtherTypes(type ?? '', spec.types);
  // A declared length is what the server lets through; without one the bytes are counted as they come.
  const bytes = await (Number.isNaN(declared) ? readCounting(request, spec.bytesMax) : readAll(request));
  if (bytes.length > 0 && type === null) refuseOtherTypes('', spec.types);
  return bytes;
}

function refuseOtherTypes(type: string, types: readonly string[]): void {
  if (types.includes(anyType)) return;
  const [essence = '', ...parameters] = type
    .toLowerCase()
    .split(';')
    .map((part) => part.trim());
  const charset = parameters
    .find((parameter) => parameter.startsWith('charset='))
    ?.slice('charset='.length)
    .replaceAll('"', '');
  const isOther = !types.includes(essence);
  if (!isOther && (charset === undefined || essence !== 'application/json' || charset === 'utf-8' || charset === 'utf8')) return;
  const wanted = `${types.join(' or ')}${isOther ? '' : ' in UTF-8'}`;
  throw new FactotumError('request.unsupported_type', `Send the body as ${wanted}.`, { details: { accepted: types } });
}

async function readAll(request: Request): Promise<Uint8Array> {
  try {
    return new Uint8Array(await request.arrayBuffer());
  } catch (cause) {
    throw brokenOff(cause);
  }
}

async function readCounting(request: Request, bytesMax: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  if (request.body === null) return new Uint8Array();
  const reader = request.body.getReader();
  for (;;) {
    const { done, value } = await reader.read().catch((cause: unknown) => {
      throw brokenOff(cause);
    });
    if (done) return Buffer.concat(chunks);
    length += value.length;
    if (length > bytesMax) {
      // Nobody waits for it: what still comes is for the server to drop.
      void reader.cancel().catch(() => undefined);
      throw tooLarge(bytesMax);
    }
    chunks.push(value);
  }
}

const tooLarge = (bytesMax: number) =>
  new FactotumError('request.too_large', `The body may have ${bytesMax} bytes here. Send less, or send large parts another way.`, {
    details: { bytesMax },
  });
const brokenOff = (cause: unknown) => new FactotumError('request.invalid', 'The body broke off before its end. Send it again.', { cause });
