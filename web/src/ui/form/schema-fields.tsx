import { connectionsText } from '#text/connections.ts';
import type { ObjectSchema, SchemaField } from '../../api/connections.ts';
import { CheckField, TextArea, TextField } from '../field.tsx';
import { SelectField } from './select-field.tsx';

interface SchemaFieldsProps {
  schema: ObjectSchema;
  value: Readonly<Record<string, unknown>>;
  onChange: (value: Record<string, unknown>) => void;
  /** Which of its fields, in this order; all when left out. */
  names?: readonly string[];
}

/** A form drawn from a JSON schema: texts, numbers, choices, ticks, lists of texts; anything else as JSON. */
export function SchemaFields({ schema, value, onChange, names = Object.keys(schema.properties ?? {}) }: SchemaFieldsProps) {
  const set = (name: string, next: unknown) => {
    const { [name]: _, ...others } = value;
    onChange(next === undefined ? others : { ...others, [name]: next });
  };
  return names.map((name) => {
    const field = schema.properties?.[name];
    return (
      field && (
        <Field
          key={name}
          name={name}
          field={plainOf(field)}
          isRequired={schema.required?.includes(name) === true && plainOf(field).default === undefined}
          value={value[name]}
          onChange={(next) => set(name, next)}
        />
      )
    );
  });
}

interface FieldProps {
  name: string;
  field: SchemaField;
  isRequired: boolean;
  value: unknown;
  onChange: (value: unknown) => void;
}

function Field({ name, field, isRequired, value, onChange }: FieldProps) {
  const shared = { label: field.title ?? wordsOf(name), help: field.description };
  const shown = value ?? field.default;
  if (field.enum)
    return (
      <SelectField
        {...shared}
        required={isRequired}
        value={String(shown ?? '')}
        onChange={(event) => onChange(field.enum?.find((choice) => String(choice) === event.target.value))}
        choices={[
          ...(shown === undefined ? [{ value: '', label: '' }] : []),
          ...field.enum.map((choice) => ({ value: String(choice), label: String(choice) })),
        ]}
      />
    );
  if (field.type === 'boolean')
    return <CheckField {...shared} checked={shown === true} onChange={(event) => onChange(event.target.checked)} />;
  if (field.type === 'integer' || field.type === 'number')
    return (
      <TextField
        {...shared}
        type="number"
        required={isRequired}
        step={field.type === 'integer' ? 1 : 'any'}
        min={field.minimum}
        max={Math.min(field.maximum ?? Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER)}
        value={typeof shown === 'number' ? shown : ''}
        onChange={(event) => onChange(event.target.value === '' ? undefined : event.target.valueAsNumber)}
      />
    );
  if (field.type === 'array' && field.items?.type === 'string')
    return (
      <TextArea
        {...shared}
        help={field.description ?? connectionsText.connections.list}
        spellCheck={false}
        defaultValue={Array.isArray(shown) ? shown.join('\n') : ''}
        onChange={(event) => onChange(linesOf(event.target.value))}
      />
    );
  if (field.type === 'string' || field.type === undefined)
    return (
      <TextField
        {...shared}
        required={isRequired}
        minLength={field.minLength}
        maxLength={field.maxLength}
        type={field.format === 'email' ? 'email' : 'text'}
        spellCheck={false}
        value={typeof shown === 'string' ? shown : ''}
        onChange={(event) => onChange(event.target.value === '' ? undefined : event.target.value)}
      />
    );
  return <JsonField shared={shared} value={shown} onChange={onChange} />;
}

function JsonField({
  shared,
  value,
  onChange,
}: {
  shared: { label: string; help: string | undefined };
  value: unknown;
  onChange: (value: unknown) => void;
}) {
  return (
    <TextArea
      {...shared}
      spellCheck={false}
      className="font-mono"
      defaultValue={value === undefined ? '' : JSON.stringify(value, null, 2)}
      onChange={(event) => {
        const text = event.target.value.trim();
        try {
          onChange(text === '' ? undefined : JSON.parse(text));
          event.target.setCustomValidity('');
        } catch {
          event.target.setCustomValidity(connectionsText.connections.notJson);
        }
      }}
    />
  );
}

const linesOf = (text: string): string[] =>
  text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');

/** What may be null is drawn as what it is when it is not. */
function plainOf(field: SchemaField): SchemaField {
  const inner = field.anyOf?.find(({ type }) => type !== 'null');
  const type = Array.isArray(field.type) ? field.type.find((one) => one !== 'null') : field.type;
  return inner ? { ...field, ...inner } : { ...field, ...(type !== undefined && { type }) };
}

/** `pastDays` as people read it: past days. */
const wordsOf = (name: string): string => {
  const words = name.replaceAll(/([a-z0-9])([A-Z])/g, '$1 $2').toLowerCase();
  return words.charAt(0).toUpperCase() + words.slice(1);
};
