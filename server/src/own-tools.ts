import { bankTools } from '#connector/bank';
import { type BriefingDeps, briefingTools, type ReadMoney } from '#connector/briefing';
import { calendarTools } from '#connector/calendar';
import { createInvitationPost, mailTools } from '#connector/mail';
import { textClassify } from '#connector/text';
import { vaultTools } from '#connector/vault';
import { createKeeper, createOutbox, type Keeper } from '#flow/action';
import type { Agenda, Writes } from '#flow/agenda';
import type { Connections } from '#flow/connection';
import { createCatalogue, type Tool } from '#flow/tool';
import type { Clock, Config, Logger } from '#kernel';
import type { Database } from '#kernel/database';
import type { Postman } from '#kernel/mail';
import type { Certificates } from '#trust/certificate';
import type { KeysOf } from '#trust/key';
import type { Files } from '#trust/vault';
import { createHost } from './tools.ts';

/** What the employee can do. */
export interface ToolDeps {
  readonly database: Database;
  readonly keysOf: KeysOf;
  readonly keeper: Keeper;
  readonly connections: Connections;
  readonly agenda: Agenda;
  readonly agendaWrites: Writes;
  readonly files: Files;
  readonly postman: Postman;
  readonly ownersOf: BriefingDeps['ownersOf'];
  readonly readMoney: ReadMoney;
}

const ownTools = (deps: ToolDeps): Tool[] => [
  ...vaultTools(deps),
  ...briefingTools(deps),
  ...mailTools(deps),
  ...calendarTools({ ...deps, writes: deps.agendaWrites, post: createInvitationPost(deps) }),
  ...bankTools(deps),
  textClassify,
];

/** The tools of this installation, ours or those chosen instead, with what knows them and what runs them. */
export async function createTools(
  { config, log, tools: chosen = ownTools }: { config: Config; log: Logger; tools?: (deps: ToolDeps) => Tool[] },
  { certificates, clock, ...deps }: Omit<ToolDeps, 'keeper'> & { certificates: Certificates; clock: Clock },
) {
  const { database, keysOf } = deps;
  const tools = chosen({ ...deps, keeper: createKeeper({ database, keysOf, outbox: createOutbox(config.outboxFolder) }) });
  return { tools, catalogue: createCatalogue(tools), host: await createHost({ config, tools, certificates, keysOf, clock, log }) };
}
