/** The door to notices: what needs somebody, told where and when they want it. */
export type { NoticeKeeper } from './keeper.ts';
export { kindsFor, type NoticeKind, noticeKinds } from './kinds.ts';
export { countUnreadNotices, listNotices, markSeen, type Notice } from './notices.ts';
export { type Rules, rulesSchema } from './rules.ts';
export { createNotices, type Notices } from './service.ts';
export { readRules, saveRules } from './settings.ts';
export {
  findSubscription,
  listSubscriptions,
  type Subscription,
  subscribe,
  subscriptionInputSchema,
  unsubscribe,
} from './subscriptions.ts';
