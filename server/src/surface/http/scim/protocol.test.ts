import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addressOf, bodyOf, errors, group, kindOf, patch, run, testDirectories, user } from '../../../../test/directories.ts';
import { testOrigin } from '../../../../test/identity.ts';

const { buildDirectory, membersOf, send, platform } = await testDirectories();
const { pool } = platform.database.auth;

test('a user is made, read, replaced and deleted, as the requests of RFC 7644 do it', async () => {
  const { customer, ask } = await buildDirectory();
  const barbara = {
    schemas: [user],
    userName: 'bjensen',
    externalId: 'bjensen',
    name: { formatted: 'Ms. Barbara J Jensen III', familyName: 'Jensen', givenName: 'Barbara' },
    emails: [{ value: addressOf('bjensen'), type: 'work', primary: true }],
    phoneNumbers: [{ value: '555-555-5555', type: 'work' }],
  };
  const made = await ask('POST /Users', barbara);
  assert.equal(made.status, 201);
  const body = await bodyOf(made);
  assert.equal(made.headers.get('content-type'), 'application/scim+json');
  assert.equal(made.headers.get('location'), `${testOrigin}/scim/v2/Users/${body.id}`);
  assert.equal(made.headers.get('etag'), body.meta.version);
  const { phoneNumbers: _, ...kept } = barbara;
  assert.deepEqual(body, { ...kept, id: body.id, active: true, meta: body.meta });
  assert.equal(body.meta.resourceType, 'User');
  const read = await ask(`GET /Users/${body.id}`);
  assert.deepEqual(await read.json(), body);
  const [member] = (await membersOf(customer)).filter(({ userId }) => userId === body.id);
  assert.deepEqual(
    [member?.name, member?.email, member?.roles, member?.managedBy],
    ['Ms. Barbara J Jensen III', addressOf('bjensen'), ['member'], 'scim'],
  );
  const { rows } = await pool.query('select from account where "userId" = $1', [body.id]);
  assert.equal(rows.length, 0, 'nobody has given them a password');

  const put = await ask(
    `PUT /Users/${body.id}`,
    { ...kept, id: body.id, displayName: 'Babs', roles: [], active: true },
    { 'if-match': body.meta.version },
  );
  assert.equal(put.status, 200);
  assert.deepEqual([(await bodyOf(put)).displayName, put.headers.get('etag')], ['Babs', 'W/"2"']);
  assert.equal(await kindOf(await ask(`PUT /Users/${body.id}`, kept, { 'if-match': body.meta.version })), '412');
  assert.equal((await membersOf(customer)).find(({ userId }) => userId === body.id)?.name, 'Babs');

  assert.equal((await ask(`DELETE /Users/${body.id}`)).status, 204);
  const gone = await ask(`GET /Users/${body.id}`);
  assert.deepEqual([gone.status, (await bodyOf(gone)).schemas], [404, [errors]]);
  assert.equal((await membersOf(customer)).length, 1);
});

test('failures are told as the protocol has it', async () => {
  const { ask, add } = await buildDirectory();
  await add('dupe');
  const twice = await ask('POST /Users', { schemas: [user], userName: 'DUPE', emails: [{ value: addressOf('other') }] });
  const body = await bodyOf(twice);
  assert.deepEqual([twice.status, body.schemas, body.status, body.scimType], [409, [errors], '409', 'uniqueness']);
  assert.ok(body.detail.length > 0);
  assert.equal(
    await kindOf(await ask('POST /Users', { schemas: [user], userName: 'bjensen' })),
    '400 invalidValue',
    'nobody is made without an address',
  );
  assert.equal(await kindOf(await ask('POST /Users', { schemas: [user], emails: [] })), '400 invalidValue');
  assert.equal(await kindOf(await ask('GET /Users?filter=userName%20what%20"x"')), '400 invalidFilter');
  assert.equal(await kindOf(await ask('GET /Users/usr_%00')), '404');
  assert.equal(await kindOf(await ask('GET /Nothing')), '404');
  assert.equal(await kindOf(await ask('GET /Users/usr_000000000000000000000000')), '404');
  assert.equal(await kindOf(await ask('DELETE /Users')), '405');
  const { token } = await buildDirectory();
  const broken = await send('POST /scim/v2/Users', { key: token, body: '{', headers: { 'content-type': 'application/scim+json' } });
  assert.equal(await kindOf(broken), '400 invalidSyntax');
  assert.equal((await send('POST /scim/v2/Users', { key: token, body: 'x', headers: { 'content-type': 'text/plain' } })).status, 415);
});

