import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach } from 'node:test';
import type { Browser } from 'playwright-core';
import { openPage, startBrowser, type WatchedPage } from './browser.ts';
import type { Scenario } from './fixture/world.ts';
import { type FixtureServer, startFixtureServer } from './fixture-server.ts';

let browser: Browser;
/** Of the test that runs: its world, and a page on it. Set by `eachTestHasAPage`. */
export let server: FixtureServer;
export let opened: WatchedPage;

/** Gives each test of the file a world and a page of its own, and fails a test whose page complained. */
export function eachTestHasAPage(scenario: Scenario): void {
  before(async () => {
    browser = await startBrowser();
  });
  after(() => browser.close());
  beforeEach(async () => {
    server = await startFixtureServer(scenario);
    opened = await openPage(browser, server.origin);
  });
  afterEach(async () => {
    assert.deepEqual(opened.complaints, []);
    await opened.context.close();
    await server.close();
  });
}
