import { useQuery } from '@tanstack/react-query';
import { playbooksText } from '#text/playbooks.ts';
import type { StepTool } from '../../api/playbooks.ts';
import type { Json, JsonObject } from '../../api/types.ts';
import { TextArea, TextField } from '../../ui/field.tsx';
import { Block } from '../../ui/form/block.tsx';
import { NewButton } from '../../ui/form/new-button.tsx';
import { SelectField } from '../../ui/form/select-field.tsx';
import { argumentOf, argumentText, withMember } from './fields.ts';
import { toolsQuery } from './queries.ts';
import { Removable } from './removable.tsx';

const words = playbooksText.form;

/** What is done, step by step. */
export function Steps({ steps, onChange }: { steps: readonly JsonObject[]; onChange: (next: JsonObject[]) => void }) {
  const tools = useQuery(toolsQuery).data?.items ?? [];
  return (
    <Block title={words.steps} note={words.stepsNote}>
      {steps.map((step, at) => (
        <Removable
          // biome-ignore lint/suspicious/noArrayIndexKey: a step has no other name than its place while its name is typed
          key={at}
          label={words.removeStep(textOf(step.id))}
          onRemove={() => onChange(steps.filter((_, n) => n !== at))}
        >
          <Step step={step} tools={tools} onChange={(next) => onChange(steps.map((one, n) => (n === at ? next : one)))} />
        </Removable>
      ))}
      <NewButton
        small
        label={words.addStep}
        onClick={() => onChange([...steps, { id: freeId(steps), tool: tools[0]?.name ?? '', args: {} }])}
      />
    </Block>
  );
}

function Step({ step, tools, onChange }: { step: JsonObject; tools: readonly StepTool[]; onChange: (next: JsonObject) => void }) {
  const tool = tools.find(({ name }) => name === step.tool);
  const args = objectOf(step.args);
  const shown = [
    ...(tool?.args ?? []),
    ...Object.keys(args)
      .filter((name) => !tool?.args.some((known) => known.name === name))
      .map((name) => ({ name, title: name, required: false })),
  ];
  const setArg = (name: string, text: string) =>
    onChange(withMember(step, 'args', withMember(args, name, text === '' ? undefined : argumentOf(text))));
  return (
    <>
      <div className="mb-4 grid gap-3 *:mb-0 sm:grid-cols-[10rem_1fr]">
        <TextField
          label={words.stepId}
          spellCheck={false}
          value={textOf(step.id)}
          onChange={({ target }) => onChange({ ...step, id: target.value })}
        />
        <SelectField
          label={words.tool}
          help={tool?.consequence}
          choices={choicesOf(tools, textOf(step.tool))}
          value={textOf(step.tool)}
          onChange={({ target }) => onChange({ ...step, tool: target.value })}
        />
      </div>
      {shown.map(({ name, title, required }) => {
        const props = { label: words.argument(title, required), spellCheck: false, value: argumentText(args[name]) };
        return props.value.includes('\n') || name === 'text' || name === 'content' ? (
          <TextArea key={name} {...props} onChange={({ target }) => setArg(name, target.value)} />
        ) : (
          <TextField key={name} {...props} onChange={({ target }) => setArg(name, target.value)} />
        );
      })}
      <TextField
        label={words.why}
        help={words.whyHelp}
        maxLength={500}
        value={textOf(step.why)}
        onChange={({ target }) => onChange(withMember(step, 'why', target.value))}
      />
    </>
  );
}

/** A tool that is not there any more can still be seen. */
function choicesOf(tools: readonly StepTool[], chosen: string) {
  const known = tools.map(({ name, title }) => ({ value: name, label: `${title} (${name})` }));
  if (tools.some(({ name }) => name === chosen)) return known;
  return [{ value: chosen, label: chosen === '' ? words.chooseTool : words.noTool(chosen) }, ...known];
}

const freeId = (steps: readonly JsonObject[]): string => {
  for (let n = steps.length + 1; ; n += 1) if (!steps.some(({ id }) => id === `step${n}`)) return `step${n}`;
};
const textOf = (value: Json | undefined): string => (typeof value === 'string' ? value : '');
const objectOf = (value: Json | undefined): JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? value : {};
