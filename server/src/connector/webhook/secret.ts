/** 16 letters and digits chosen by chance cannot be guessed; what a person makes up is rarely longer than that. */
const charsMin = 16;

/** Why a signing secret cannot be taken; null for one that can. What Standard Webhooks writes before theirs does not count. */
export const secretRefusal = (secret: string): string | null =>
  secret.replace(/^whsec_/, '').length >= charsMin
    ? null
    : `The signing secret is shorter than ${charsMin} characters (not counting whsec_), so somebody could guess it. Have the other system make a longer one, and enter it here.`;
