import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { policiesText } from '#text/policies.ts';
import type { Policy, PolicyVersion } from '../../api/policies.ts';
import { capitalise, formatActor } from '../../format.ts';
import { Badge } from '../../ui/badge.tsx';
import { Button } from '../../ui/button.tsx';
import { Dialog, DialogBody } from '../../ui/dialog.tsx';
import { ErrorBox, Skeleton } from '../../ui/feedback.tsx';
import { ListCard, Row } from '../../ui/form/list-card.tsx';
import { Time } from '../../ui/time.tsx';
import { useSignedIn } from '../session/session.ts';
import { Lines } from '../vault/difference-view.tsx';
import { AdoptDialog } from './adopt-dialog.tsx';
import { versionsQuery, versionTextQuery } from './queries.ts';

const words = policiesText;

/** How the policies were before, and the way back. */
export function VersionList({ policy, mayWrite }: { policy: Policy; mayWrite: boolean }) {
  const [shown, setShown] = useState<number | null>(null);
  const me = useSignedIn();
  return (
    <>
      <ListCard query={versionsQuery} keyOf={({ version }: PolicyVersion) => String(version)}>
        {({ version, author, createdAt }) => (
          <Row
            title={words.version(version)}
            marks={version === policy.version && <Badge tone="good">{words.inForce}</Badge>}
            note={
              <>
                {capitalise(formatActor(author, me.principal.actor))} · <Time at={createdAt} />
              </>
            }
            side={
              version !== policy.version && (
                <Button size="small" aria-label={words.lookLabel(version)} onClick={() => setShown(version)}>
                  {words.look}
                </Button>
              )
            }
          />
        )}
      </ListCard>
      {shown !== null && <Version version={shown} policy={policy} mayWrite={mayWrite} onClose={() => setShown(null)} />}
    </>
  );
}

interface VersionProps {
  version: number;
  policy: Policy;
  mayWrite: boolean;
  onClose: () => void;
}

function Version({ version, policy, mayWrite, onClose }: VersionProps) {
  const found = useQuery(versionTextQuery(version));
  const title = words.restoreTitle(version);
  if (found.data && mayWrite)
    return <AdoptDialog title={title} action={words.restore} draft={{ text: found.data.text }} policy={policy} onClose={onClose} />;
  return (
    <Dialog isOpen wide title={title} onClose={onClose}>
      <DialogBody>
        {found.error && <ErrorBox error={found.error} onRetry={found.refetch} />}
        {found.isPending && <Skeleton rows={4} />}
        {found.data && <Lines before={policy.text} after={found.data.text} />}
      </DialogBody>
    </Dialog>
  );
}
