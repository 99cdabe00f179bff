import { useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { playbooksText } from '#text/playbooks.ts';
import { TextField } from '../../ui/field.tsx';
import { FormDialog } from '../../ui/form/form-dialog.tsx';
import { SelectField } from '../../ui/form/select-field.tsx';
import { useSignedIn } from '../session/session.ts';
import { doneQuery } from './queries.ts';
import { templateNames } from './template-names.ts';

const words = playbooksText;
const templates = templateNames.map((value) => ({ value: value as string, label: words.templates[value] }));

interface NewDialogProps {
  onClose: () => void;
  /** The task that it is made from; without one, people choose what it begins with. */
  from?: { id: string; title: string };
}

/** Names a new playbook and says what it begins with; it is saved in the editor. */
export function NewDialog({ onClose, from }: NewDialogProps) {
  const navigate = useNavigate();
  const mayLook = useSignedIn().permissions.includes('task:read');
  const [name, setName] = useState(from ? nameFrom(from.title) : '');
  const [start, setStart] = useState(from ? 'task' : 'answer');
  const [task, setTask] = useState(from?.id ?? '');
  const done = useQuery({ ...doneQuery, enabled: start === 'task' && from === undefined });
  const tasks = done.data ?? [];
  const isFromTask = start === 'task';
  const taskId = task || (tasks[0]?.id ?? '');
  return (
    <FormDialog
      title={words.newTitle}
      action={words.begin}
      isDisabled={isFromTask && taskId === ''}
      onClose={onClose}
      onSubmit={async () => {
        const template = templateNames.find((one) => one === start);
        const search = { path: `Playbooks/${name.trim()}.md`, ...(template ? { template } : { task: taskId }) };
        await navigate({ to: '/playbooks/edit', search });
      }}
    >
      <TextField
        label={words.name}
        help={words.nameHelp}
        required
        autoFocus
        maxLength={100}
        pattern="[^\\/:*?<>|&quot;.][^\\/:*?<>|&quot;]*"
        value={name}
        onChange={(event) => setName(event.target.value)}
      />
      {from === undefined && (
        <SelectField
          label={words.template}
          choices={mayLook ? [...templates, { value: 'task', label: words.templateTask }] : templates}
          value={start}
          onChange={(event) => setStart(event.target.value)}
        />
      )}
      {isFromTask && tasks.length > 0 && (
        <SelectField
          label={words.task}
          choices={tasks.map(({ id, title }) => ({ value: id, label: title.slice(0, 100) }))}
          value={taskId}
          onChange={(event) => setTask(event.target.value)}
        />
      )}
      {isFromTask && done.data && tasks.length === 0 && <p className="text-muted">{words.noTask}</p>}
    </FormDialog>
  );
}

/** A name for a note out of what somebody outside may have written: letters, digits and few signs. */
const nameFrom = (title: string): string =>
  title
    .replaceAll(/[^\p{L}\p{N} _-]+/gu, ' ')
    .replaceAll(/ +/g, ' ')
    .trim()
    .slice(0, 60)
    .trim();
