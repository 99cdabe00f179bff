/** A page of the documentation that the dashboard shows: how its address names it, and its file below `docs/`. */
export const docFiles = {
  demo: 'demo.md',
  playbooks: 'playbooks.md',
  approvals: 'approvals.md',
  policies: 'policies.md',
  vault: 'vault.md',
  analytics: 'analytics.md',
  notices: 'notices.md',
  schedules: 'schedules.md',
  connectors: 'connectors/README.md',
  mail: 'connectors/mail.md',
  calendar: 'connectors/calendar.md',
  bank: 'connectors/bank.md',
  documents: 'connectors/documents.md',
  webhooks: 'connectors/webhooks.md',
  mcp: 'connectors/mcp.md',
  people: 'identity/people.md',
  members: 'identity/members.md',
  sso: 'identity/sso.md',
  scim: 'identity/scim.md',
  machines: 'identity/machines.md',
  models: 'models.md',
  quotas: 'quotas.md',
  tenants: 'tenants.md',
  archive: 'archive.md',
  encryption: 'encryption/README.md',
  providers: 'encryption/providers.md',
  rotation: 'encryption/rotation.md',
  audit: 'audit.md',
  backups: 'backups.md',
  api: 'api.md',
  errors: 'errors.md',
} as const;

export type DocPage = keyof typeof docFiles;

export const isDocPage = (name: string): name is DocPage => Object.hasOwn(docFiles, name);

/** The page that a link in a page leads to, and the place in it; null where the dashboard has no such page. */
export function docLinked(from: DocPage, target: string): { page: DocPage; hash: string } | null {
  const base = 'http://docs.invalid/';
  if (!URL.canParse(target, base + docFiles[from])) return null;
  const { href, pathname, hash } = new URL(target, base + docFiles[from]);
  const page = Object.entries(docFiles).find(([, file]) => href.startsWith(base) && pathname === `/${file}`)?.[0];
  return page !== undefined && isDocPage(page) ? { page, hash: hash.slice(1) } : null;
}

const begins = /^\s*(?:[-*+]\s|\d+[.)]\s|#{1,6}\s|>|\||```|([-*_])(?:\s*\1){2,}\s*$)/;

/**
 * A page's title and its text as a note: lines that only the width of a file broke are one, and what HTML there is (anchors, comments) is
 * left out.
 */
export function readDoc(source: string): { title: string; text: string } {
  const lines: string[] = [];
  let isCode = false;
  for (const line of source.replace(/<!--.*?-->|<a id="[^"]*"><\/a>/gs, '').split('\n')) {
    const before = lines.at(-1) ?? '';
    const goesOn = !isCode && line.trim() !== '' && before.trim() !== '' && !begins.test(line) && !/^(?:#|\||```)/.test(before);
    if (line.startsWith('```')) isCode = !isCode;
    if (goesOn) lines[lines.length - 1] = `${before} ${line.trim()}`;
    else lines.push(line);
  }
  const at = lines.findIndex((line) => line.startsWith('# '));
  const [heading = ''] = at < 0 ? [] : lines.splice(at, 1);
  return { title: heading.slice(2).trim(), text: lines.join('\n') };
}
