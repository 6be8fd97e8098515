import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { cli } from '../support/cli.js';
import { temporaryFolder } from '../support/folder.js';

const CROSSING = `version: 1
hal: { driver: mock }
core: { mqtt: { port: 0 }, discovery: { port: 0 } }
things:
  - { name: GG_TrafficLight, role: traffic-light, lines: { red: GPIO17, yellow: GPIO27, green: GPIO22 } }
`;

describe('safe-state', () => {
  it('sets a traffic light to red, and does nothing after a clean stop', async () => {
    const file = join(await temporaryFolder(), 'crossing.yaml');
    await writeFile(file, CROSSING);
    const crashed = await cli(['safe-state', '-c', file], { env: { SERVICE_RESULT: 'signal' } });
    expect(crashed).toEqual({
      code: 0,
      out: 'GPIO22: inactive\nGPIO27: inactive\nGPIO17: active\n',
      err: '',
    });
    const clean = await cli(['safe-state', '-c', file], { env: { SERVICE_RESULT: 'success' } });
    expect(clean).toEqual({ code: 0, out: '', err: '' });
  });

  it('goes on past a line that does not do, and says so with 1', async () => {
    const file = join(await temporaryFolder(), 'crossing.yaml');
    await writeFile(file, CROSSING.replace('GPIO27', '{ chip: nowhere, offset: 1 }'));
    const { code, out, err } = await cli(['safe-state', '-c', file]);
    expect([code, out]).toEqual([1, 'GPIO22: inactive\nGPIO17: active\n']);
    expect(err).toContain('nowhere');
  });
});