test('the provider says what it can do and what its resources look like', async () => {
  const { ask } = await buildDirectory();
  const config = (await (await ask('GET /ServiceProviderConfig')).json()) as Record<string, { supported: boolean }>;
  assert.deepEqual(
    ['patch', 'bulk', 'filter', 'changePassword', 'sort', 'etag'].map((name) => config[name]?.supported),
    [true, false, true, false, false, true],
  );
  const types = await bodyOf(await ask('GET /ResourceTypes'));
  assert.deepEqual(
    types.Resources.map(({ id }) => id),
    ['User', 'Group'],
  );
  assert.equal((await bodyOf(await ask('GET /ResourceTypes/User'))).id, 'User');
  const described = await bodyOf(await ask('GET /Schemas'));
  assert.deepEqual(
    described.Resources.map(({ id }) => id),
    [user, group],
  );
  assert.equal((await bodyOf(await ask(`GET /Schemas/${user}`))).id, user);
  assert.equal(await kindOf(await ask('GET /Schemas/urn:nothing')), '404');
});

test('filters find what they say, whatever their case, and pages go on', async () => {
  const { ask, add } = await buildDirectory();
  const made = [];
  for (const [name, familyName] of [
    ['jsmith', 'Smith'],
    ['jomalley', "O'Malley"],
    ['Zoe', 'Zimmer'],
  ] as const)
    made.push(await add(name, { name: { familyName, givenName: 'J' }, externalId: `ext-${name}` }));
  const found = async (filter: string) =>
    (await bodyOf(await ask(`GET /Users?filter=${encodeURIComponent(filter)}`))).Resources.map(({ userName }) => userName);
  assert.deepEqual(await found('userName eq "JSMITH"'), ['jsmith']);
  assert.deepEqual(await found('userName Eq "nobody"'), []);
  assert.deepEqual(await found(`${user}:userName sw "J"`), ['jsmith', 'jomalley']);
  assert.deepEqual(await found('externalId eq "ext-Zoe"'), ['Zoe']);
  assert.deepEqual(await found('externalId eq "EXT-ZOE"'), [], 'exact in case');
  assert.deepEqual(await found(`id eq "${made[0]?.id}"`), ['jsmith']);
  assert.deepEqual(await found(`name.familyName co "O'Malley"`), ['jomalley']);
  assert.deepEqual(await found('displayName pr'), []);
  assert.deepEqual(await found('meta.lastModified gt "2011-05-13T04:42:34Z"'), ['jsmith', 'jomalley', 'Zoe']);
  assert.deepEqual(await found(`emails[type eq "work" and value co "${run}"] and not (userName eq "zoe")`), ['jsmith', 'jomalley']);
  assert.deepEqual(await found('active eq true and (name.familyName ew "mer" or userName eq "jsmith")'), ['jsmith', 'Zoe']);
  const page = await bodyOf(await ask('GET /Users?startIndex=2&count=1'));
  assert.deepEqual([page.totalResults, page.startIndex, page.itemsPerPage, page.Resources[0]?.userName], [3, 2, 1, 'jomalley']);
  assert.equal((await bodyOf(await ask('GET /Users?count=0'))).totalResults, 3);
  assert.equal((await bodyOf(await ask('GET /Users?startIndex=-4&count=100000'))).itemsPerPage, 3);
  const [some] = (await bodyOf(await ask('GET /Users?attributes=userName&count=1'))).Resources;
  assert.deepEqual(Object.keys(some ?? {}).sort(), ['id', 'meta', 'schemas', 'userName']);
});

