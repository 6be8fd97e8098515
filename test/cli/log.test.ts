import { describe, expect, it } from 'vitest';
import { VirtualClock } from '../../hal/index.js';
import { createLog, LogLevels } from '../../src/log/index.js';
import { runApp } from '../support/app.js';
import { cli } from '../support/cli.js';
import { temporaryFolder } from '../support/folder.js';
import { until } from '../support/until.js';

const CROSSING = `version: 1
hal: { driver: mock }
core: { mqtt: { port: 0 }, discovery: { port: 0 } }
things:
  - { name: GG_TrafficLight, role: traffic-light, lines: { red: GPIO17, yellow: GPIO27, green: GPIO22 } }
`;

async function instance() {
  const clock = new VirtualClock(Date.UTC(2026, 10, 23, 12));
  const levels = new LogLevels({ level: 'info', clock });
  const lines: Record<string, string>[] = [];
  const destination = {
    write: (line: string) => void lines.push(JSON.parse(line) as Record<string, string>),
  };
  const log = await createLog({ levels, pretty: false, destination });
  const { app, control, stateDir, stop } = await runApp(CROSSING, { log, levels });
  const on = (...argv: readonly string[]) => cli(['log', ...argv, '--state', stateDir]);
  const said = (part: string, level: string): readonly (string | undefined)[] =>
    lines.filter((line) => line.part === part && line.level === level).map(({ msg }) => msg);
  return { app, clock, control, levels, on, said, stateDir, stop };
}

describe('greenlight log', () => {
  it('shows what a part does while it is at debug, and nothing any more when the time is over', async () => {
    const { app, clock, control, on, said, stateDir, stop } = await instance();
    await until(() => app.status().state === 'ok');
    expect(said('broker', 'debug')).toEqual([]);
    const { out } = await on('debug', '--part', 'broker', '--for', '10m');
    expect(out).toMatch(/broker +debug +set until \S+Z \(.*\); configured is info/);
    expect((await cli(['status', '--state', stateDir])).out).toContain(
      '\nlog: broker debug until 2026-11-23T12:10:00Z\n',
    );
    expect(await control.call('GET', '/status')).toMatchObject({
      log: [{ part: 'broker', level: 'debug', until: '2026-11-23T12:10:00.000Z' }],
    });
    await on('debug', '--part', 'shadows');
    await on('debug', '--part', 'gpio');
    await control.call('POST', '/shadow/GG_TrafficLight', { state: { desired: { property: 'G' } } });
    await until(() => said('broker', 'debug').some((line) => line?.includes('GG_TrafficLight published')));
    expect(said('shadows', 'debug').join()).toMatch(/shadow GG_TrafficLight has version \d+, by cli/);
    await until(() => said('gpio', 'debug').includes('GPIO22 is active'));
    await on('reset', '--part', 'gpio');
    await on('reset', '--part', 'shadows');
    await clock.advance(600_000);
    expect(said('log', 'info')).toEqual([
      'the level of broker is debug until 2026-11-23T12:10:00.000Z',
      'the level of shadows is debug',
      'the level of gpio is debug',
      'the level of gpio is info',
      'the level of shadows is info',
      'the level of broker is info',
    ]);
    const before = said('broker', 'debug').length;
    await control.call('POST', '/shadow/GG_TrafficLight', { state: { desired: { property: 'R' } } });
    await control.call('GET', '/shadow/GG_TrafficLight?settle=5000');
    expect(said('broker', 'debug')).toHaveLength(before);
    expect(await control.call('GET', '/status')).not.toHaveProperty('log');
    await on('debug', '--for', '1h');
    await stop();
    expect(clock.pending).toBe(0);
  });

  it('shows, changes and takes back the default', async () => {
    const { on } = await instance();
    expect((await on()).out).toMatch(
      /^PART +LEVEL +BECAUSE\ndefault +info +as configured\n\nwith the default: .*broker/,
    );
    expect((await on('warn')).out).toMatch(/default +warn +set until the restart; configured is info/);
    expect(JSON.parse((await on('--json')).out)).toMatchObject({ level: 'warn', configured: 'info' });
    expect((await on('reset')).out).toMatch(/default +info +as configured/);
  });

  it('refuses what it does not know in one sentence that says what there is', async () => {
    const { on } = await instance();
    expect(await on('debgu')).toEqual({
      code: 1,
      out: '',
      err: 'greenlight: there is no level "debgu"; did you mean "debug"? There are: trace, debug, info, warn, error, fatal, silent\n',
    });
    expect((await on('debug', '--part', 'GG_TraficLight')).err).toMatch(
      /^greenlight: there is no part of the log "GG_TraficLight"; did you mean "GG_TrafficLight"\? There are: .*broker.*\n$/,
    );
    expect(await on('debug', '--for', 'ten')).toMatchObject({ code: 2, err: expect.stringContaining('10m') });
    expect(await on('debug', '--for', '30d')).toMatchObject({ code: 1, err: expect.stringContaining('7d') });
    expect(await on('--for', '10m')).toMatchObject({ code: 2, err: expect.stringContaining('with a level') });
    expect(await on('--part', 'broker')).toMatchObject({ code: 2 });
    const none = await cli(['log', '--state', await temporaryFolder()]);
    expect(none).toMatchObject({ code: 69, err: expect.stringContaining('no instance runs') });
  });
});
