/** The door to notices: what needs somebody, told where and when they want it. */
export { type AlarmKind, alarmKinds, findAlarms } from './alarm/find.ts';
export { createAlarmKeeper } from './alarm/keeper.ts';
export { type Alarm, listAlarms } from './alarm/store.ts';
export { kindsFor, type NoticeKind, noticeKinds } from './kinds.ts';
export { countUnreadNotices, listNotices, markSeen, type Notice } from './notices.ts';
export { defaultRules, type Rules, rulesSchema } from './rules.ts';
export { createNotices, type NoticeFaults, type Notices } from './service.ts';
export { areRestorable, readRules, restoreRules, saveRules } from './settings.ts';
export {
  findSubscription,
  listSubscriptions,
  type Subscription,
  subscribe,
  subscriptionInputSchema,
  unsubscribe,
} from './subscriptions.ts';
