import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { GuestImage } from './image.js';
import { type Lamps, Light, START_LIMIT_MS } from './light.js';
import { Machine, type MachineKind } from './machine.js';
import { outsideOf } from './outside.js';
import { sh, step } from './shell.js';

/** Offsets of the lamps in the configurations of the guest. */
export const LAMPS: Readonly<Record<MachineKind, Lamps>> = {
  raspi3b: { red: 17, yellow: 27, green: 22 },
  virt: { red: 0, yellow: 1, green: 2 },
};

export interface ApplianceSettings {
  readonly kind: MachineKind;
  readonly image: GuestImage;
  /** The disk that it starts from; it is copied. */
  readonly disk: string;
  /** Where the copy goes. */
  readonly folder: string;
  /** What is to be done after each boot of a fresh copy. */
  readonly prepare?: (appliance: Appliance) => Promise<void>;
}

/** A board that runs systemd, with the installed application or without. */
export class Appliance {
  #machine: Machine | undefined;
  #light: Light | undefined;

  constructor(private readonly settings: ApplianceSettings) {}

  get machine(): Machine {
    if (this.#machine === undefined) throw new Error(`${this.settings.kind} is not running`);
    return this.#machine;
  }

  get light(): Light {
    if (this.#light === undefined) throw new Error(`${this.settings.kind} is not running`);
    return this.#light;
  }

  /** The file with what the guest wrote. */
  get disk(): string {
    return join(this.settings.folder, `${this.settings.kind}.img`);
  }

  /** Boots a fresh copy of the disk. */
  async start(): Promise<void> {
    const { kind, image, disk, prepare } = this.settings;
    await this.stop();
    await step(`booting ${kind} with systemd`, async () => {
      await sh('cp', ['--sparse=always', disk, this.disk]);
      const machine = new Machine({ kind, image, init: 'systemd', disk: this.disk });
      this.#machine = machine;
      await machine.start();
      this.#light = new Light({
        machine,
        outside: await outsideOf(machine),
        lamps: LAMPS[kind],
        command: 'greenlight',
        explain: () => this.explain(),
      });
    });
    await prepare?.(this);
  }

  /** Gets the unit to run again; where that does not help, or `thoroughly`, it boots a fresh copy. */
  async recover(thoroughly: boolean): Promise<void> {
    if (!thoroughly) {
      try {
        await this.undrop();
        await this.run('systemctl stop "greenlight*"; systemctl reset-failed; systemctl start greenlight');
        return;
      } catch (error) {
        process.stdout.write(`rig: ${error}\n`);
      }
    }
    await this.start();
  }

  async stop(): Promise<void> {
    await this.#machine?.stop();
    this.#machine = undefined;
    this.#light = undefined;
    await rm(this.disk, { force: true });
  }

  run(command: string, limitMs = 300_000): Promise<string> {
    return this.machine.run(command, limitMs);
  }

  /** Waits until a unit is in a state, as systemd names it: `active (running)`. @returns ms that it took */
  async until(state: string, { unit = 'greenlight', limitMs = START_LIMIT_MS } = {}): Promise<number> {
    const began = Date.now();
    for (;;) {
      const seen = await this.state(unit);
      if (seen === state) return Date.now() - began;
      if (Date.now() - began > limitMs) {
        throw new Error(
          `${unit} is ${seen}, expected ${state} within ${limitMs} ms; the guest says:\n${await this.explain(unit)}`,
        );
      }
      await sleep(300);
    }
  }

  async state(unit = 'greenlight'): Promise<string> {
    const { ActiveState, SubState } = await this.properties(['ActiveState', 'SubState'], unit);
    return `${ActiveState} (${SubState})`;
  }

  async properties<Name extends string>(
    names: readonly Name[],
    unit = 'greenlight',
  ): Promise<Readonly<Record<Name, string>>> {
    const said = await this.run(`systemctl show ${unit} ${names.map((name) => `-p ${name}`).join(' ')}`);
    return Object.fromEntries(
      said.split('\n').map((line) => /^(\w+)=(.*)$/.exec(line)?.slice(1) ?? ['', '']),
    );
  }

  /** Seconds from the start of the unit's process until it said that it is ready. */
  async secondsToReady(unit = 'greenlight'): Promise<number> {
    const times = await this.properties(
      ['ExecMainStartTimestampMonotonic', 'ActiveEnterTimestampMonotonic'],
      unit,
    );
    return (
      (Number(times.ActiveEnterTimestampMonotonic) - Number(times.ExecMainStartTimestampMonotonic)) / 1e6
    );
  }

  /** Drop-ins of greenlight.service until the next {@link undrop}. */
  async dropIn(lines: string): Promise<void> {
    await this.run(
      `mkdir -p /run/systemd/system/greenlight.service.d; printf '[Service]\\n${lines}\\n' >/run/systemd/system/greenlight.service.d/rig.conf; systemctl daemon-reload`,
    );
  }

  async undrop(): Promise<void> {
    await this.run('rm -rf /run/systemd/system/greenlight.service.d; systemctl daemon-reload');
  }

  async explain(unit = 'greenlight'): Promise<string> {
    const { output } = await this.machine.try(
      `systemctl status ${unit} --no-pager -l -n 0; journalctl --no-pager -o cat -n 25; systemctl list-jobs --no-pager`,
    );
    return output;
  }
}
