import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import pg from 'pg';
import { testDatabase } from '../../../test/database.ts';
import { catalogue, catalogueFaults, sealedPlaces } from './catalogue.ts';

const { ownerUrl, close } = await testDatabase();
const owner = new pg.Client({ connectionString: ownerUrl });
await owner.connect();
after(async () => {
  await owner.end();
  await close();
});

const columns = async () =>
  (
    await owner.query<{ schema: string; table: string; name: string; type: string }>(
      `select table_schema as schema, table_name as "table", column_name as name, data_type as type from information_schema.columns
       where table_schema in ('app', 'auth') order by 1, 2, ordinal_position`,
    )
  ).rows;

test('every column of the database is in the catalogue, sealed or clear with its reason, and no other', async () => {
  const found = await columns();
  assert.ok(found.length > 300, 'the columns were read');
  const faults = catalogueFaults(found);
  assert.ok(faults.length === 0, faults.join('\n'));
});

test('a column that somebody adds without a line is named, with what to write', () => {
  const faults = catalogueFaults([
    ...catalogue.map(({ schema, table, name }) => ({ schema, table, name })),
    { schema: 'app', table: 'note', name: 'colour' },
  ]);
  assert.equal(faults.length, 1);
  assert.match(faults[0] ?? '', /^app\.note\.colour has no line in trust\/encryption\/app-columns\.ts\..*colour: sealed\(.*clear\(/);
  assert.match(catalogueFaults([]).join('\n'), /app\.note_version\.body is in the catalogue and not in the database/);
});

test('what is sealed is bytes, and the columns that its context is made of are there', async () => {
  const found = new Map((await columns()).map(({ schema, table, name, type }) => [`${schema}.${table}.${name}`, type]));
  for (const { schema, table, name, id, version, tenant } of sealedPlaces) {
    assert.equal(found.get(`${schema}.${table}.${name}`), 'bytea', `${table}.${name}`);
    for (const part of [...id, tenant, ...(version === undefined ? [] : [version])])
      assert.ok(found.has(`${schema}.${table}.${part}`), `${table}.${part}`);
  }
});

test('a rotation may exchange every sealed column, as the role that it does it as', async () => {
  for (const { schema, table, name } of sealedPlaces) {
    const role = schema === 'app' ? 'factotum_app' : 'factotum_auth';
    const { rows } = await owner.query<{ may: boolean }>('select has_column_privilege($1, $2, $3, $4) as may', [
      role,
      `${schema}."${table}"`,
      name,
      'update',
    ]);
    assert.equal(
      rows[0]?.may,
      true,
      `${role} may not update ${schema}.${table}.${name}: grant it in a migration, with app.refuse_rewrite as 0017 does`,
    );
  }
});
