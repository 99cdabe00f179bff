import { FactotumError, type JsonObject, jsonObjectSchema } from '#kernel';
import { recordAudit } from '#trust/audit';
import { createLearner, type Describable, type Learner, ruleFor, ruleText } from './category.ts';
import { type Rule, type RulesBody, rulesBodySchema, type TransactionBody, transactionBodySchema } from './schema.ts';
import { findRules, listExamples, saveRulesRow, type Unit } from './store.ts';

/** 1,000.00 in most currencies: above it a person confirms what examples suggest. */
const learnUpToMinorDefault = 100_000;
/** The newest that a person has corrected. */
const examplesMax = 2_000;

export interface Rules extends RulesBody {
  /** 0 when none were ever saved. */
  readonly version: number;
}

export async function readRules(unit: Unit): Promise<Rules> {
  const row = await findRules(unit);
  if (row === undefined) return { version: 0, rules: [], learnUpToMinor: learnUpToMinorDefault };
  return { version: row.version, ...unit.keys.openJson(refOf(unit), row.body, rulesBodySchema) };
}

/**
 * Puts other rules in the place of all. They count for what comes in from now on.
 *
 * @param version - that they were changed from
 * @throws FactotumError `request.invalid` when somebody else has saved meanwhile.
 */
export async function saveRules(
  unit: Unit,
  { version, ...body }: { readonly version: number; readonly rules: readonly Rule[]; readonly learnUpToMinor: number },
  by: { readonly actor: string; readonly at: Date },
): Promise<Rules> {
  // Members that were left out are undefined in the type, and not there in JSON.
  const json: JsonObject = jsonObjectSchema.parse(JSON.parse(JSON.stringify(body)));
  const row = { version: version + 1, body: unit.keys.sealJson(refOf(unit), json), author: by.actor, at: by.at };
  if (!(await saveRulesRow(unit, row))) throw new FactotumError('request.invalid', 'Somebody else has changed the rules. Read them again.');
  await recordAudit(unit.tx, unit.keys.tenantId, [
    { kind: 'ledger.changed', actor: by.actor, at: by.at, objectId: unit.keys.tenantId, detail: { change: 'rules' } },
  ]);
  return readRules(unit);
}

const refOf = ({ keys }: Unit) => ({ kind: 'ledger.rules', id: keys.tenantId });

/** What categories a transaction gets without a person, and whether it becomes an event of its own. */
export interface Categoriser {
  categorise(transaction: Describable): Pick<TransactionBody, 'category' | 'categoryWhy' | 'proposal'> & {
    readonly by: 'rule' | 'learned' | null;
    readonly isEvent: boolean;
  };
}

/** With the tenant's rules and examples as they are now. */
export async function openCategoriser(unit: Unit): Promise<Categoriser> {
  const { rules, learnUpToMinor } = await readRules(unit);
  const learner = await openLearner(unit);
  const nothing = { category: null, categoryWhy: null, proposal: null, by: null, isEvent: false };
  return {
    categorise(transaction) {
      const found = ruleFor(rules, transaction);
      if (found !== null)
        return {
          ...nothing,
          category: found.rule.category,
          categoryWhy: ruleText(found.rule, found.at),
          by: 'rule',
          isEvent: found.rule.event === true,
        };
      const guess = learner.guess(transaction);
      if (guess === null) return nothing;
      if (Math.abs(transaction.amountMinor) > learnUpToMinor) return { ...nothing, proposal: { category: guess.category, why: guess.why } };
      return { ...nothing, category: guess.category, categoryWhy: guess.why, by: 'learned' };
    },
  };
}

async function openLearner(unit: Unit): Promise<Learner> {
  const rows = await listExamples(unit, examplesMax);
  return createLearner(
    rows.flatMap(({ transactionId, body }) => {
      const opened = unit.keys.openJson({ kind: 'ledger.transaction', id: transactionId }, body, transactionBodySchema);
      return opened.category === null ? [] : [{ ...opened, category: opened.category, transactionId }];
    }),
  );
}
