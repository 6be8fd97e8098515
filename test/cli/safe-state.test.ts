import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { FAST_CROSSING, runApp } from '../support/app.js';
import { cli } from '../support/cli.js';
import { temporaryFolder } from '../support/folder.js';

const CROSSING = `version: 1
hal: { driver: mock }
core: { mqtt: { port: 0 }, discovery: { port: 0 } }
things:
  - { name: GG_TrafficLight, role: traffic-light, lines: { red: GPIO17, yellow: GPIO27, green: GPIO22 } }
`;

describe('safe-state', () => {
  it('knows the lines of a deployed group, with whatever became of the file, while the instance holds the store', async () => {
    const running = await runApp(FAST_CROSSING.replace(/.*GG_Switch.*\n/, ''));
    const { stateDir } = running;
    const file = join(stateDir, 'next.yaml');
    const lamp = '  - { name: Lamp, role: led, line: GPIO5, activeLow: true }\nfunctions:';
    await writeFile(file, FAST_CROSSING.replace(/.*GG_Switch.*\n/, '').replace('functions:', lamp));
    expect((await cli(['deploy', file, '--state', stateDir])).code).toBe(0);

    const site = join(stateDir, 'site.yaml');
    await writeFile(site, CROSSING.replace('GPIO17', 'GPIO6'));
    const after = await cli(['safe-state', '-c', site, '--state', stateDir]);
    expect(after).toMatchObject({ code: 0, err: '' });
    expect(after.out.split('\n').sort()).toEqual([
      '',
      'GPIO17: active',
      'GPIO22: inactive',
      'GPIO27: inactive',
      'GPIO5: inactive',
    ]);
    await writeFile(site, 'things: [');
    const blind = await cli(['safe-state', '-c', site], {
      env: { STATE_DIRECTORY: stateDir, GREENLIGHT_HAL_DRIVER: 'mock' },
    });
    expect(blind).toEqual(after);

    // and back: a line that is no output any more is left alone
    await writeFile(file, FAST_CROSSING.replace(/.*GG_Switch.*\n/, ''));
    expect((await cli(['deploy', file, '--state', stateDir])).code).toBe(0);
    await writeFile(site, CROSSING);
    expect((await cli(['safe-state', '-c', site, '--state', stateDir])).out).not.toContain('GPIO5');
  });

  it('takes the configuration where what is kept is damaged', async () => {
    const folder = await temporaryFolder();
    const file = join(folder, 'crossing.yaml');
    await writeFile(file, CROSSING);
    for (const text of ['{', '[]', '{"driver":"mock","outputs":[{"address":5}]}']) {
      await writeFile(join(folder, 'outputs.json'), text);
      const { out } = await cli(['safe-state', '-c', file, '--state', folder]);
      expect(out).toContain('GPIO17: active');
    }
  });

  it('sets a traffic light to red, and does nothing after a clean stop', async () => {
    // a state folder of its own: one in the checkout, from npm start, has outputs of its own
    const state = await temporaryFolder();
    const file = join(state, 'crossing.yaml');
    await writeFile(file, CROSSING);
    const crashed = await cli(['safe-state', '-c', file, '--state', state], {
      env: { SERVICE_RESULT: 'signal' },
    });
    expect(crashed).toEqual({
      code: 0,
      out: 'GPIO22: inactive\nGPIO27: inactive\nGPIO17: active\n',
      err: '',
    });
    const clean = await cli(['safe-state', '-c', file, '--state', state], {
      env: { SERVICE_RESULT: 'success' },
    });
    expect(clean).toEqual({ code: 0, out: '', err: '' });
  });

  it('goes on past a line that does not do, and says so with 1', async () => {
    const state = await temporaryFolder();
    const file = join(state, 'crossing.yaml');
    await writeFile(file, CROSSING.replace('GPIO27', '{ chip: nowhere, offset: 1 }'));
    const { code, out, err } = await cli(['safe-state', '-c', file, '--state', state]);
    expect([code, out]).toEqual([1, 'GPIO22: inactive\nGPIO17: active\n']);
    expect(err).toContain('nowhere');
  });
});
