import type { JsonObject } from './types.ts';

/** Something wrong with a playbook, and the line of its note; null: about the whole. */
export interface LineFault {
  text: string;
  line: number | null;
}

/** A note in `Playbooks/`. */
export interface Playbook {
  path: string;
  title: string;
  etag: string;
  state: 'on' | 'off' | 'faulty' | 'untrusted' | 'plain';
  summary: string | null;
  source: string | null;
  kind: string | null;
  priority: number;
  tools: string[];
  faults: LineFault[];
  author: string;
  updatedAt: string;
  usesIn30Days: number;
  lastUsedAt: string | null;
}

/** A playbook that is being written. */
export interface CheckedPlaybook {
  text: string;
  title: string;
  /** The front matter, null while it cannot be read. */
  fields: JsonObject | null;
  faults: LineFault[];
}

/** A tool that a step may use. */
export interface StepTool {
  name: string;
  title: string;
  consequence: string;
  args: { name: string; title: string; required: boolean }[];
}

export interface PreviewSample {
  result: 'matched' | 'near' | 'unusable';
  eventId: string;
  title: string;
  from: string | null;
  receivedAt: string;
  reasons: string[];
  summary: string | null;
  steps: { id: string; tool: string; title: string; why: string; args: { name: string; text: string; isKnown: boolean }[] }[];
  task: { taskId: string; state: string; playbook: string | null } | null;
}

/** What a playbook would have done with what came in lately. */
export interface PlaybookPreview {
  faults: LineFault[];
  looked: number;
  since: string;
  ended: 'all' | 'events' | 'time';
  matched: number;
  near: number;
  unusable: number;
  samples: PreviewSample[];
}

/** The plan of a task, written down as a playbook. */
export interface PlaybookDraft {
  title: string;
  fields: JsonObject;
  remarks: { kind: 'pattern' | 'fixed'; name: string }[];
  playbook: string | null;
}
