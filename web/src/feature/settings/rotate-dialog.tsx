import { useState } from 'react';
import { securityText } from '#text/security.ts';
import { post } from '../../api/client.ts';
import type { ApiKey, KeyMade } from '../../api/identity.ts';
import { TextField } from '../../ui/field.tsx';
import { FormDialog } from '../../ui/form/form-dialog.tsx';
import { useAct } from '../../ui/form/use-act.ts';

const words = securityText.keys;

interface RotateDialogProps {
  apiKey: ApiKey;
  onMade: (made: KeyMade) => void;
  onClose: () => void;
}

/** Replaces a key without a gap: the old one works on for some hours. */
export function RotateDialog({ apiKey, onMade, onClose }: RotateDialogProps) {
  const [hours, setHours] = useState('24');
  const rotate = useAct(() => post<KeyMade>(`/api-keys/${encodeURIComponent(apiKey.id)}/rotate`, { overlapHours: Number(hours) }), {
    refresh: ['api-keys'],
    onDone: onMade,
  });
  return (
    <FormDialog title={words.rotateTitle(apiKey.name)} action={words.rotate} onClose={onClose} onSubmit={() => rotate.mutateAsync()}>
      <p className="mb-4 text-muted">{words.rotateText}</p>
      <TextField
        label={words.overlap}
        type="number"
        min={0}
        max={720}
        required
        value={hours}
        onChange={(event) => setHours(event.target.value)}
      />
    </FormDialog>
  );
}
