import assert from 'node:assert/strict';
import type { Page } from 'playwright-core';
import { axeFaults, putInto, settled, sidewaysPx } from './browser.ts';

/** What holds for every page in every state: it keeps the policy, has one h1, cannot be moved sideways, and axe finds nothing. */
export async function checkPage(page: Page, path: string, complaints: readonly string[]): Promise<void> {
  assert.deepEqual(complaints, [], path);
  assert.equal(await page.evaluate(() => 'pwned' in window), false, path);
  assert.equal(await page.locator('h1').count(), 1, `${path} has one h1`);
  await checkWidth(page, path);
  assert.deepEqual(await axeFaults(page), [], path);
}

export async function checkWidth(page: Page, path: string): Promise<void> {
  const px = await sidewaysPx(page);
  assert.ok(px <= 0, `${path} can be moved sideways by ${px} px`);
}

/** Opens each page and checks it in light, in dark, and on phones of 390 and of 320 px. */
export async function checkEverywhere(page: Page, origin: string, paths: readonly string[], complaints: readonly string[]): Promise<void> {
  for (const path of paths) {
    await page.setViewportSize({ width: 1280, height: 860 });
    await page.goto(origin + path);
    await settled(page);
    await checkPage(page, path, complaints);
    await putInto(page, 'dark');
    await checkPage(page, `${path} in dark`, complaints);
    await putInto(page, 'light');
    await page.setViewportSize({ width: 390, height: 844 });
    await checkPage(page, `${path} at 390 px`, complaints);
    await page.setViewportSize({ width: 320, height: 640 });
    await checkWidth(page, `${path} at 320 px`);
  }
}
