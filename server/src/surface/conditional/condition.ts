import { FactotumError } from '#kernel';

/** The tags of a condition without their quotes; a weak one compares like a strong one here. */
export const etagsOf = (header: string | null): string[] =>
  (header ?? '').split(',').map((tag) =>
    tag
      .trim()
      .replace(/^W\//, '')
      .replace(/^"(.*)"$/, '$1'),
  );

/** The one tag of a condition, or '*'. Of several, none can be the one that was read last. */
export function conditionOf(header: string | null): string | undefined {
  const [tag, ...others] = etagsOf(header);
  if (others.length > 0) throw new FactotumError('request.invalid', 'Send one etag in If-Match: as you read it.');
  return tag === '' ? undefined : tag;
}

/** The only condition that writing takes here. @throws FactotumError `request.invalid`. */
export function anyOf(header: string | null): '*' | undefined {
  if (header === null) return undefined;
  if (header.trim() === '*') return '*';
  throw new FactotumError('request.invalid', 'When writing, If-None-Match can only be *: write where there is nothing yet.');
}
