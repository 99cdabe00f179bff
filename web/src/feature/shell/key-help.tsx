import { approvalsText } from '#text/approvals.ts';
import { tasksText } from '#text/tasks.ts';
import { text } from '#text/work.ts';
import { Dialog, DialogBody } from '../../ui/dialog.tsx';

const { keys, nav } = text;

interface KeyGroup {
  title: string;
  rows: [string[], string][];
}

const ofTenants: KeyGroup[] = [
  {
    title: keys.list,
    rows: [
      [['J'], keys.down],
      [['K'], keys.up],
      [['O'], keys.open],
      [['P'], tasksText.near.previous],
      [['N'], tasksText.near.next],
      [['X'], keys.select],
      [['/'], keys.filter],
    ],
  },
  {
    title: keys.decide,
    rows: [
      [['A'], keys.approve],
      [['R'], keys.reject],
      [['E'], keys.edit],
      [['S'], approvalsText.keys.snooze],
      [['D'], approvalsText.keys.delegate],
      [['U'], approvalsText.keys.undo],
    ],
  },
  {
    title: keys.go,
    rows: [
      [['G', 'I'], nav.inbox],
      [['G', 'T'], nav.tasks],
      [['G', 'V'], nav.vault],
      [['G', 'A'], nav.audit],
      [['G', 'S'], nav.settings],
    ],
  },
  {
    title: keys.general,
    rows: [
      [['Ctrl', 'K'], keys.palette],
      [['?'], keys.help],
      [['Esc'], keys.close],
    ],
  },
];

/** Where there is nothing to decide: in lists, to the places by the letters after `g`, and for this sheet. */
const ofPlaces = (places: Readonly<Record<string, string>>): KeyGroup[] => [
  {
    title: keys.list,
    rows: [
      [['J'], keys.down],
      [['K'], keys.up],
      [['O'], keys.open],
    ],
  },
  { title: keys.go, rows: Object.entries(places).map(([letter, name]) => [['G', letter.toUpperCase()], name]) },
  {
    title: keys.general,
    rows: [
      [['?'], keys.help],
      [['Esc'], keys.close],
    ],
  },
];

interface KeyHelpProps {
  onClose: () => void;
  /** What the places are called outside of a tenant, by their letters. */
  places?: Readonly<Record<string, string>>;
}

/** All keys on one sheet. */
export default function KeyHelp({ onClose, places }: KeyHelpProps) {
  const groups = places ? ofPlaces(places) : ofTenants;
  return (
    <Dialog isOpen onClose={onClose} title={keys.title} wide>
      <DialogBody>
        <div className="grid gap-x-10 gap-y-5 sm:grid-cols-2">
          {groups.map((group) => (
            <section key={group.title}>
              <h3 className="mb-1.5 font-semibold text-muted text-note">{group.title}</h3>
              <dl>
                {group.rows.map(([caps, meaning]) => (
                  <div key={meaning} className="flex items-center justify-between py-1">
                    <dt>{meaning}</dt>
                    <dd className="flex gap-1">
                      {caps.map((cap) => (
                        <kbd
                          key={cap}
                          className="min-w-5 rounded bg-hover px-1.5 text-center font-sans text-note ring-1 ring-line ring-inset"
                        >
                          {cap}
                        </kbd>
                      ))}
                    </dd>
                  </div>
                ))}
              </dl>
            </section>
          ))}
        </div>
      </DialogBody>
    </Dialog>
  );
}
