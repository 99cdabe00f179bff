/** The door to tools of others: MCP servers that a tenant has plugged in, and what its administrators say of their tools. */
export type { Difference } from './difference.ts';
export { pinOf, slugOf } from './entry.ts';
export { keepLogin, keepPending, noteSignIn, type PendingSignIn, readLogin, type ToolLogin, takePending } from './login.ts';
export { readPluggedTools } from './plugged.ts';
export type { Look, ToolProgram, ToolServerReach } from './port.ts';
export {
  type Endpoint,
  endpointSchema,
  type OfferedTool,
  offeredToolSchema,
  type SignIn,
  type StatedManifest,
  secretsOf,
  slugSchema,
  statedManifestSchema,
  titleSchema,
} from './schema.ts';
export {
  changeServer,
  createServer,
  listServers,
  noteLastWords,
  noteLook,
  readServer,
  readServerOfSlug,
  removeServer,
  type ToolServer,
} from './servers.ts';
export { confirmTool, listTools, type PluggedTool, readConfirmed, recordOffer, withdrawTool } from './tools.ts';
