import { KeyRound } from 'lucide-react';
import { useState } from 'react';
import { policiesText } from '#text/policies.ts';
import type { Grant } from '../../api/policies.ts';
import { formatActor } from '../../format.ts';
import { Badge } from '../../ui/badge.tsx';
import { Button } from '../../ui/button.tsx';
import { Row } from '../../ui/form/list-card.tsx';
import { Removal } from '../../ui/form/removal.tsx';
import { Time } from '../../ui/time.tsx';
import { useNow } from '../../ui/use-now.ts';
import { useSignedIn } from '../session/session.ts';
import { ListPage } from '../settings/list-page.tsx';
import { useMay } from '../settings/topics.tsx';
import { GrantDialog } from './grant-dialog.tsx';
import { grantsQuery } from './queries.ts';

const words = policiesText.grants;
type Open = { is: 'new' } | { is: 'revoke'; grant: Grant };

/** What people have permitted once and for all. */
export default function GrantsPage() {
  const [open, setOpen] = useState<Open | null>(null);
  const close = () => setOpen(null);
  const mayWrite = useMay('policy:write');
  return (
    <ListPage
      topic="grants"
      words={words}
      icon={KeyRound}
      query={grantsQuery}
      row={(grant) => <GrantRow grant={grant} onRevoke={mayWrite ? () => setOpen({ is: 'revoke', grant }) : null} />}
      onNew={mayWrite && (() => setOpen({ is: 'new' }))}
    >
      {open?.is === 'new' && <GrantDialog onClose={close} />}
      {open?.is === 'revoke' && (
        <Removal
          path={`/grants/${encodeURIComponent(open.grant.id)}`}
          refresh={['grants']}
          title={words.revokeTitle(titleOf(open.grant))}
          action={words.revoke}
          said={words.revoked}
          onClose={close}
        >
          {words.revokeText}
        </Removal>
      )}
    </ListPage>
  );
}

const titleOf = ({ tool, toolTitle }: Grant): string => toolTitle ?? tool;

function GrantRow({ grant, onRevoke }: { grant: Grant; onRevoke: (() => void) | null }) {
  const { args, source, perDay, expiresAt, author } = grant;
  const me = useSignedIn();
  const now = useNow(60_000);
  const isOver = expiresAt !== null && Date.parse(expiresAt) <= now;
  const facts = [
    ...Object.entries(args).map(([name, from]) => words.line(name, from)),
    ...(source.source === undefined ? [] : [words.ofSource(source.source)]),
    ...(source.playbook === undefined ? [] : [words.ofPlaybook(source.playbook)]),
    words.times(perDay),
    words.by(formatActor(author, me.principal.actor)),
  ];
  return (
    <Row
      title={titleOf(grant)}
      marks={isOver && <Badge>{words.isOver}</Badge>}
      note={
        <>
          {facts.join(' · ')}
          {expiresAt !== null && !isOver && (
            <>
              {' '}
              · {words.expires} <Time at={expiresAt} />
            </>
          )}
        </>
      }
      side={
        onRevoke && (
          <Button look="quiet" size="small" aria-label={words.revokeLabel(titleOf(grant))} onClick={onRevoke}>
            {words.revoke}
          </Button>
        )
      }
    />
  );
}
