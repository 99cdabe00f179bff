import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { playbooksText } from '#text/playbooks.ts';
import { TextField } from '../../ui/field.tsx';
import { FormDialog } from '../../ui/form/form-dialog.tsx';
import { SelectField } from '../../ui/form/select-field.tsx';
import { type TemplateName, templateNames } from './template-names.ts';

const words = playbooksText;
const choices = templateNames.map((value) => ({ value, label: words.templates[value] }));

/** Names a new playbook and says what it begins with; it is saved in the editor. */
export function NewDialog({ onClose }: { onClose: () => void }) {
  const navigate = useNavigate();
  const [name, setName] = useState('');
  const [template, setTemplate] = useState<TemplateName>('answer');
  return (
    <FormDialog
      title={words.newTitle}
      action={words.begin}
      onClose={onClose}
      onSubmit={async () => {
        await navigate({ to: '/playbooks/edit', search: { path: `Playbooks/${name.trim()}.md`, template } });
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
      <SelectField
        label={words.template}
        choices={choices}
        value={template}
        onChange={(event) => setTemplate(templateNames.find((one) => one === event.target.value) ?? 'blank')}
      />
    </FormDialog>
  );
}
