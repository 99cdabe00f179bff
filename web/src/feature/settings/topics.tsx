import {
  BrainCircuit,
  CalendarClock,
  FileKey2,
  Gauge,
  Handshake,
  History,
  KeyRound,
  LockKeyhole,
  LogIn,
  Plug,
  RefreshCw,
  Scale,
  Settings,
  ShieldCheck,
  Tags,
  Users,
  UsersRound,
  Vault,
  Webhook,
  Wrench,
} from 'lucide-react';
import type { ReactNode } from 'react';
import type { settingsText } from '#text/settings.ts';
import { useSignedIn } from '../session/session.ts';

export type TopicPath = keyof typeof settingsText.topics;

export interface Topic {
  path: TopicPath;
  icon: ReactNode;
  /** Any of these shows it. */
  permissions: readonly string[];
}

const size = 15;
const topics: readonly Topic[] = [
  { path: 'general', icon: <Settings size={size} aria-hidden="true" />, permissions: ['settings:read'] },
  { path: 'policies', icon: <Scale size={size} aria-hidden="true" />, permissions: ['policy:read'] },
  { path: 'grants', icon: <Handshake size={size} aria-hidden="true" />, permissions: ['policy:read'] },
  { path: 'model', icon: <BrainCircuit size={size} aria-hidden="true" />, permissions: ['settings:read'] },
  { path: 'connections', icon: <Plug size={size} aria-hidden="true" />, permissions: ['connection:read'] },
  { path: 'schedules', icon: <CalendarClock size={size} aria-hidden="true" />, permissions: ['connection:read'] },
  { path: 'webhooks', icon: <Webhook size={size} aria-hidden="true" />, permissions: ['connection:read'] },
  { path: 'tools', icon: <Wrench size={size} aria-hidden="true" />, permissions: ['connection:read'] },
  { path: 'members', icon: <Users size={size} aria-hidden="true" />, permissions: ['member:read'] },
  { path: 'roles', icon: <Tags size={size} aria-hidden="true" />, permissions: ['member:read'] },
  { path: 'teams', icon: <UsersRound size={size} aria-hidden="true" />, permissions: ['member:read'] },
  { path: 'keys', icon: <KeyRound size={size} aria-hidden="true" />, permissions: ['key:admin'] },
  { path: 'secrets', icon: <Vault size={size} aria-hidden="true" />, permissions: ['secret:read'] },
  { path: 'sso', icon: <LogIn size={size} aria-hidden="true" />, permissions: ['security:read'] },
  { path: 'provisioning', icon: <RefreshCw size={size} aria-hidden="true" />, permissions: ['security:read'] },
  { path: 'security', icon: <ShieldCheck size={size} aria-hidden="true" />, permissions: ['security:read'] },
  { path: 'encryption', icon: <LockKeyhole size={size} aria-hidden="true" />, permissions: ['encryption:read'] },
  { path: 'changes', icon: <History size={size} aria-hidden="true" />, permissions: ['settings:read'] },
  { path: 'usage', icon: <Gauge size={size} aria-hidden="true" />, permissions: ['quota:read'] },
  { path: 'closing', icon: <FileKey2 size={size} aria-hidden="true" />, permissions: ['tenant:export', 'tenant:close'] },
];

/** The topics that this person may see; the others are absent, not locked. */
export function useTopics(): Topic[] {
  const { permissions } = useSignedIn();
  return topics.filter((topic) => topic.permissions.some((permission) => permissions.includes(permission)));
}

/** Whether this person holds the permission. */
export const useMay = (permission: string): boolean => useSignedIn().permissions.includes(permission);
