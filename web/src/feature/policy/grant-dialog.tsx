import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { policiesText } from '#text/policies.ts';
import { post } from '../../api/client.ts';
import type { GrantableTool } from '../../api/policies.ts';
import { ErrorBox, Skeleton } from '../../ui/feedback.tsx';
import { TextField } from '../../ui/field.tsx';
import { Columns } from '../../ui/form/columns.tsx';
import { FormDialog } from '../../ui/form/form-dialog.tsx';
import { SelectField } from '../../ui/form/select-field.tsx';
import { useAct } from '../../ui/form/use-act.ts';
import { grantableQuery } from './queries.ts';

const words = policiesText.grants;
const sourceKinds = ['source', 'playbook'] as const;
type SourceKind = (typeof sourceKinds)[number];

/** Lets a tool take values from named places without asking, so many times a day. */
export function GrantDialog({ onClose }: { onClose: () => void }) {
  const tools = useQuery(grantableQuery);
  const items = tools.data?.items.filter(({ args }) => args.length > 0) ?? [];
  const [draft, setDraft] = useState({ tool: '', kind: 'source' as SourceKind, from: 'mail', perDay: '20', until: '' });
  const [bound, setBound] = useState<Record<string, string>>({});
  const set = (part: Partial<typeof draft>) => setDraft({ ...draft, ...part });
  const tool: GrantableTool | undefined = items.find((one) => one.tool === draft.tool) ?? items[0];
  const args = Object.fromEntries(
    (tool?.args ?? []).flatMap(({ name }) => {
      const from = bound[name]?.trim() ?? '';
      return from === '' ? [] : [[name, from] as const];
    }),
  );
  const give = useAct(
    () =>
      post('/grants', {
        ...{ tool: tool?.tool, args, perDay: Number(draft.perDay) },
        source: { [draft.kind]: draft.from.trim() },
        // Until the end of that day, as the clocks here have it.
        expiresAt: draft.until === '' ? null : new Date(`${draft.until}T23:59:59`).toISOString(),
      }),
    { refresh: ['grants'], said: words.given, onDone: onClose },
  );
  return (
    <FormDialog
      title={words.newTitle}
      action={words.give}
      isDisabled={Object.keys(args).length === 0}
      onClose={onClose}
      onSubmit={() => give.mutateAsync()}
    >
      {tools.error && <ErrorBox error={tools.error} onRetry={tools.refetch} />}
      {tools.isPending && <Skeleton rows={3} />}
      {tools.data && tool === undefined && <p className="text-muted">{words.noTools}</p>}
      {tool && (
        <>
          <SelectField
            label={words.tool}
            value={tool.tool}
            choices={items.map(({ tool: value, title }) => ({ value, label: `${title} (${value})` }))}
            onChange={(event) => {
              set({ tool: event.target.value });
              setBound({});
            }}
          />
          {tool.args.map(({ name, title }, at) => (
            <TextField
              key={name}
              label={words.bind(title)}
              help={at === 0 ? words.bindHelp : undefined}
              placeholder="$event.date"
              pattern="\$(event|extract|task)(\.[A-Za-z0-9_\-]+)+"
              maxLength={200}
              spellCheck={false}
              className="font-mono"
              value={bound[name] ?? ''}
              onChange={(event) => setBound({ ...bound, [name]: event.target.value })}
            />
          ))}
          <Columns>
            <SelectField
              label={words.from}
              value={draft.kind}
              choices={sourceKinds.map((kind) => ({ value: kind, label: words.sources[kind] }))}
              // The choices are the kinds, and no other value can be chosen.
              onChange={(event) => set({ kind: event.target.value as SourceKind, from: '' })}
            />
            <TextField
              label={words[draft.kind]}
              help={draft.kind === 'source' ? words.sourceHelp : words.playbookHelp}
              required
              maxLength={200}
              spellCheck={false}
              value={draft.from}
              onChange={(event) => set({ from: event.target.value })}
            />
          </Columns>
          <Columns>
            <TextField
              label={words.perDay}
              type="number"
              min={1}
              max={1000}
              required
              value={draft.perDay}
              onChange={(event) => set({ perDay: event.target.value })}
            />
            <TextField
              label={words.until}
              help={words.untilHelp}
              type="date"
              value={draft.until}
              onChange={(event) => set({ until: event.target.value })}
            />
          </Columns>
        </>
      )}
    </FormDialog>
  );
}
