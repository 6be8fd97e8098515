import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { SystemClock, VirtualClock } from '../../hal/index.js';
import { followUpdate } from '../../src/cli/commands/update-follow.js';
import { Journal, Systemd, type UpdateState } from '../../src/update/index.js';
import { temporaryFolder } from '../support/folder.js';
import { until } from '../support/until.js';

/** A systemctl that notes what it is told and says what it should. */
async function systemctl(script: string): Promise<() => string> {
  const folder = await temporaryFolder();
  const said = join(folder, 'said');
  writeFileSync(said, '');
  writeFileSync(join(folder, 'systemctl'), `#!/bin/sh\necho "$*" >>${said}\n${script}\n`);
  chmodSync(join(folder, 'systemctl'), 0o755);
  const path = process.env.PATH;
  process.env.PATH = `${folder}:${path}`;
  onTestFinished(() => {
    process.env.PATH = path;
  });
  return () => readFileSync(said, 'utf8');
}

describe('systemd', () => {
  it('is asked for the units of the application, but not for those of the update', async () => {
    await systemctl(`echo 'greenlight-core.service loaded active running a'
echo '  greenlight-thing@street.service loaded activating auto-restart b'
echo 'greenlight-update.service loaded activating start c'`);
    expect(await new Systemd().active()).toEqual([
      'greenlight-core.service',
      'greenlight-thing@street.service',
    ]);
  });

  it('restarts several at once, and its own words say why that failed', async () => {
    const said = await systemctl(
      'case $* in *b.service*) echo "Job for b.service failed" >&2; exit 1;; esac',
    );
    await new Systemd().restart(['a.service', 'c.service']);
    await new Systemd().restart([]);
    expect(said()).toBe('restart a.service c.service\n');
    await expect(new Systemd().restart(['b.service'])).rejects.toThrow(/^Job for b\.service failed$/);
  });

  it('tells state and restarts of a unit', async () => {
    await systemctl('echo "NRestarts=2\nActiveState=activating\nSubState=auto-restart"');
    expect(await new Systemd().look('a.service')).toEqual({
      running: false,
      restarts: 2,
      text: 'activating (auto-restart)',
    });
  });
});

describe('following an update', () => {
  const state = (phase: UpdateState['phase']): UpdateState => ({
    id: 'u1',
    by: 'tester',
    file: 'new.tgz',
    phase,
    startedAt: 0,
    from: { release: '1.0.0', version: '1.0.0' },
    to: { release: '2.0.0', version: '2.0.0' },
  });
  const io = (said: string[], signal = new AbortController().signal) => ({
    env: {},
    interactive: false,
    out: (text: string) => void said.push(text),
    err: () => {},
    signal,
  });

  it('tells each step until the end', async () => {
    const told = await systemctl('case $* in show*) echo activating;; esac');
    const journal = new Journal(await temporaryFolder());
    await journal.note(state('watching'));
    const said: string[] = [];
    const following = followUpdate({
      id: 'u1',
      journal,
      clock: new SystemClock(),
      io: io(said),
      quiet: false,
    });
    await until(() => said.length === 1);
    await journal.end({ ...state('watching'), status: 'Success', endedAt: 1 });
    expect((await following).status).toBe('Success');
    expect(said).toEqual([
      'watching 2.0.0\n',
      'Success: 2.0.0 runs; 1.0.0 is kept as the previous release\n',
    ]);
    expect(told()).toMatch(/^start --no-block greenlight-update\.service\n/);
  });

  it('ends when nobody works on it, and when it is interrupted', async () => {
    await systemctl('case $* in show*) echo inactive;; esac');
    const journal = new Journal(await temporaryFolder());
    const clock = new VirtualClock();
    let why = '';
    followUpdate({ id: 'u1', journal, clock, io: io([]), quiet: true }).catch((error: Error) => {
      why = error.message;
    });
    await until(async () => {
      await clock.advance(250);
      return why !== '';
    }, 15_000);
    expect(why).toContain('journalctl -u greenlight-update.service');
    const ending = new AbortController();
    ending.abort();
    const interrupted = followUpdate({
      id: 'u1',
      journal,
      clock,
      io: io([], ending.signal),
      quiet: true,
    });
    await expect(interrupted).rejects.toMatchObject({ code: 'UPDATE_INTERRUPTED' });
  });
});
