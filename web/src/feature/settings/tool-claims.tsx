import { toolsText } from '#text/tools.ts';
import type { PluggedTool } from '../../api/tools.ts';
import type { Json } from '../../api/types.ts';
import { Disclosure } from '../../ui/disclosure.tsx';
import { ForeignText } from '../../ui/foreign-text.tsx';

const words = toolsText;

/** What a server says of a tool, as the foreign text that it is, and how that differs from what was confirmed. */
export function ToolClaims({ tool: { offered, differences } }: { tool: PluggedTool }) {
  if (offered === null) return null;
  const said = [offered.title, offered.description].filter((part) => part !== null && part !== '').join('\n\n');
  return (
    <>
      <section className="mb-5 rounded-card border border-line bg-bg p-3">
        <h3 className="font-semibold">{words.says}</h3>
        <p className="mb-2 text-muted text-note">{words.saysText}</p>
        {said === '' ? <p className="text-muted">{words.saysNothing}</p> : <ForeignText value={said} block />}
        <Disclosure summary={words.schema}>
          <div className="font-mono text-note">
            <ForeignText value={shown({ annotations: offered.annotations, arguments: offered.inputSchema })} cutAt={4_000} block />
          </div>
        </Disclosure>
      </section>
      {differences.length > 0 && (
        <section className="mb-5 rounded-card border border-warn/30 bg-warn-soft p-3">
          <h3 className="mb-2 font-semibold">{words.differences}</h3>
          <ul className="space-y-3">
            {differences.map(({ place, before, after }) => (
              <li key={place}>
                <p className="font-mono text-note">
                  <ForeignText value={place} cutAt={200} />
                </p>
                <dl className="grid grid-cols-[4rem_1fr] gap-x-2 gap-y-1">
                  <dt className="text-muted">{words.before}</dt>
                  <dd>
                    <Value value={before} />
                  </dd>
                  <dt className="text-muted">{words.after}</dt>
                  <dd>
                    <Value value={after} />
                  </dd>
                </dl>
              </li>
            ))}
          </ul>
        </section>
      )}
    </>
  );
}

function Value({ value }: { value: Json | undefined }) {
  if (value === undefined || value === null) return <span className="text-muted">{words.absent}</span>;
  return <ForeignText value={typeof value === 'string' ? value : shown(value)} cutAt={400} block />;
}

const shown = (value: Json): string => JSON.stringify(value, null, 2);
