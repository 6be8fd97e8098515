import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RunningApp, runApp } from '../support/app.js';
import { mayLackFor } from '../support/tools.js';
import { until as untilWithin } from '../support/until.js';

/** Where the traffic light's core is, and what can happen to it. */
export interface CoreOfLight {
  /** The section of the role file that leads there, as YAML. */
  readonly section: string;
  /** What the light's shadow says; `app` is the light's own machine. */
  state(app: RunningApp): Promise<{
    readonly desired?: Readonly<Record<string, unknown>>;
    readonly reported?: Readonly<Record<string, unknown>>;
  }>;
  want(app: RunningApp, property: unknown): Promise<unknown>;
  /** Of the line between the two. Absent: there is none. */
  readonly line?: { cut(): void; mend(): void };
  /** Absent: it is the light's own machine, which ends with it. */
  readonly restart?: () => Promise<void>;
  /** From now on the light's certificate is not taken. @returns what `status` is to say then */
  readonly refuse?: () => Promise<RegExp>;
  stop(): Promise<void>;
}

export interface WayToCore {
  readonly name: string;
  /** False: this machine lacks what it takes. */
  readonly possible?: boolean;
  readonly make: (folder: string) => Promise<CoreOfLight>;
}

const LAMPS = { red: 'GPIO17', yellow: 'GPIO27', green: 'GPIO22' };
const NAME = 'GG_TrafficLight';

/** Several processes' worth of work runs beside it. */
const until = (what: () => boolean | Promise<boolean>, ms = 15_000): Promise<void> => untilWithin(what, ms);

/** The traffic light of config/thing-only.yaml; only the section that says where its core is changes. */
export async function roleFile(section: string): Promise<string> {
  const text = await readFile('config/thing-only.yaml', 'utf8');
  const changed = text
    .replace(/^connect:\n(?: {2}.*\n)+/m, `${section}\n`)
    .replace('hal: { driver: auto }', 'hal: { driver: mock }')
    // someone else is to say which colour it is
    .replace(/^.*role: light-controller.*\n/m, '');
  expect(changed).toContain(`name: ${NAME}, role: traffic-light`);
  return changed;
}

/** What the role does whichever way its core is reached. One light lives through it all, in this order. */
export function describeTrafficLight({ name, possible = true, make }: WayToCore): void {
  describe.skipIf(mayLackFor(possible))(`a traffic light, its core reached by ${name}`, () => {
    const ends: (() => Promise<void>)[] = [];
    const onEnd = (end: () => Promise<void>) => void ends.push(end);
    let folder: string;
    let core: CoreOfLight;
    let app: RunningApp;

    const part = () => app.app.status().parts.find((candidate) => candidate.name === NAME)!;
    const lit = () =>
      Object.entries(LAMPS)
        .filter(([, line]) => app.board.line(line).level === 'high')
        .map(([lamp]) => lamp);
    const reported = async () => (await core.state(app)).reported;
    const run = async () => {
      app = await runApp(await roleFile(core.section), { stateDir: join(folder, 'light'), onEnd });
    };

    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'greenlight-light-'));
      core = await make(folder);
      await run();
    });

    afterAll(async () => {
      for (const end of ends.reverse()) await end();
      await core?.stop();
      await rm(folder, { recursive: true, force: true });
    });

    it('finds its core, connects, and reports the safe colour that it shows', async () => {
      await until(() => part().state === 'ok');
      expect(part().figures).toMatchObject({ core: expect.stringMatching(/:\d+$/), connects: 1 });
      await until(async () => (await reported())?.property === 'R');
      expect(lit()).toEqual(['red']);
    });

    it('does what desired asks and reports what it did', async () => {
      for (const [property, lamp] of [
        ['G', 'green'],
        ['Y', 'yellow'],
        ['R', 'red'],
        ['G', 'green'],
      ] as const) {
        await core.want(app, property);
        await until(async () => (await reported())?.property === property);
        expect(lit()).toEqual([lamp]);
      }
    });

    it('keeps to the truth when it cannot do what is asked, says why, and goes on', async () => {
      for (const bad of ['purple', 7]) {
        await core.want(app, bad);
        await until(async () => JSON.stringify((await reported())?.error ?? '').includes(String(bad)));
        expect(await reported()).toMatchObject({ property: 'G' });
        expect(lit()).toEqual(['green']);
      }
      await core.want(app, 'Y');
      await until(async () => {
        const now = await reported();
        return now?.property === 'Y' && now.error === undefined;
      });
    });

    it('keeps its lamp while the line is cut, says so, and does afterwards what was asked last', async (test) => {
      if (core.line === undefined) return test.skip('there is no line to a core in the same process');
      core.line.cut();
      await until(() => part().state === 'degraded');
      expect(part().cause).toBeTruthy();
      await core.want(app, 'R');
      await core.want(app, 'G');
      expect(lit()).toEqual(['yellow']);
      core.line.mend();
      await until(async () => (await reported())?.property === 'G');
      expect(lit()).toEqual(['green']);
      await until(() => part().state === 'ok');
      expect(part().figures).toMatchObject({ connects: 2 });
    });

    it('outlives its core, and obeys when that is back', async () => {
      await core.want(app, 'G');
      await until(async () => (await reported())?.property === 'G');
      if (core.restart === undefined) {
        await app.stop();
        await run();
        // it does again what is still desired
        await until(async () => (await reported())?.property === 'G' && lit().join() === 'green');
      } else {
        await core.restart();
        expect(lit()).toEqual(['green']);
        await until(() => part().state === 'ok');
      }
      await core.want(app, 'Y');
      await until(async () => (await reported())?.property === 'Y');
      expect(lit()).toEqual(['yellow']);
    });

    it('is safe when it is stopped, whatever was asked', async () => {
      await core.want(app, 'G');
      await until(async () => (await reported())?.property === 'G');
      await app.stop();
      expect(lit()).toEqual(['red']);
    });

    it('says why its certificate is not taken, and stays safe', async (test) => {
      if (core.refuse === undefined) return test.skip('it makes the certificate that it takes');
      const why = await core.refuse();
      await run();
      await until(() => why.test(part().cause ?? ''), 20_000);
      expect(part().state).toBe('degraded');
      expect(lit()).toEqual(['red']);
    }, 25_000);
  });
}
