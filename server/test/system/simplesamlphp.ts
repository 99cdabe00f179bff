import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { makeSigningKey } from '../sso/saml-idp.ts';

const installed = '/usr/share/simplesamlphp';
const startTimeoutMs = 30_000;

export interface SimpleSamlPhp {
  readonly origin: string;
  readonly metadataUrl: string;
  /** Makes a service provider known, by its own metadata. */
  introduce(spMetadata: string): Promise<void>;
}

/** The distribution's SimpleSAMLphp as an identity provider with a form for name and password, served by PHP itself. */
export async function startSimpleSamlPhp(
  t: TestContext,
  people: Readonly<Record<string, Readonly<Record<string, string>>>>,
): Promise<SimpleSamlPhp> {
  const folder = await mkdtemp(join(tmpdir(), 'factotum-simplesaml-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  await chmod(folder, 0o700);
  for (const name of ['config', 'metadata', 'cert', 'data', 'log', 'sessions', 'tmp']) await mkdir(join(folder, name));
  const port = await freePort();
  const origin = `http://127.0.0.1:${port}`;
  const { privateKey, certificate } = makeSigningKey();
  const files: Record<string, string> = {
    'cert/idp.pem': privateKey,
    'cert/idp.crt': certificate,
    'config/config.php': `<?php $config = [
      'baseurlpath' => '${origin}/', 'certdir' => '${folder}/cert/', 'loggingdir' => '${folder}/log/', 'datadir' => '${folder}/data/', 'tempdir' => '${folder}/tmp',
      'secretsalt' => 'a salt of the tests', 'auth.adminpassword' => 'not-the-default', 'timezone' => 'UTC', 'technicalcontact_email' => 'na@example.org',
      'enable.saml20-idp' => true, 'module.enable' => ['exampleauth' => true, 'core' => true, 'saml' => true],
      'logging.handler' => 'file', 'logging.level' => 5, 'errorreporting' => false, 'showerrors' => true,
      'store.type' => 'phpsession', 'session.phpsession.savepath' => '${folder}/sessions', 'session.cookie.secure' => false, 'session.cookie.samesite' => null,
      'metadatadir' => '${folder}/metadata',
      'metadata.sources' => [['type' => 'flatfile', 'directory' => '${folder}/metadata'], ['type' => 'xml', 'file' => '${folder}/metadata/sp.xml']],
    ];`,
    'config/authsources.php': `<?php $config = ['form' => ['exampleauth:UserPass', ${Object.entries(people)
      .map(
        ([login, { password, ...attributes }]) =>
          `'${login}:${password}' => [${Object.entries(attributes).map(([name, value]) => `'${name}' => ['${value}']`)}]`,
      )
      .join(', ')}]];`,
    'metadata/saml20-idp-hosted.php': `<?php $metadata['__DYNAMIC:1__'] = [
      'host' => '__DEFAULT__', 'privatekey' => 'idp.pem', 'certificate' => 'idp.crt', 'auth' => 'form', 'validate.authnrequest' => true,
      'signature.algorithm' => 'http://www.w3.org/2001/04/xmldsig-more#rsa-sha256',
      'NameIDFormat' => 'urn:oasis:names:tc:SAML:2.0:nameid-format:persistent',
      'authproc' => [3 => ['class' => 'saml:AttributeNameID', 'attribute' => 'uid', 'Format' => 'urn:oasis:names:tc:SAML:2.0:nameid-format:persistent']],
    ];`,
    'metadata/sp.xml':
      '<md:EntitiesDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata"><md:EntityDescriptor entityID="urn:nobody"><md:SPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol"><md:AssertionConsumerService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="https://nobody.example/" index="0"/></md:SPSSODescriptor></md:EntityDescriptor></md:EntitiesDescriptor>',
  };
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
  const server = spawn('php', ['-S', `127.0.0.1:${port}`, '-t', join(installed, 'www')], {
    env: { PATH: process.env.PATH ?? '', SIMPLESAMLPHP_CONFIG_DIR: join(folder, 'config') },
    stdio: 'ignore',
  });
  t.after(() => stop(server));
  const metadataUrl = `${origin}/saml2/idp/metadata.php`;
  await untilAnswered(metadataUrl);
  return { origin, metadataUrl, introduce: (spMetadata) => writeFile(join(folder, 'metadata', 'sp.xml'), spMetadata) };
}

async function stop(server: ChildProcess): Promise<void> {
  if (server.exitCode !== null) return;
  server.kill();
  await once(server, 'exit');
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address !== 'object') throw new Error('no port');
  server.close();
  return address.port;
}

async function untilAnswered(url: string): Promise<void> {
  for (const deadline = Date.now() + startTimeoutMs; ; ) {
    const response = await fetch(url).catch(() => undefined);
    if (response?.ok === true) return;
    if (Date.now() > deadline) throw new Error(`${url} answered ${response?.status}: ${(await response?.text())?.slice(0, 2_000)}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
