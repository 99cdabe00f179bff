import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const timeoutMs = 60_000;

/** The browser of the browser tests, or why there is none here. */
export type Browser =
  | { readonly kind: 'ready'; readonly env: Readonly<Record<string, string>> }
  | { readonly kind: 'missing'; readonly reason: string };

/**
 * Unpacks the Chromium that came with npm (about 2 s, once per version) and tries it, before test processes start side by side.
 * The package itself unpacks to one fixed place in the temporary folder, which belongs to whoever came first.
 *
 * @returns `env` for the test processes: FACTOTUM_TEST_CHROMIUM is the program to start.
 */
export async function prepareBrowser(root: string): Promise<Browser> {
  const manifest = join(root, 'node_modules', '@sparticuz', 'chromium', 'package.json');
  if (!existsSync(manifest)) return { kind: 'missing', reason: '@sparticuz/chromium is not installed' };
  const { version }: { version: string } = JSON.parse(await readFile(manifest, 'utf8'));
  const folder = join(root, 'node_modules', '.cache', `chromium-${version}`);
  if (!existsSync(folder)) await unpack(root, folder);

  const env = { FONTCONFIG_FILE: join(folder, 'fonts.conf') };
  const faults: string[] = [];
  // With the libraries of this machine, else with those in the package: a bare machine has no NSS.
  for (const program of [join(folder, 'chromium'), join(folder, 'chromium-with-libraries')]) {
    try {
      await run(program, ['--version'], { timeout: timeoutMs });
      return { kind: 'ready', env: { ...env, FACTOTUM_TEST_CHROMIUM: program } };
    } catch (error) {
      faults.push(error instanceof Error ? error.message : String(error));
    }
  }
  return { kind: 'missing', reason: faults.join('\n') };
}

/** Unpacks beside the final place and renames: two runs at once never see half a browser. */
async function unpack(root: string, folder: string): Promise<void> {
  await mkdir(dirname(folder), { recursive: true });
  const draft = await mkdtemp(`${folder}-`);
  const script = "import('@sparticuz/chromium').then((bundled) => bundled.default.executablePath())";
  // The second variable makes the package unpack its shared libraries as well.
  const env = { ...process.env, TMPDIR: draft, AWS_EXECUTION_ENV: 'AWS_Lambda_nodejs24.x' };
  await run(process.execPath, ['-e', script], { cwd: join(root, 'e2e'), env, timeout: timeoutMs });
  const wrapper = join(draft, 'chromium-with-libraries');
  await writeFile(wrapper, '#!/bin/sh\nhere=$(dirname "$0")\nLD_LIBRARY_PATH="$here/al2023/lib" exec "$here/chromium" "$@"\n');
  await chmod(wrapper, 0o755);
  await writeFile(
    join(draft, 'fonts.conf'),
    `<fontconfig><include ignore_missing="yes">/etc/fonts/fonts.conf</include><dir>${folder}/fonts</dir></fontconfig>\n`,
  );
  try {
    await rename(draft, folder);
  } catch (error) {
    // Another run was faster; its copy is as good.
    if (!existsSync(folder)) throw error;
    await rm(draft, { recursive: true });
  }
}
