/** The door to tools of others: MCP servers that a tenant has plugged in, and what its administrators say of their tools. */
export { readPluggedTools } from './plugged.ts';
