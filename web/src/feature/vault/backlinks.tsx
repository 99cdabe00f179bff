import type { UseQueryResult } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { vaultText } from '#text/vault.ts';
import type { NoteLinks } from '../../api/vault.ts';
import { ForeignLine } from '../../ui/foreign-text.tsx';
import { linkClass } from '../../ui/link.ts';
import { Section } from '../../ui/page.tsx';

const words = vaultText.links;

/** Which notes lead here, and which links of this one lead nowhere or to what has another name now. */
export function Backlinks({ links }: { links: UseQueryResult<NoteLinks> }) {
  if (links.error) return <p className="mt-6 text-muted">{words.failed}</p>;
  if (links.data === undefined) return null;
  const { backlinks, links: own } = links.data;
  const moved = own.filter((link) => link.moved && link.path !== null);
  const broken = own.filter((link) => link.path === null);
  return (
    <div className="mt-6">
      <Section title={words.back}>
        {backlinks.length === 0 ? (
          <p className="px-4 py-3 text-muted">{words.noBack}</p>
        ) : (
          <ul className="divide-y divide-line">
            {backlinks.map(({ id, path, title }) => (
              <li key={id} className="flex flex-wrap items-baseline gap-x-2 px-4 py-2">
                <Link to="/vault/note" search={{ path }} className={linkClass}>
                  <ForeignLine value={title} />
                </Link>
                <span className="wrap-anywhere min-w-0 text-muted text-note">
                  <ForeignLine value={path} />
                </span>
              </li>
            ))}
          </ul>
        )}
      </Section>
      {moved.length > 0 && (
        <Section title={words.movedTitle}>
          <ul className="divide-y divide-line">
            {moved.map(({ kind, target, path }) => (
              <li key={`${kind} ${target}`} className="wrap-anywhere px-4 py-2">
                <ForeignLine value={words.moved(target, path ?? '')} />
              </li>
            ))}
          </ul>
        </Section>
      )}
      {broken.length > 0 && (
        <Section title={words.broken}>
          <ul className="divide-y divide-line">
            {broken.map(({ kind, target }) => (
              <li key={`${kind} ${target}`} className="wrap-anywhere px-4 py-2 text-muted">
                <ForeignLine value={target} />
              </li>
            ))}
          </ul>
        </Section>
      )}
    </div>
  );
}
