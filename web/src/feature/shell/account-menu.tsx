import { CircleUser } from 'lucide-react';
import { text } from '#text/work.ts';
import { laterPopup } from '../../ui/later-popup.tsx';
import { usePerson } from '../session/session.ts';

const Choices = laterPopup('menu', () => import('./account-choices.tsx'));

/** Who is signed in, the theme, and the way out. */
export function AccountMenu({ onHelp, withName = false }: { onHelp?: () => void; withName?: boolean }) {
  const { name } = usePerson().principal;
  const look = withName
    ? {
        className: 'flex h-8 min-w-0 flex-1 items-center gap-2 rounded-control px-2 text-muted hover:bg-hover hover:text-ink touch:h-11',
        face: (
          <>
            <CircleUser size={16} aria-hidden="true" className="shrink-0" />
            <span className="truncate">{name}</span>
          </>
        ),
      }
    : { className: '-mr-2 flex size-11 items-center justify-center text-muted', face: <CircleUser size={18} aria-hidden="true" /> };
  return <Choices label={`${text.nav.account}: ${name}`} {...look} {...(onHelp && { onHelp })} />;
}
