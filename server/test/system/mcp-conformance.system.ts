import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { createToolListener } from '#connector/mcp';
import { testHttp } from '../http.ts';
import { conform, conformSuite, doorman, failsAtEndpoint, failsAtTools } from '../tool-server/conformance.ts';

/** The protocol's own conformance suite, at every MCP server that we are. */
const { platform, http, buildCustomer } = await testHttp();
await platform.identity.start();
const port = await http.listen({ host: '127.0.0.1', port: 0 });
after(() => http.close(0));
const customer = await buildCustomer();
const listener = await createToolListener({ tools: platform.tools, end: platform.certificates.toolsEnd(), log: platform.log });
const toolsPort = await listener.listen({ host: '127.0.0.1', port: 0 });
after(() => listener.close(0));
const headers = { authorization: `Bearer ${await customer.key()}` };
const endpoint = await doorman({ url: `http://127.0.0.1:${port}/mcp`, host: '127.0.0.1:4310', headers });

const { cert, key, ca } = await platform.certificates.workerEnd(customer.tenantId).current();
const doors = new Map([['/mcp', endpoint]]);
for (const domain of ['', '/mail', '/calendar', '/bank', '/vault'])
  doors.set(`tools${domain}`, await doorman({ url: `https://127.0.0.1:${toolsPort}/mcp${domain}`, tls: { cert, key, ca } }));

for (const [name, url] of doors)
  test(`${name}: of the whole suite nothing fails but what needs tools and resources of the suite’s own`, async () => {
    const { code, said } = await conformSuite(url, name === '/mcp' ? failsAtEndpoint : failsAtTools);
    assert.equal(code, 0, said);
    // By itself, without which the suite takes a warning for a failure.
    const streams = await conform(url, 'server-sse-multiple-streams');
    assert.equal(streams.code, 0, streams.said);
  });
