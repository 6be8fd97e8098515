/** The application itself on an emulated board, started by hand; its lamps are seen from outside the guest. */
import assert from 'node:assert/strict';
import { Light, type LightSettings, START_LIMIT_MS } from './light.js';

const MAIN = 'node /opt/rig/app/dist/src/main.js';
const STATE = '/var/lib/greenlight';

export interface ApplicationSettings extends Pick<LightSettings, 'machine' | 'outside' | 'lamps'> {
  /** Name of the file in test/rig/guest. */
  readonly config: string;
}

/** One application on one board. */
export class Application {
  readonly light: Light;

  constructor(private readonly settings: ApplicationSettings) {
    const explain = (): Promise<string> => this.log();
    this.light = new Light({ ...settings, command: `GREENLIGHT_STATE=${STATE} ${MAIN}`, explain });
  }

  async start(): Promise<void> {
    const { machine, config } = this.settings;
    await machine.run(
      `mkdir -p ${STATE}; ${MAIN} run -c /opt/rig/${config} --state ${STATE} >>/tmp/app.log 2>&1 </dev/null & echo $! >/tmp/app.pid`,
    );
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
  const { light } = application;
  await application.start();
  said.push(`figure: from start to red lamp: ${await light.waitFor('red', START_LIMIT_MS)} ms`);
  await light.waitUntilReported('R');
  for (const [property, lamp] of [
    ['G', 'green'],
    ['Y', 'yellow'],
    ['R', 'red'],
    ['G', 'green'],
  ] as const) {
    await light.desire(property);
    await light.waitFor(lamp);
    said.push(`desired ${property}: ${lamp} is lit, alone`);
  }
  assert.equal(await light.reported(), 'G');
  await application.kill();
  const left = (await light.lit()) || 'nothing';
  said.push(`after kill -9 this kernel leaves lit: ${left}`);
  await application.start();
  // First red, the safe state; then what the shadow still asks for.
  said.push(`figure: from restart to the desired green: ${await light.waitFor('green', START_LIMIT_MS)} ms`);
  return said;
}

/** Each press of a button goes one aspect on. */
export async function obeysItsButton(
  application: Application,
  press: () => Promise<void>,
): Promise<readonly string[]> {
  const said: string[] = [];
  const { light } = application;
  await application.start();
  said.push(`figure: from start to red lamp: ${await light.waitFor('red', START_LIMIT_MS)} ms`);
  await light.waitUntilReported('R');
  for (const [aspect, lamp] of [
    ['G', 'green'],
    ['Y', 'yellow'],
    ['R', 'red'],
    ['G', 'green'],
  ] as const) {
    const [took] = await Promise.all([light.waitFor(lamp), press()]);
    said.push(`figure: from press to ${lamp}: ${took} ms`);
    // A press counts from what the light reports, which comes a little after the lamp.
    await light.waitUntilReported(aspect);
  }
  return said;
}