test('a user is patched as RFC 7644 and as directories write it', async () => {
  const { ask, add } = await buildDirectory();
  const { id } = await add('patchy', { displayName: 'Patchy' });
  const after = async (...operations: object[]) => {
    const response = await ask(`PATCH /Users/${id}`, patch(...operations));
    assert.equal(response.status, 200, await response.clone().text());
    return bodyOf(response);
  };
  assert.equal(
    (await after({ op: 'add', value: { emails: [{ value: addressOf('home'), type: 'home' }], nickname: 'Babs' } })).emails.length,
    2,
  );
  assert.deepEqual((await after({ op: 'remove', path: 'emails[type eq "home" and value ew "example.com"]' })).emails, [
    { value: addressOf('patchy'), type: 'work', primary: true },
  ]);
  assert.equal((await after({ op: 'Replace', path: 'name.familyName', value: 'Jensen' })).name.familyName, 'Jensen');
  assert.equal((await after({ op: 'replace', path: `${user}:displayName`, value: 'Barbara' })).displayName, 'Barbara');
  assert.equal(
    (await after({ op: 'replace', path: 'emails[type eq "work"].value', value: addressOf('moved') })).emails[0]?.value,
    addressOf('moved'),
  );
  assert.equal((await after({ op: 'Replace', path: 'active', value: 'False' })).active, false);
  assert.equal((await after({ op: 'replace', value: { active: true, 'name.givenName': 'Babs' } })).active, true);
  const ignored = await after({ op: 'add', path: 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department', value: 'Sales' });
  assert.deepEqual(ignored.schemas, [user]);
  const refusal = async (...operations: object[]) => kindOf(await ask(`PATCH /Users/${id}`, patch(...operations)));
  assert.equal(await refusal({ op: 'remove' }), '400 noTarget');
  assert.equal(await refusal({ op: 'remove', path: 'userName' }), '400 mutability');
  assert.equal(await refusal({ op: 'replace', path: 'emails[', value: 'x' }), '400 invalidPath');
  assert.equal(await refusal({ op: 'replace', path: 'emails[type eq "fax"].value', value: 'x' }), '400 invalidValue');
  assert.equal(await refusal({ op: 'move', path: 'userName', value: 'x' }), '400 invalidValue');
  assert.equal(await kindOf(await ask(`PATCH /Users/${id}`, { Operations: [] })), '400 invalidValue');
});

test('what is half of a patch is nothing', async () => {
  const { ask, add } = await buildDirectory();
  const { id } = await add('whole', { displayName: 'Before' });
  const answer = await ask(
    `PATCH /Users/${id}`,
    patch({ op: 'replace', path: 'displayName', value: 'After' }, { op: 'replace', path: 'active', value: 'perhaps' }),
  );
  assert.equal(answer.status, 400);
  assert.equal((await bodyOf(await ask(`GET /Users/${id}`))).displayName, 'Before');
});

test('names that mean something to JavaScript change nothing but the answer', async () => {
  const { ask, add } = await buildDirectory();
  const { id } = await add('proto');
  for (const operation of [
    { op: 'add', path: '__proto__.polluted', value: 'x' },
    { op: 'add', path: 'name.__proto__', value: { polluted: 'x' } },
    { op: 'add', path: 'constructor.prototype', value: { polluted: 'x' } },
    { op: 'add', path: 'name.constructor', value: 'x' },
    { op: 'add', value: JSON.parse('{"name":{"__proto__":{"polluted":"x"}}}') },
    { op: 'add', value: { 'name.__proto__': { polluted: 'x' } } },
  ])
    await ask(`PATCH /Users/${id}`, patch(operation));
  await ask('POST /Users', JSON.parse(`{"userName":"p","__proto__":{"polluted":"x"},"emails":[{"value":"p@${run}.example.com"}]}`));
  assert.equal(Object('').polluted, undefined);
  assert.equal(Reflect.get({}, 'polluted'), undefined);
});
