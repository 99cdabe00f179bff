import { changesText } from '#text/changes.ts';
import { noticesText } from '#text/notices.ts';
import { text } from '#text/work.ts';
import { type NoticeKind, noticeKinds } from '../../api/notices.ts';
import type { Json } from '../../api/types.ts';
import { weekdays } from '../notice/weekdays.ts';
import { languages } from '../shell/language.ts';
import type { PartWords } from './change-row.tsx';

const { own, yes, no, nothing } = changesText;
const { rules, kinds } = noticesText;

const names: Readonly<Record<string, string>> = {
  theme: text.nav.theme,
  density: text.nav.density,
  language: text.nav.language,
  minimumRisk: rules.risk,
  'titles.push': rules.titlesPush,
  'titles.mail': rules.titlesMail,
  'quiet.on': rules.quiet,
  'quiet.from': own.quietFrom,
  'quiet.to': own.quietTo,
  'quiet.weekends': rules.weekends,
  'digest.at': rules.digestAt,
  'digest.weekday': own.digestOn,
  zone: rules.zone,
};

/** Where a value is said in another word than itself, by the name of the part. */
const values: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  theme: text.nav.themes,
  density: text.nav.densities,
  language: Object.fromEntries(languages.map(({ value, label }) => [value, label])),
  minimumRisk: rules.risks,
  'digest.weekday': { null: rules.daily, ...Object.fromEntries(weekdays.map(({ value, label }) => [value, label])) },
  zone: { null: rules.tenantZone },
  ...Object.fromEntries(noticeKinds.map((kind) => [`kinds.${kind}.mail`, rules.mails])),
};

/** What somebody sets for themselves, in the words of the pages where they set it. */
export const ownParts: PartWords = {
  nameOf: (name) => {
    const [, kind = '', channel = ''] = name.split('.');
    return isKind(kind) ? (channelNames[channel]?.(kinds[kind]) ?? name) : (names[name] ?? name);
  },
  shownAs: (value: Json, name) => {
    const said = values[name]?.[String(value)];
    if (said !== undefined) return said;
    if (typeof value === 'boolean') return value ? yes : no;
    return value === null ? nothing : String(value);
  },
};

const channelNames: Readonly<Record<string, (kind: string) => string>> = {
  page: rules.pageLabel,
  push: rules.pushLabel,
  mail: rules.mailLabel,
};
const isKind = (name: string): name is NoticeKind => noticeKinds.some((kind) => kind === name);
