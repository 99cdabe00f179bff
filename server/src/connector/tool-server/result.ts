import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { ToolAnswer } from '#flow/tool';
import { isFactotumError, type Json, type JsonObject, jsonObjectSchema } from '#kernel';
import { quoted } from './fault.ts';

/** What of one result is kept, in characters: all texts together, and structured content as JSON. */
const textCharsMax = 200_000;
const structuredCharsMax = 200_000;
const partsMax = 100;

/** As the protocol has it, as far as we look at it. */
export const callResultSchema = z.looseObject({
  content: z.array(z.looseObject({ type: z.string() })).default([]),
  structuredContent: z.record(z.string(), z.unknown()).optional(),
  isError: z.boolean().optional(),
});
type Part = z.infer<typeof callResultSchema>['content'][number];

/**
 * A server's result as one of ours: bounded JSON, from an untrusted source whatever it says of itself. Texts are kept, of images, sounds
 * and embedded bytes what they are and how large, never the bytes; a link is only a text.
 */
export function answerOf(result: z.infer<typeof callResultSchema>, slug: string): ToolAnswer {
  const texts = result.content.flatMap(textOf);
  const whole = texts.join('\n').toWellFormed();
  if (result.isError === true)
    return {
      kind: 'failed',
      failure: 'permanent',
      code: 'tool.failed',
      message: `The tool reported a failure: ${quoted(whole) || 'it does not say which.'}`,
    };
  const structured = result.structuredContent === undefined ? undefined : bounded(result.structuredContent);
  const isCut = whole.length > textCharsMax || structured === null || result.content.length > partsMax;
  const kept: JsonObject = {
    text: whole.slice(0, textCharsMax).toWellFormed(),
    parts: result.content.slice(0, partsMax).flatMap(aboutPart),
    isCut,
    ...(structured === undefined || structured === null ? {} : { structured }),
  };
  return { kind: 'done', result: kept, label: { sources: [`mcp:${slug}`], integrity: 'untrusted', readers: 'tenant' } };
}

/** Null for what is too large, or is not JSON as we can keep it. */
function bounded(value: Record<string, unknown>): Json | null {
  try {
    const parsed = jsonObjectSchema.safeParse(value);
    return parsed.success && JSON.stringify(parsed.data).length <= structuredCharsMax ? parsed.data : null;
  } catch (error) {
    if (isFactotumError(error) || error instanceof RangeError) return null;
    throw error;
  }
}

const textOf = (part: Part): string[] => {
  if (part.type === 'text' && typeof part.text === 'string') return [part.text];
  const { resource } = part;
  return part.type === 'resource' && isObject(resource) && typeof resource.text === 'string' ? [resource.text] : [];
};

function aboutPart(part: Part): JsonObject[] {
  const said = (value: unknown) => (typeof value === 'string' ? quoted(value, 300) : null);
  switch (part.type) {
    case 'text':
      return [];
    case 'image':
    case 'audio':
      return [{ kind: part.type, mimeType: said(part.mimeType), ...aboutBytes(part.data) }];
    case 'resource': {
      const resource = isObject(part.resource) ? part.resource : {};
      return [{ kind: 'resource', uri: said(resource.uri), mimeType: said(resource.mimeType), ...aboutBytes(resource.blob) }];
    }
    case 'resource_link':
      return [{ kind: 'link', uri: said(part.uri), name: said(part.name), mimeType: said(part.mimeType) }];
    default:
      return [{ kind: 'unknown' }];
  }
}

/** How many bytes, and which: enough to recognise them by. */
function aboutBytes(data: unknown): JsonObject {
  if (typeof data !== 'string') return {};
  const bytes = Buffer.from(data, 'base64');
  return { sizeBytes: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') };
}

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;
