import { useQuery } from '@tanstack/react-query';
import { useDeferredValue, useRef, useState } from 'react';
import { policiesText } from '#text/policies.ts';
import { settingsText } from '#text/settings.ts';
import type { Policy, PolicyCheck } from '../../api/policies.ts';
import { Button } from '../../ui/button.tsx';
import { describeError } from '../../ui/feedback.tsx';
import { TextArea } from '../../ui/field.tsx';
import { AdoptDialog } from './adopt-dialog.tsx';
import { checkQuery } from './queries.ts';

const words = policiesText;
const rows = 26;

/** The policies as text, looked at for faults while it is typed. */
export function PolicyEditor({ policy, mayWrite }: { policy: Policy; mayWrite: boolean }) {
  const [typed, setTyped] = useState<string | null>(null);
  const [isReviewing, setReviewing] = useState(false);
  const box = useRef<HTMLDivElement>(null);
  const text = typed ?? policy.text;
  const isChanged = text !== policy.text;
  const asked = useDeferredValue(text);
  const check = useQuery({ ...checkQuery({ text: asked }), enabled: isChanged, placeholderData: (before) => before });
  const faults = isChanged ? (check.data?.faults ?? []) : [];
  const goTo = (line: number) => {
    const area = box.current?.querySelector('textarea');
    const start =
      text
        .split('\n')
        .slice(0, line - 1)
        .join('\n').length + (line > 1 ? 1 : 0);
    area?.focus();
    area?.setSelectionRange(start, start + (text.split('\n')[line - 1]?.length ?? 0));
  };
  return (
    <>
      {!mayWrite && <p className="mb-4 text-muted">{settingsText.readOnly}</p>}
      <div ref={box} className="mb-4">
        <TextArea
          label={words.textLabel}
          help={words.textHelp}
          rows={rows}
          readOnly={!mayWrite}
          spellCheck={false}
          autoCapitalize="off"
          wrap="off"
          className="font-mono text-note! leading-5"
          value={text}
          onChange={(event) => setTyped(event.target.value)}
        />
      </div>
      <div role="status" className="mb-4">
        {check.error && <p className="text-bad">{describeError(check.error)}</p>}
        {isChanged && check.data && <Faults faults={faults} onGoTo={goTo} />}
      </div>
      {mayWrite && (
        <div className="flex flex-wrap gap-2">
          <Button look="primary" disabled={!isChanged || faults.length > 0} onClick={() => setReviewing(true)}>
            {words.review}
          </Button>
          {isChanged && (
            <Button look="quiet" onClick={() => setTyped(null)}>
              {words.reset}
            </Button>
          )}
        </div>
      )}
      {isReviewing && (
        <AdoptDialog
          title={words.reviewTitle}
          action={words.adopt}
          draft={{ text }}
          policy={policy}
          onClose={() => setReviewing(false)}
          onDone={() => setTyped(null)}
        />
      )}
    </>
  );
}

function Faults({ faults, onGoTo }: { faults: PolicyCheck['faults']; onGoTo: (line: number) => void }) {
  if (faults.length === 0) return <p className="font-medium text-good">{words.noFaults}</p>;
  return (
    <>
      <p className="mb-1 font-medium text-bad">{words.faults(faults.length)}</p>
      <ul className="flex flex-col gap-1">
        {faults.slice(0, 20).map(({ policy, line, message }) => (
          <li key={`${policy} ${line} ${message}`} className="wrap-anywhere flex flex-wrap items-center gap-x-2">
            {line !== null && (
              <Button size="small" aria-label={words.goToLine(line)} onClick={() => onGoTo(line)}>
                {words.line(line)}
              </Button>
            )}
            {policy !== null && <span className="font-mono text-note">{policy}</span>}
            <span>{message}</span>
          </li>
        ))}
      </ul>
    </>
  );
}
