import { useId, useState } from 'react';
import { text } from '#text/work.ts';
import type { Approval, Decision, Field, Json, JsonObject } from '../../api/types.ts';
import { Button } from '../../ui/button.tsx';
import { Dialog, DialogBody } from '../../ui/dialog.tsx';
import { CheckField, TextArea, TextField } from '../../ui/field.tsx';
import { readInput, writeInput } from './edit-value.ts';

interface EditDialogProps {
  approval: Approval;
  isBusy: boolean;
  onDecide: (decision: Decision) => void;
  onClose: () => void;
}

/** All arguments as a form; saving sends the full new set, which is a new decision with a new fingerprint. */
export function EditDialog({ approval, isBusy, onDecide, onClose }: EditDialogProps) {
  const formId = useId();
  const [inputs, setInputs] = useState(() =>
    Object.entries(approval.args).map(([name, value]) => ({ name, value, input: writeInput(value) })),
  );
  const read = inputs.map((field) => ({ ...field, edited: readInput(field.input, field.value) }));
  const send = () => {
    if (read.some((field) => field.edited === undefined)) return;
    const edits: JsonObject = Object.fromEntries(read.map((field) => [field.name, field.edited ?? null]));
    onDecide({ decision: 'edit', payloadHash: approval.payloadHash, edits });
  };
  return (
    <Dialog
      isOpen
      onClose={onClose}
      title={text.approval.editTitle}
      wide
      footer={
        <>
          <Button onClick={onClose}>{text.common.cancel}</Button>
          <Button look="primary" type="submit" form={formId} disabled={isBusy}>
            {text.approval.editNow}
          </Button>
        </>
      }
    >
      <DialogBody>
        <p className="mb-4 text-muted">{text.approval.editHelp}</p>
        <form
          id={formId}
          onSubmit={(event) => {
            event.preventDefault();
            send();
          }}
        >
          {read.map(({ name, value, input, edited }, i) => (
            <ValueInput
              key={name}
              name={name}
              field={approval.fields.find((field) => field.name === name)}
              value={value}
              input={input}
              isInvalid={edited === undefined}
              onChange={(changed) => setInputs(inputs.map((other, at) => (at === i ? { ...other, input: changed } : other)))}
            />
          ))}
        </form>
      </DialogBody>
    </Dialog>
  );
}

interface ValueInputProps {
  name: string;
  field: Field | undefined;
  value: Json;
  input: string;
  isInvalid: boolean;
  onChange: (input: string) => void;
}

function ValueInput({ name, field, value, input, isInvalid, onChange }: ValueInputProps) {
  const label = field?.title ?? name;
  const help = field && field.display !== input ? field.display.slice(0, 200) : undefined;
  const error = isInvalid ? text.approval.editInvalid : null;
  if (typeof value === 'boolean') {
    return <CheckField label={label} checked={input === 'true'} onChange={(event) => onChange(String(event.target.checked))} />;
  }
  const isLong = typeof value === 'string' ? value.length > 80 || value.includes('\n') : typeof value === 'object' && value !== null;
  if (isLong) {
    const rows = Math.min(12, Math.max(2, input.split('\n').length + 1));
    return <TextArea label={label} error={error} rows={rows} value={input} onChange={(event) => onChange(event.target.value)} />;
  }
  const mode = typeof value === 'number' ? 'decimal' : 'text';
  return (
    <TextField label={label} help={help} error={error} inputMode={mode} value={input} onChange={(event) => onChange(event.target.value)} />
  );
}
