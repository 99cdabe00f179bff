export const noticeKinds = ['approval', 'delegated', 'comment', 'question', 'unknown', 'failed', 'connection', 'quota'] as const;
export type NoticeKind = (typeof noticeKinds)[number];

/** Something that one is told of, as it stands now. */
export interface Notice {
  id: string;
  kind: NoticeKind;
  at: string;
  seenAt: string | null;
  isOpen: boolean;
  title: string | null;
  risk: string | null;
  level: number | null;
  url: string | null;
}

export interface NoticePage {
  items: Notice[];
  next: string | null;
  unread: number;
}

export interface Channels {
  page: boolean;
  push: boolean;
  mail: 'now' | 'digest' | 'never';
}

/** What one wants to be told of, where and when. */
export interface NoticeRules {
  kinds: Record<NoticeKind, Channels>;
  minimumRisk: 'low' | 'medium' | 'high';
  titles: { push: boolean; mail: boolean };
  quiet: { on: boolean; from: string; to: string; weekends: boolean };
  digest: { at: string; weekday: number | null };
  zone: string | null;
}

export interface RulesAnswer {
  rules: NoticeRules;
  /** What holds for who has said nothing. */
  usual: NoticeRules;
  /** What one can be told of at all. */
  kinds: NoticeKind[];
  canMail: boolean;
}

/** A browser in which one is told. */
export interface PushBrowser {
  id: string;
  name: string;
  createdAt: string;
  sentAt: string | null;
  isThis: boolean;
}

export interface PushBrowsers {
  publicKey: string;
  items: PushBrowser[];
}
