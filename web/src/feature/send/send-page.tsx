import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { sendText } from '#text/send.ts';
import { Badge, type Tone } from '../../ui/badge.tsx';
import { Button, buttonClass } from '../../ui/button.tsx';
import { CheckField, TextField } from '../../ui/field.tsx';
import { ForeignLine } from '../../ui/foreign-text.tsx';
import { Block } from '../../ui/form/block.tsx';
import { Row } from '../../ui/form/list-card.tsx';
import { Page, Section } from '../../ui/page.tsx';
import { Help } from '../help/help.tsx';
import { type Sent, useSending } from './sending.ts';

const words = sendText;

/** Files from people, taken in like those of the watched folder. */
export default function SendPage() {
  const [acts, setActs] = useState(false);
  const { sent, add, again } = useSending(
    (file) => `/uploads/${encodeURIComponent(file.name)}${acts && /\.mbox$/i.test(file.name) ? '?as=new' : ''}`,
  );
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: the field below does the same by keyboard
    <div
      onDragOver={(event) => event.preventDefault()}
      onDrop={(event) => {
        event.preventDefault();
        add(event.dataTransfer.files);
      }}
    >
      <Page title={words.title} help={<Help topic="send" />}>
        <Block title={words.files} note={words.intro}>
          <TextField
            label={words.choose}
            help={words.chooseHelp}
            type="file"
            multiple
            className="h-auto! cursor-pointer border-dashed py-6 text-muted file:mr-3 file:h-8 file:cursor-pointer file:rounded-control file:border-0 file:bg-accent file:px-3 file:font-medium file:text-accent-ink touch:file:h-11"
            onChange={(event) => {
              add([...(event.target.files ?? [])]);
              // The same file may be chosen once more.
              event.target.value = '';
            }}
          />
          <CheckField label={words.act} help={words.actHelp} checked={acts} onChange={(event) => setActs(event.target.checked)} />
        </Block>
        {sent.length > 0 && (
          <Section title={words.sent}>
            <ul className="divide-y divide-line" aria-live="polite">
              {sent.toReversed().map((one) => (
                <li key={one.key}>
                  <SentRow one={one} onAgain={() => again(one)} />
                </li>
              ))}
            </ul>
          </Section>
        )}
      </Page>
    </div>
  );
}

const tones: Record<Sent['state'], Tone> = { waiting: 'neutral', sending: 'neutral', done: 'good', failed: 'bad' };

function SentRow({ one, onAgain }: { one: Sent; onAgain: () => void }) {
  const { file, state, taken, fault } = one;
  return (
    <Row
      title={<ForeignLine value={file.name} />}
      marks={<Badge tone={tones[state]}>{words.states[state]}</Badge>}
      note={
        <>
          {fault && <span className="text-bad">{fault}</span>}
          {taken?.recognised && <p>{words.recognised(taken.recognised.kind, taken.recognised.counts)}</p>}
          {taken?.jobId && <p>{words.mailbox}</p>}
          {taken?.path && (
            <p>
              <ForeignLine value={words.stored(taken.path)} />
            </p>
          )}
        </>
      }
      side={
        <>
          {state === 'failed' && (
            <Button size="small" aria-label={words.againLabel(file.name)} onClick={onAgain}>
              {words.again}
            </Button>
          )}
          {taken?.taskId && (
            <Link to="/tasks/$taskId" params={{ taskId: taken.taskId }} className={buttonClass('plain', 'small')}>
              {words.task}
            </Link>
          )}
        </>
      }
    />
  );
}
