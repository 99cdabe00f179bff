import { appColumns } from './app-columns.ts';
import { authColumns } from './auth-columns.ts';
import type { Column, SealedColumn } from './column.ts';

/** One column of the database, and whether it is sealed. */
export interface CataloguedColumn {
  readonly schema: 'app' | 'auth';
  readonly table: string;
  readonly name: string;
  readonly column: Column;
}

/** Every column of schemas `app` and `auth`, as `app-columns.ts` and `auth-columns.ts` have them. A test holds it against the database. */
export const catalogue: readonly CataloguedColumn[] = [...columnsOf('app', appColumns), ...columnsOf('auth', authColumns)];

function columnsOf(schema: 'app' | 'auth', tables: typeof appColumns): CataloguedColumn[] {
  return Object.entries(tables).flatMap(([table, columns]) =>
    Object.entries(columns).flatMap(([names, column]) => names.split(' ').map((name) => ({ schema, table, name, column }))),
  );
}

/** One column that a rotation re-seals. */
export interface SealedPlace extends SealedColumn {
  readonly schema: 'app' | 'auth';
  readonly table: string;
  readonly name: string;
}

/** The columns that are sealed under tenants' keys. */
export const sealedPlaces: readonly SealedPlace[] = catalogue.flatMap(({ schema, table, name, column }) =>
  column.is === 'sealed' ? [{ schema, table, name, ...column }] : [],
);

/** The columns of a table that a test found in the database and not here, or here twice, in words that say what to do. */
export function catalogueFaults(found: readonly { readonly schema: string; readonly table: string; readonly name: string }[]): string[] {
  const key = (column: { schema: string; table: string; name: string }) => `${column.schema}.${column.table}.${column.name}`;
  const here = Map.groupBy(catalogue, key);
  const there = new Set(found.map(key));
  return [
    ...found
      .filter((column) => !here.has(key(column)))
      .map(
        (column) =>
          `${key(column)} has no line in trust/encryption/${column.schema}-columns.ts. Content, names and addresses: ${column.name}: sealed('what it holds', { kind: '...', id: ['...'] }), as its keys.seal says. Anything else: ${column.name}: clear('why that may be read'), or id, time, count, option, name, hash, keyed.`,
      ),
    ...[...here.keys()]
      .filter((one) => !there.has(one))
      .map((one) => `${one} is in the catalogue and not in the database. Take its line out.`),
    ...[...here].filter(([, lines]) => lines.length > 1).map(([one]) => `${one} has two lines in the catalogue.`),
  ];
}
