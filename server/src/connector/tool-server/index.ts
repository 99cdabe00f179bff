/** The door to MCP servers of others: programs and addresses whose tools tenants plug in. */
export { type Program, readPrograms } from './confinement.ts';
export { createToolServers, type ToolServers } from './reach.ts';
