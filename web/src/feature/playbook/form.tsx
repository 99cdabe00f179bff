import { playbooksText } from '#text/playbooks.ts';
import type { JsonObject } from '../../api/types.ts';
import { CheckField, TextField } from '../../ui/field.tsx';
import { Block } from '../../ui/form/block.tsx';
import { Columns } from '../../ui/form/columns.tsx';
import { NewButton } from '../../ui/form/new-button.tsx';
import { SelectField } from '../../ui/form/select-field.tsx';
import { type Condition, readFields, withConditions, withMember, withWhen } from './fields.ts';
import { Removable } from './removable.tsx';
import { Steps } from './steps.tsx';
import { Values } from './values.tsx';

const words = playbooksText.form;
const hows = (['equals', 'regex'] as const).map((value) => ({ value, label: words.hows[value] }));

interface FormProps {
  fields: JsonObject;
  isReadOnly: boolean;
  onChange: (fields: JsonObject) => void;
}

/** The front matter of a playbook as fields. */
export function Form({ fields, isReadOnly, onChange }: FormProps) {
  const { title, summary, priority, enabled, source, kind, conditions, values, steps } = readFields(fields);
  return (
    <fieldset disabled={isReadOnly}>
      <Block title={words.when}>
        <Columns>
          <TextField
            label={words.source}
            help={words.sourceHelp}
            spellCheck={false}
            value={source}
            onChange={({ target }) => onChange(withWhen(fields, 'source', target.value))}
          />
          <TextField
            label={words.kind}
            help={words.kindHelp}
            spellCheck={false}
            value={kind}
            onChange={({ target }) => onChange(withWhen(fields, 'kind', target.value))}
          />
        </Columns>
        <Conditions conditions={conditions} onChange={(next) => onChange(withConditions(fields, next))} />
      </Block>
      <Values values={values} onChange={(next) => onChange(withMember(fields, 'extract', next))} />
      <Steps steps={steps} onChange={(next) => onChange(withMember(fields, 'steps', next))} />
      <Block title={words.general}>
        <TextField
          label={words.title}
          help={words.titleHelp}
          maxLength={120}
          value={title}
          onChange={({ target }) => onChange(withMember(fields, 'title', target.value))}
        />
        <TextField
          label={words.summary}
          help={words.summaryHelp}
          maxLength={300}
          value={summary}
          onChange={({ target }) => onChange(withMember(fields, 'summary', target.value))}
        />
        <TextField
          label={words.priority}
          help={words.priorityHelp}
          type="number"
          min={-1000}
          max={1000}
          className="sm:max-w-40"
          value={priority}
          onChange={({ target }) => onChange(withMember(fields, 'priority', target.value === '' ? undefined : Number(target.value)))}
        />
        <CheckField
          label={words.enabled}
          checked={enabled}
          onChange={({ target }) => onChange(withMember(fields, 'enabled', target.checked ? undefined : false))}
        />
      </Block>
    </fieldset>
  );
}

function Conditions({ conditions, onChange }: { conditions: readonly Condition[]; onChange: (next: Condition[]) => void }) {
  const change = (at: number, part: Partial<Condition>) => onChange(conditions.map((one, n) => (n === at ? { ...one, ...part } : one)));
  return (
    <>
      {conditions.map((condition, at) => (
        <Removable
          // biome-ignore lint/suspicious/noArrayIndexKey: a condition has no other name than its place while its field is typed
          key={at}
          label={words.removeCondition(condition.field)}
          onRemove={() => onChange(conditions.filter((_, n) => n !== at))}
        >
          <div className="grid gap-3 *:mb-0 sm:grid-cols-[1fr_10rem_1.5fr]">
            <TextField
              label={words.field}
              spellCheck={false}
              value={condition.field}
              onChange={({ target }) => change(at, { field: target.value })}
            />
            <SelectField
              label={words.how}
              choices={hows}
              value={condition.how}
              onChange={({ target }) => change(at, { how: target.value === 'regex' ? 'regex' : 'equals' })}
            />
            <TextField
              label={words.value}
              spellCheck={false}
              className={condition.how === 'regex' ? 'font-mono' : ''}
              value={condition.value}
              onChange={({ target }) => change(at, { value: target.value })}
            />
          </div>
        </Removable>
      ))}
      <NewButton
        small
        label={words.addCondition}
        onClick={() => onChange([...conditions, { field: freeField(conditions), how: 'regex', value: '' }])}
      />
    </>
  );
}

/** Two conditions on one field would be one in the note. */
const freeField = (conditions: readonly Condition[]): string =>
  ['subject', 'sender', 'text', 'from.name'].find((name) => !conditions.some(({ field }) => field === name)) ??
  `field${conditions.length + 1}`;
