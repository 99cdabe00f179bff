import { noticesText } from '#text/notices.ts';
import type { Channels, NoticeKind, NoticeRules } from '../../api/notices.ts';
import { control } from '../../ui/field.tsx';

const words = noticesText.rules;
const mails = ['now', 'digest', 'never'] as const;

interface KindTableProps {
  kinds: readonly NoticeKind[];
  value: NoticeRules['kinds'];
  onChange: (kind: NoticeKind, channels: Partial<Channels>) => void;
}

/** For each kind where it is told. On a phone each kind is a block of its own. */
export function KindTable({ kinds, value, onChange }: KindTableProps) {
  return (
    <table className="block w-full sm:table">
      <thead className="hidden text-left text-muted text-note sm:table-header-group">
        <tr>
          <th scope="col" className="px-4 py-2 font-medium">
            {words.of}
          </th>
          <th scope="col" className="w-28 px-2 py-2 text-center font-medium">
            {words.page}
          </th>
          <th scope="col" className="w-28 px-2 py-2 text-center font-medium">
            {words.push}
          </th>
          <th scope="col" className="w-40 px-4 py-2 font-medium">
            {words.mail}
          </th>
        </tr>
      </thead>
      <tbody className="block divide-y divide-line sm:table-row-group">
        {kinds.map((kind) => (
          <KindRow key={kind} kind={kind} channels={value[kind]} onChange={(channels) => onChange(kind, channels)} />
        ))}
      </tbody>
    </table>
  );
}

interface KindRowProps {
  kind: NoticeKind;
  channels: Channels;
  onChange: (channels: Partial<Channels>) => void;
}

function KindRow({ kind, channels, onChange }: KindRowProps) {
  const name = noticesText.kinds[kind];
  return (
    <tr className="flex flex-wrap items-center gap-x-4 px-4 py-2 sm:table-row sm:p-0">
      <th scope="row" className="w-full py-1 text-left font-medium sm:w-auto sm:px-4 sm:py-2">
        {name}
      </th>
      {(['page', 'push'] as const).map((channel) => (
        <td key={channel} className="sm:px-2 sm:text-center">
          <label className="flex min-h-8 items-center gap-2 sm:justify-center touch:min-h-11">
            <input
              type="checkbox"
              aria-label={channel === 'page' ? words.pageLabel(name) : words.pushLabel(name)}
              checked={channels[channel]}
              onChange={(event) => onChange({ [channel]: event.target.checked })}
              className="size-4 accent-accent"
            />
            <span aria-hidden="true" className="sm:hidden">
              {words[channel]}
            </span>
          </label>
        </td>
      ))}
      <td className="flex w-full items-center justify-between gap-4 py-1 sm:table-cell sm:w-auto sm:px-4">
        <span aria-hidden="true" className="sm:hidden">
          {words.mail}
        </span>
        <select
          aria-label={words.mailLabel(name)}
          value={channels.mail}
          onChange={(event) => onChange({ mail: mails.find((mail) => mail === event.target.value) ?? 'never' })}
          className={`${control} h-8 max-w-44 touch:h-11`}
        >
          {mails.map((mail) => (
            <option key={mail} value={mail}>
              {words.mails[mail]}
            </option>
          ))}
        </select>
      </td>
    </tr>
  );
}
