/** The application itself on an emulated board, its lamps seen from outside the guest. */
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Machine } from './machine.js';
import type { Outside } from './outside.js';

export type Lamp = 'red' | 'yellow' | 'green';
export type Lamps = Readonly<Record<Lamp, number>>;

const MAIN = 'node /opt/greenlight/dist/src/main.js';
const STATE = '/var/lib/greenlight';
/** Node, TLS and the store start slowly under software emulation, more so on a busy machine. */
const START_LIMIT_MS = 240_000;
const CHANGE_LIMIT_MS = 60_000;

export interface ApplicationSettings {
  readonly machine: Machine;
  readonly outside: Outside;
  /** Name of the file in test/rig/guest. */
  readonly config: string;
  /** Offsets of the lamps' lines. */
  readonly lamps: Lamps;
}

/** One application on one board. */
export class Application {
  constructor(private readonly settings: ApplicationSettings) {}

  async start(): Promise<void> {
    const { machine, config } = this.settings;
    await machine.run(
      `mkdir -p ${STATE}; ${MAIN} run -c /opt/rig/${config} --state ${STATE} >>/tmp/app.log 2>&1 </dev/null & echo $! >/tmp/app.pid`,
    );
  }

  /** Waits until exactly this lamp is lit. @returns ms that it took */
  async waitFor(lamp: Lamp, limitMs = CHANGE_LIMIT_MS): Promise<number> {
    const began = Date.now();
    let seen = '';
    while (Date.now() - began < limitMs) {
      seen = await this.lit();
      if (seen === lamp) return Date.now() - began;
      await sleep(20);
    }
    throw new Error(
      `lit: ${seen || 'nothing'}, expected ${lamp}; the application said:\n${await this.log()}`,
    );
  }

  waitForStart(): Promise<number> {
    return this.waitFor('red', START_LIMIT_MS);
  }

  /** The lamps that are lit at this moment, `+` between them; never red and green together. */
  async lit(): Promise<string> {
    const { outside, lamps } = this.settings;
    const lit: string[] = [];
    for (const lamp of ['red', 'yellow', 'green'] as const) {
      if (await outside.lit(lamps[lamp])) lit.push(lamp);
    }
    return lit.join('+');
  }

  /** Asks for an aspect through the shadow, as a person would; waits for the answer of the service only. */
  async desire(property: 'R' | 'Y' | 'G'): Promise<void> {
    const { machine } = this.settings;
    await machine.run(`${MAIN} shadow set GG_TrafficLight property=${property} --state ${STATE}`);
  }

  async reported(): Promise<string> {
    const { machine } = this.settings;
    const text = await machine.run(`${MAIN} shadow get GG_TrafficLight --json --state ${STATE}`);
    const document = JSON.parse(text.slice(text.indexOf('{'))) as {
      state?: { reported?: { property?: string } };
    };
    return document.state?.reported?.property ?? '';
  }

  async kill(): Promise<void> {
    await this.settings.machine.run(
      'kill -9 $(cat /tmp/app.pid); while kill -0 $(cat /tmp/app.pid) 2>/dev/null; do :; done',
    );
  }

  /** Stops as a service manager does. @returns the exit code */
  async stop(): Promise<number> {
    const { code } = await this.settings.machine.try(
      'kill -TERM $(cat /tmp/app.pid); wait $(cat /tmp/app.pid)',
    );
    return code;
  }

  async log(): Promise<string> {
    return (await this.settings.machine.try('tail -n 40 /tmp/app.log')).output;
  }
}

/** The light follows its shadow, survives kill −9, and ends at red. */
export async function followsItsShadow(application: Application): Promise<readonly string[]> {
  const said: string[] = [];
  await application.start();
  said.push(`figure: from start to red lamp: ${await application.waitForStart()} ms`);
  await waitUntilReported(application, 'R');
  for (const [property, lamp] of [
    ['G', 'green'],
    ['Y', 'yellow'],
    ['R', 'red'],
    ['G', 'green'],
  ] as const) {
    await application.desire(property);
    await application.waitFor(lamp);
    said.push(`desired ${property}: ${lamp} is lit, alone`);
  }
  assert.equal(await application.reported(), 'G');
  await application.kill();
  const left = (await application.lit()) || 'nothing';
  said.push(`after kill -9 this kernel leaves lit: ${left}`);
  await application.start();
  // First red, the safe state; then what the shadow still asks for.
  said.push(
    `figure: from restart to the desired green: ${await application.waitFor('green', START_LIMIT_MS)} ms`,
  );
  return said;
}

/** Each press of a button goes one aspect on. */
export async function obeysItsButton(
  application: Application,
  press: () => Promise<void>,
): Promise<readonly string[]> {
  const said: string[] = [];
  await application.start();
  said.push(`figure: from start to red lamp: ${await application.waitForStart()} ms`);
  await waitUntilReported(application, 'R');
  for (const [aspect, lamp] of [
    ['G', 'green'],
    ['Y', 'yellow'],
    ['R', 'red'],
    ['G', 'green'],
  ] as const) {
    const [took] = await Promise.all([application.waitFor(lamp), press()]);
    said.push(`figure: from press to ${lamp}: ${took} ms`);
    // A press counts from what the light reports, which comes a little after the lamp.
    await waitUntilReported(application, aspect);
  }
  return said;
}

/** Waits for the shadow: at the start the lamp comes on before the network does. */
async function waitUntilReported(application: Application, aspect: string): Promise<void> {
  const began = Date.now();
  for (;;) {
    try {
      if ((await application.reported()) === aspect) return;
    } catch (error) {
      // Not up yet: the control socket or the shadow is missing.
      if (Date.now() - began > START_LIMIT_MS) throw error;
    }
    if (Date.now() - began > START_LIMIT_MS) {
      throw new Error(`the light does not report ${aspect}:\n${await application.log()}`);
    }
    await sleep(500);
  }
}
