import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { AppStatus } from '../../src/status.js';
import { FAST_CROSSING, type RunningApp, runApp } from '../support/app.js';
import { cli } from '../support/cli.js';
import { temporaryFolder } from '../support/folder.js';

const QUIET = FAST_CROSSING.replace(/.*GG_Switch.*\n/, '');
const WITH_LED = QUIET.replace('functions:', '  - { name: Lamp, role: led, line: GPIO5 }\nfunctions:');

const part = async ({ control }: RunningApp, name: string) =>
  ((await control.call('GET', '/status')) as unknown as AppStatus).parts.find((one) => one.name === name);
const connects = async (running: RunningApp, name: string) => (await part(running, name))?.figures?.connects;

async function deploying() {
  const running = await runApp(QUIET);
  const folder = await temporaryFolder();
  const deploy = async (text: string, ...more: string[]) => {
    const file = join(folder, 'next.yaml');
    await writeFile(file, text);
    return cli(['deploy', file, ...more, '--state', running.stateDir]);
  };
  const on = (...argv: string[]) => cli([...argv, '--state', running.stateDir]);
  await expect.poll(() => connects(running, 'GG_TrafficLight'), { interval: 10, timeout: 5_000 }).toBe(1);
  return { running, deploy, on, folder };
}

describe('deploy', () => {
  it('applies what changed without touching what did not, and tells of it', async () => {
    const { running, deploy, on } = await deploying();
    const done = await deploy(WITH_LED);
    expect(done.code).toBe(0);
    expect(done.out).toMatch(/^(\S+ {2}(Building|InProgress)\n)*\S+ {2}Success\nthings \+1\n {2}\+Lamp\n$/);
    await expect
      .poll(async () => (await part(running, 'Lamp'))?.state, { interval: 10, timeout: 5_000 })
      .toBe('ok');
    expect(await connects(running, 'GG_TrafficLight')).toBe(1);
    expect((await on('shadow', 'set', 'Lamp', 'on=true', '--wait', '5s')).code).toBe(0);
    expect(running.board.line('GPIO5').level).toBe('high');

    expect((await deploy(QUIET)).out).toContain('things -1');
    expect(await part(running, 'Lamp')).toBeUndefined();
    expect(running.board.line('GPIO5')).toMatchObject({ level: 'low', consumer: undefined });
    const list = await on('deployments');
    expect(
      list.out
        .split('\n')
        .slice(1, 4)
        .map((line) => line.split(/ {2,}/).slice(2, 4)),
    ).toEqual([
      ['NewDeployment', 'Success'],
      ['NewDeployment', 'Success'],
      ['Configuration', 'Success'],
    ]);
    const records = JSON.parse((await on('deployments', '--json')).out) as { id: string }[];
    const one = await on('deployments', records[0]!.id);
    expect(one.out).toMatch(/^NewDeployment by .* at .*Z: Success\nthings -1\n {2}-Lamp\n$/);
    expect(await on('deployments', 'none')).toMatchObject({
      code: 1,
      err: 'greenlight: there is no deployment none; see greenlight deployments\n',
    });
    expect((await on('deploy', '--again', records[1]!.id)).code).toBe(0);
    expect(await part(running, 'Lamp')).toBeDefined();
  });

  it('changes nothing when the file is bad, and restores the group when a part fails', async () => {
    const { running, deploy } = await deploying();
    const bad = await deploy(WITH_LED.replace('led, line: GPIO5', 'led, line: GPIO17'));
    expect(bad).toMatchObject({ code: 1, err: expect.stringContaining('already held') });
    running.board.fail('GPIO5', 'request');
    const failed = await deploy(WITH_LED);
    expect(failed.code).toBe(1);
    expect(failed.out).toMatch(/Failure: .*GPIO5/);
    expect(await part(running, 'Lamp')).toBeUndefined();
    expect(await part(running, 'GG_TrafficLight')).toMatchObject({ state: 'ok' });
  });

  it('keeps the deployed group over a restart, until the file is edited', async () => {
    const { running, deploy } = await deploying();
    expect((await deploy(WITH_LED)).code).toBe(0);
    await running.stop();
    const again = await runApp(QUIET, { stateDir: running.stateDir });
    expect(await part(again, 'Lamp')).toBeDefined();
    await again.stop();
    const edited = await runApp(QUIET.replace('every: 50ms', 'every: 60ms'), { stateDir: running.stateDir });
    expect(await part(edited, 'Lamp')).toBeUndefined();
  });

  it('resets functions, rows and shadows, and keeps identities', async () => {
    const { on } = await deploying();
    expect((await on('shadow', 'get', 'GG_TrafficLight')).code).toBe(0);
    expect((await on('deploy', '--reset')).code).toBe(0);
    expect((await on('subscriptions')).out).not.toContain('GG_Car_Aggregator');
    expect((await on('thing', 'list')).out).toContain('GG_TrafficLight');
    expect(await on('deploy')).toMatchObject({
      code: 2,
      err: expect.stringContaining('FILE, --again ID or --reset'),
    });
    expect(await on('deploy', '--again', 'nothing')).toMatchObject({
      code: 1,
      err: expect.stringContaining('nothing'),
    });
  });
});

describe('import', () => {
  it('writes a configuration from a Greengrass V1 export, and says what has no counterpart', async () => {
    const folder = await temporaryFolder();
    const thing = (name: string) => `arn:aws:iot:us-east-1:123456789012:thing/${name}`;
    const file = join(folder, 'devices.json');
    await writeFile(
      file,
      JSON.stringify({
        Devices: [{ Id: '1', ThingArn: thing('GG_Switch'), CertificateArn: 'x', SyncShadow: true }],
      }),
    );
    const out = join(folder, 'group.yaml');
    const { code, err } = await cli(['import', 'greengrass-v1', file, '--out', out]);
    expect(code).toBe(0);
    expect(err).toContain('certificates are not in the export');
    expect(await readFile(out, 'utf8')).toContain('GG_Switch');
    expect((await cli(['check', out])).code).toBe(0);
    expect((await cli(['import', 'greengrass-v1', out])).code).toBe(1);
    expect((await cli(['import', 'azure', file])).code).toBe(2);
  });
});
