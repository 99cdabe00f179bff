import { playbooksText } from '#text/playbooks.ts';
import type { JsonObject } from '../../api/types.ts';
import { CheckField, TextField } from '../../ui/field.tsx';
import { Block } from '../../ui/form/block.tsx';
import { NewButton } from '../../ui/form/new-button.tsx';
import { SelectField } from '../../ui/form/select-field.tsx';
import { withMember } from './fields.ts';
import { Removable } from './removable.tsx';

const words = playbooksText.form;
const types = Object.entries(words.types).map(([value, label]) => ({ value, label }));

interface NamedValue {
  name: string;
  body: JsonObject;
}

/** The values that are taken out of an event. */
export function Values({ values, onChange }: { values: readonly NamedValue[]; onChange: (next: JsonObject | undefined) => void }) {
  const write = (next: readonly NamedValue[]) =>
    onChange(next.length === 0 ? undefined : Object.fromEntries(next.map(({ name, body }) => [name, body])));
  const change = (at: number, part: Partial<NamedValue>) => write(values.map((one, n) => (n === at ? { ...one, ...part } : one)));
  return (
    <Block title={words.extract} note={words.extractNote}>
      {values.map(({ name, body }, at) => (
        <Removable
          // biome-ignore lint/suspicious/noArrayIndexKey: a value has no other name than its place while its name is typed
          key={at}
          label={words.removeValue(name)}
          onRemove={() => write(values.filter((_, n) => n !== at))}
        >
          <div className="mb-3 grid gap-3 *:mb-0 sm:grid-cols-2">
            <TextField
              label={words.valueName}
              spellCheck={false}
              value={name}
              onChange={({ target }) => change(at, { name: target.value })}
            />
            <SelectField
              label={words.type}
              choices={types}
              value={textOf(body.type)}
              onChange={({ target }) => change(at, { body: withMember(body, 'type', target.value) })}
            />
            <TextField
              label={words.from}
              spellCheck={false}
              value={textOf(body.from)}
              onChange={({ target }) => change(at, { body: withMember(body, 'from', target.value) })}
            />
            <TextField
              label={words.pattern}
              help={words.patternHelp}
              spellCheck={false}
              className="font-mono"
              value={textOf(body.pattern)}
              onChange={({ target }) => change(at, { body: withMember(body, 'pattern', target.value) })}
            />
          </div>
          <CheckField
            label={words.optional}
            checked={body.optional === true}
            onChange={({ target }) => change(at, { body: withMember(body, 'optional', target.checked ? true : undefined) })}
          />
        </Removable>
      ))}
      <NewButton
        small
        label={words.addValue}
        onClick={() => write([...values, { name: `value${values.length + 1}`, body: { type: 'text', from: 'text' } }])}
      />
    </Block>
  );
}

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');
