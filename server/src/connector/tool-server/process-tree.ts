import { readdir, readFile } from 'node:fs/promises';

const pageBytes = 4_096;
/** What was read while processes came and went may lead in a circle. */
const generationsMax = 100;

interface Process {
  readonly id: number;
  readonly parent: number;
  readonly group: number;
  readonly bytes: number;
}

/**
 * Memory that a process holds together with everything it has started, in bytes: its group, and whoever descends from it, for a child may
 * leave the group. Rejects where there is no /proc.
 */
export async function treeBytes(root: number): Promise<number> {
  const ids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const processes = (await Promise.all(ids.map(processOf))).filter((one) => one !== undefined);
  const byId = new Map(processes.map((one) => [one.id, one]));
  const isOfTree = ({ id, parent, group }: Process, generation = 1): boolean => {
    if (id === root || group === root) return true;
    const next = byId.get(parent);
    return next !== undefined && generation < generationsMax && isOfTree(next, generation + 1);
  };
  return processes.filter((one) => isOfTree(one)).reduce((sum, { bytes }) => sum + bytes, 0);
}

/** Undefined for one that has ended in the meantime. */
async function processOf(id: string): Promise<Process | undefined> {
  const stat = await readFile(`/proc/${id}/stat`, 'utf8').catch(() => '');
  // proc_pid_stat(5): after the name in brackets come state, parent, group; resident pages are the 22nd from there.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [, parent, group] = fields.map(Number);
  if (parent === undefined || group === undefined) return undefined;
  return { id: Number(id), parent, group, bytes: Number(fields[21]) * pageBytes };
}
