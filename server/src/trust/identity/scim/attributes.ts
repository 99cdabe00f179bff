import { z } from 'zod';

const text = z.string().trim().max(256);
const word = text.min(1);

/** Directories send booleans as text now and then. */
const flag = z.union([z.boolean(), z.stringbool({ truthy: ['true'], falsy: ['false'] })]);

const emailSchema = z.object({
  value: z.email().max(254).toLowerCase(),
  type: text.optional(),
  primary: flag.optional(),
});

/** What is kept of a user resource (RFC 7643, section 4.1). What a directory sends besides is left out: nobody here would use it. */
export const userAttributesSchema = z.object({
  userName: word,
  externalId: word.nullish().transform((value) => value ?? null),
  name: z
    .object({ formatted: text.optional(), familyName: text.optional(), givenName: text.optional() })
    .nullish()
    .transform((value) => value ?? {}),
  displayName: text.nullish().transform((value) => value ?? null),
  emails: z
    .array(emailSchema)
    .max(20)
    .nullish()
    .transform((value) => value ?? []),
  active: flag.nullish().transform((value) => value ?? true),
});
export type UserAttributes = z.output<typeof userAttributesSchema>;

/** A group resource (RFC 7643, section 4.2). Members that are groups are refused: teams do not nest. */
export const groupAttributesSchema = z.object({
  displayName: text.min(1).max(100),
  externalId: word.nullish().transform((value) => value ?? null),
  members: z
    .array(
      z
        .object({ value: word, type: text.optional() })
        .refine(({ type }) => type === undefined || type.toLowerCase() === 'user', 'must be a user'),
    )
    .max(20_000)
    .nullish()
    .transform((value) => [...new Set((value ?? []).map((member) => member.value))]),
});
export type GroupAttributes = z.output<typeof groupAttributesSchema>;

/** Where the person is reached: the primary address, else the first, else the user name if it is one; null if there is none. */
export function addressOf({ emails, userName }: Pick<UserAttributes, 'emails' | 'userName'>): string | null {
  const address = (emails.find(({ primary }) => primary === true) ?? emails[0])?.value;
  return address ?? z.email().max(254).toLowerCase().safeParse(userName).data ?? null;
}

/** What the person is called. */
export function nameOf({ displayName, name, userName }: UserAttributes): string {
  const composed = [name.givenName, name.familyName].filter(Boolean).join(' ');
  return ([displayName, name.formatted, composed].find((one) => one !== null && one !== undefined && one !== '') ?? userName).slice(0, 100);
}
