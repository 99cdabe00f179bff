import { useState } from 'react';
import { toolsText } from '#text/tools.ts';
import { post } from '../../api/client.ts';
import { type PluggedTool, type ToolManifest, toolEffects, toolRisks } from '../../api/tools.ts';
import { Disclosure } from '../../ui/disclosure.tsx';
import { CheckField, TextArea, TextField } from '../../ui/field.tsx';
import { Columns } from '../../ui/form/columns.tsx';
import { FormDialog } from '../../ui/form/form-dialog.tsx';
import { SelectField } from '../../ui/form/select-field.tsx';
import { useAct } from '../../ui/form/use-act.ts';
import { argumentsNow } from './tool-arguments.ts';
import { ToolClaims } from './tool-claims.tsx';

const words = toolsText;

/** Says what a tool does: beside it stands what its server claims and what has changed. It begins with the worst. */
export function ToolDialog({ path, tool, onClose }: { path: string; tool: PluggedTool; onClose: () => void }) {
  const [draft, setDraft] = useState<ToolManifest>({ ...tool.manifest, args: argumentsNow(tool) });
  const set = (part: Partial<ToolManifest>) => setDraft({ ...draft, ...part });
  const confirm = useAct(() => post(`${path}/tools/${encodeURIComponent(tool.tool)}/confirmation`, { pin: tool.pin, manifest: draft }), {
    refresh: ['server-tools'],
    said: words.confirmed,
    onDone: onClose,
  });
  return (
    <FormDialog title={words.confirmTitle(tool.name)} action={words.confirm} wide onClose={onClose} onSubmit={() => confirm.mutateAsync()}>
      <ToolClaims tool={tool} />
      <h3 className="mb-2 font-semibold">{words.yours}</h3>
      <TextField
        label={words.manifestTitle}
        required
        maxLength={100}
        value={draft.title}
        onChange={(event) => set({ title: event.target.value })}
      />
      <TextArea
        label={words.consequence}
        help={words.consequenceHelp}
        required
        maxLength={500}
        value={draft.consequence}
        onChange={(event) => set({ consequence: event.target.value })}
      />
      <Columns>
        <SelectField
          label={words.effect}
          value={draft.effect}
          choices={toolEffects.map((value) => ({ value, label: words.effects[value] }))}
          onChange={({ target }) => set({ effect: toolEffects.find((effect) => effect === target.value) ?? draft.effect })}
        />
        <SelectField
          label={words.risk}
          value={draft.risk}
          choices={toolRisks.map((value) => ({ value, label: words.risks[value] }))}
          onChange={({ target }) => set({ risk: toolRisks.find((risk) => risk === target.value) ?? draft.risk })}
        />
      </Columns>
      <CheckField
        label={words.visibleOutside}
        checked={draft.visibleOutside}
        onChange={(event) => set({ visibleOutside: event.target.checked })}
      />
      <CheckField
        label={words.readsPrivate}
        checked={draft.readsPrivate}
        onChange={(event) => set({ readsPrivate: event.target.checked })}
      />
      <ArgumentRoles value={draft.args} onChange={(args) => set({ args })} />
      <Disclosure summary={words.limits}>
        <div className="pt-3">
          <Columns>
            <TextField
              label={words.timeout}
              type="number"
              required
              min={1}
              max={120}
              value={draft.timeoutMs / 1_000}
              onChange={(event) => set({ timeoutMs: Math.round(event.target.valueAsNumber * 1_000) || 1_000 })}
            />
            <TextField
              label={words.callsPerMinute}
              type="number"
              required
              min={1}
              max={600}
              value={draft.callsPerMinute}
              onChange={(event) => set({ callsPerMinute: event.target.valueAsNumber || 1 })}
            />
          </Columns>
        </div>
      </Disclosure>
    </FormDialog>
  );
}

function ArgumentRoles({ value, onChange }: { value: ToolManifest['args']; onChange: (args: ToolManifest['args']) => void }) {
  const args = Object.entries(value);
  if (args.length === 0) return null;
  return (
    <fieldset className="mb-4">
      <legend className="font-medium">{words.args}</legend>
      <p className="mb-2 text-muted text-note">{words.argsHelp}</p>
      <Columns>
        {args.map(([name, arg]) => (
          <SelectField
            key={name}
            label={<span className="wrap-anywhere font-mono">{name}</span>}
            value={arg.role}
            choices={(['steering', 'content', 'secret'] as const)
              .filter((role) => role !== 'secret' || arg.role === 'secret')
              .map((role) => ({ value: role, label: words.roles[role] }))}
            onChange={({ target }) =>
              onChange({
                ...value,
                [name]: { ...arg, role: target.value === 'content' || target.value === 'secret' ? target.value : 'steering' },
              })
            }
          />
        ))}
      </Columns>
    </fieldset>
  );
}
