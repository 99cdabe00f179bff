import { configTable, errorCatalogue } from '../server/src/kernel/index.ts';
import { catalogue } from '../server/src/trust/encryption/catalogue.ts';

/** A file of the repository that is written from code. */
export interface Generated {
  /** Relative to the root of the repository. */
  readonly path: string;
  readonly render: () => string | Promise<string>;
}

/**
 * Every file that code writes. `npm run check` fails when one differs from what its code says now, `npm run check -- --fix` writes it.
 * Add yours here.
 */
export const generatedFiles: readonly Generated[] = [
  { path: '.env.example', render: envExample },
  { path: 'docs/settings.md', render: settingsPage },
  { path: 'docs/errors.md', render: errorsPage },
  { path: 'docs/encryption/catalogue.md', render: cataloguePage },
];

function envExample(): string {
  const settings = configTable.map(({ name, fallback, unit, about }) => `# ${about} (${unit})\n#${name}=${fallback}\n`);
  return `# Every setting with its default, written from server/src/kernel/config. Set what differs.\n\n${settings.join('\n')}`;
}

function settingsPage(): string {
  const rows = configTable.map(({ name, fallback, unit, about }) => [`\`${name}\``, fallback === '' ? '' : `\`${fallback}\``, unit, about]);
  return `${heading('Settings', 'server/src/kernel/config')}
Factotum reads these environment variables once, when it starts, and names all faults together; it then ends with code 78.

${table(['name', 'default', 'unit', 'meaning'], rows)}`;
}

function errorsPage(): string {
  const rows = Object.entries(errorCatalogue).map(([code, { status, retry, title }]) => [
    `<a id="${code}"></a>\`${code}\``,
    String(status),
    retry ? 'yes' : 'no',
    title,
  ]);
  return `${heading('Errors', 'server/src/kernel/errors.ts')}
Every error answer is an RFC 9457 problem whose \`code\` is one of these. A code never changes its meaning. *Retry* says whether the same
request may succeed later without a change.

${table(['code', 'status', 'retry', 'meaning'], rows)}`;
}

function cataloguePage(): string {
  const tables = Map.groupBy(catalogue, ({ schema, table }) => `${schema}.${table}`);
  const sections = [...tables].map(([name, columns]) => {
    const rows = [...Map.groupBy(columns, ({ column }) => column)].map(([column, same]) => [
      same.map((one) => `\`${one.name}\``).join(', '),
      column.is === 'sealed'
        ? `**sealed** (${column.purpose}, ${column.kind})`
        : column.is === 'clear'
          ? 'clear'
          : `sealed (${column.under})`,
      column.is === 'clear' ? column.reason : column.about,
    ]);
    return `\n## ${name}\n\n${table(['columns', '', 'why, or what it holds'], rows)}`;
  });
  return `${heading('What is sealed', 'server/src/trust/encryption')}
Every column of the database. **Sealed** ones open with the tenant's keys alone, and a rotation seals them anew; the words in brackets are the purpose and the kind
that are bound in. Others are sealed or hashed with the key in brackets. A test holds this list against the database: a column without a line fails.
${sections.join('')}`;
}

const heading = (title: string, source: string) => `# ${title}\n\n<!-- Written from ${source} by npm run check -- --fix -->\n`;

function table(names: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |\n`;
  return [line(names), line(names.map(() => '---')), ...rows.map(line)].join('');
}
