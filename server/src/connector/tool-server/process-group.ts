import { readdir, readFile } from 'node:fs/promises';

const pageBytes = 4_096;

/** Memory that the processes of a group hold together, in bytes. Rejects where there is no /proc. */
export async function groupBytes(group: number): Promise<number> {
  const processes = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const sizes = await Promise.all(processes.map((id) => sizeIn(id, group)));
  return sizes.reduce((sum, bytes) => sum + bytes, 0);
}

/** 0 for a process of another group, or one that has ended in the meantime. */
async function sizeIn(id: string, group: number): Promise<number> {
  const stat = await readFile(`/proc/${id}/stat`, 'utf8').catch(() => '');
  // proc_pid_stat(5): after the name in brackets come state, parent, group; resident pages are the 22nd from there.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return Number(fields[2]) === group ? Number(fields[21]) * pageBytes : 0;
}
