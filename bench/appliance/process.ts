/** What the kernel says of a process: /proc/PID. */
import { readdir, readFile } from 'node:fs/promises';

export interface Usage {
  /** ms of CPU, all threads that live. */
  readonly cpuMs: number;
  /** Times that a thread of it went to sleep, and so was woken. */
  readonly sleeps: number;
  /** The same of the thread that runs the event loop. */
  readonly loopSleeps: number;
  /** Bytes handed to the disk, whole pages: file systems add their own. */
  readonly diskBytes: number;
}

export async function usageOf(pid: number): Promise<Usage> {
  const threads = await readdir(`/proc/${pid}/task`);
  let [cpuNs, sleeps, loopSleeps] = [0, 0, 0];
  for (const thread of threads) {
    const [schedstat, status] = await Promise.all([
      readFile(`/proc/${pid}/task/${thread}/schedstat`, 'utf8'),
      readFile(`/proc/${pid}/task/${thread}/status`, 'utf8'),
    ]);
    cpuNs += Number(schedstat.split(' ')[0]);
    const own = Number(/^voluntary_ctxt_switches:\s+(\d+)/m.exec(status)?.[1]);
    sleeps += own;
    if (Number(thread) === pid) loopSleeps = own;
  }
  const io = await readFile(`/proc/${pid}/io`, 'utf8');
  const diskBytes = Number(/^write_bytes: (\d+)/m.exec(io)?.[1]);
  return { cpuMs: cpuNs / 1e6, sleeps, loopSleeps, diskBytes };
}

export interface Rates {
  /** Of one core. */
  readonly cpuPercent: number;
  readonly wakeupsPerSecond: number;
  readonly loopWakeupsPerSecond: number;
  readonly diskBytesPerHour: number;
}

/** Looks at a process twice, `ms` apart. */
export async function watch(pid: number, ms: number): Promise<Rates> {
  const [before, began] = [await usageOf(pid), performance.now()];
  await new Promise((resolve) => setTimeout(resolve, ms));
  const [after, seconds] = [await usageOf(pid), (performance.now() - began) / 1_000];
  return {
    cpuPercent: (after.cpuMs - before.cpuMs) / seconds / 10,
    wakeupsPerSecond: (after.sleeps - before.sleeps) / seconds,
    loopWakeupsPerSecond: (after.loopSleeps - before.loopSleeps) / seconds,
    diskBytesPerHour: ((after.diskBytes - before.diskBytes) / seconds) * 3_600,
  };
}
