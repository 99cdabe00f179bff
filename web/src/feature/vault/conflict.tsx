import { useMemo } from 'react';
import { vaultText } from '#text/vault.ts';
import { Button } from '../../ui/button.tsx';
import { Notice } from '../../ui/feedback.tsx';
import { Lines } from './difference-view.tsx';
import { mergeTexts } from './merge.ts';
import type { Version } from './save-over.ts';

const words = vaultText.edit.conflict;

interface ConflictProps {
  /** What both began with. */
  base: string;
  mine: string;
  theirs: Version;
  /** Goes on writing, with this text, over theirs. */
  onGoOn: (text: string) => void;
}

/** Shows what somebody else saved meanwhile beside one's own, and how to go on. Nothing of either is lost. */
export function Conflict({ base, mine, theirs, onGoOn }: ConflictProps) {
  const merged = useMemo(() => mergeTexts(base, mine, theirs.text, words.marks), [base, mine, theirs]);
  if (theirs.etag === null)
    return (
      <Notice tone="warn" role="alert">
        <p className="mb-2 font-medium">{words.gone}</p>
        <Button onClick={() => onGoOn(mine)}>{words.mine}</Button>
      </Notice>
    );
  return (
    <Notice tone="warn" role="alert">
      <p className="font-semibold">{words.title}</p>
      <p className="mb-2">
        {words.text} {merged === null ? words.tooLarge : merged.conflicts === 0 ? words.fits : words.clashes(merged.conflicts)}
      </p>
      <Lines before={mine} after={theirs.text} />
      <div className="mt-3 flex flex-wrap items-center gap-2">
        {merged !== null && (
          <Button look="primary" onClick={() => onGoOn(merged.text)}>
            {words.merge}
          </Button>
        )}
        <Button onClick={() => onGoOn(mine)}>{words.mine}</Button>
        <span className="text-muted text-note">{words.mineHelp}</span>
      </div>
    </Notice>
  );
}
