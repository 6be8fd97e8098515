import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { GuestImage } from './image.js';
import { LineChannel } from './line-channel.js';

export type MachineKind = 'raspi3b' | 'virt';

/** What the guest goes on with after its disk is mounted: systemd, or a bare shell. */
export type Init = 'systemd' | 'shell';

export interface MachineSettings {
  readonly kind: MachineKind;
  readonly image: GuestImage;
  readonly init: Init;
  /** A copy of the image's disk that keeps what the guest writes. Left out, all is forgotten at the end. */
  readonly disk?: string;
}

const INITS: Readonly<Record<Init, string>> = {
  systemd: 'init=/sbin/init systemd.show_status=no systemd.getty_auto=no',
  shell: 'init=/opt/rig/init',
};

/** Emulated boards boot within seconds on an idle machine, and within minutes on a busy one. */
const BOOT_LIMIT_MS = 400_000;
const POWER_OFF_LIMIT_MS = 180_000;

/** An emulated board: its serial console runs commands, its test port (qtest) and monitor (QMP) see it from outside. */
export class Machine {
  #process: ChildProcess | undefined;
  #folder = '';
  #startedAt = 0;
  #serial: Socket | undefined;
  #console = '';
  #onConsole: (() => void) | undefined;
  #qtest: LineChannel | undefined;
  #qmp: LineChannel | undefined;
  #commands = 0;
  #answer: ((question: string) => Promise<string>) | undefined;
  #line = '';

  constructor(private readonly settings: MachineSettings) {}

  get kind(): MachineKind {
    return this.settings.kind;
  }

  /** When the power came on, in ms as Date.now() has it. */
  get startedAt(): number {
    return this.#startedAt;
  }

  /** Boots to a shell. */
  async start(): Promise<void> {
    this.#folder = await mkdtemp(join(tmpdir(), 'greenlight-rig-'));
    const socket = (name: string): string => join(this.#folder, name);
    const { image, init, disk } = this.settings;
    this.#startedAt = Date.now();
    this.#process = spawn(
      'qemu-system-aarch64',
      [
        ...boardArguments(this.settings),
        ...['-accel', 'tcg', '-display', 'none', '-monitor', 'none', '-nodefaults'],
        ...(disk === undefined ? ['-snapshot', '-no-reboot'] : []),
        ...['-kernel', image.kernel, '-initrd', image.initramfs],
        '-append',
        `console=ttyAMA0,115200 loglevel=4 panic=5 audit=0 apparmor=0 rdinit=/init ${INITS[init]}`,
        ...['-serial', `unix:${socket('serial')},server=on,wait=off`],
        ...['-qtest', `unix:${socket('qtest')},server=on,wait=off`, '-qtest-log', 'none'],
        ...['-qmp', `unix:${socket('qmp')},server=on,wait=off`],
      ],
      { stdio: ['ignore', 'ignore', 'inherit'] },
    );
    // An emulator must not outlive the program that started it.
    process.on('exit', this.#end);
    this.#serial = await dial(socket('serial'));
    this.#serial.setEncoding('utf8').on('data', (text: string) => this.#read(text));
    this.#qtest = new LineChannel(await dial(socket('qtest')));
    this.#qmp = new LineChannel(await dial(socket('qmp')));
    await this.#qmp.next((line) => line.includes('"QMP"'));
    await this.qmp('qmp_capabilities');
    await this.#shell();
  }

  /** Waits for the shell of a boot and sets its clock. */
  async #shell(): Promise<void> {
    await this.#until(() => this.#console.includes('@@shell@@'), BOOT_LIMIT_MS, 'a shell');
    this.#serial?.write('PS1=\n');
    await this.run(`date -s @${Math.floor(Date.now() / 1000)} >/dev/null`);
  }

  readonly #end = (): void => {
    this.#process?.kill('SIGKILL');
    rmSync(this.#folder, { recursive: true, force: true });
  };

  async stop(): Promise<void> {
    process.off('exit', this.#end);
    const child = this.#process;
    this.#process = undefined;
    this.#serial?.destroy();
    this.#qtest?.close();
    this.#qmp?.close();
    if (child && child.exitCode === null) {
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
    if (this.#folder !== '') await rm(this.#folder, { recursive: true, force: true });
  }

  /** Has systemd start the guest anew; the emulator goes on. Returns when there is a shell again. */
  async reboot(): Promise<void> {
    this.#console = '';
    this.#startedAt = Date.now();
    this.#serial?.write('systemctl reboot\n');
    await this.#shell();
  }

  /** Has systemd end the guest, its disk in order, and the emulator with it. */
  async powerOff(): Promise<void> {
    const child = this.#process;
    if (child === undefined) return;
    this.#console = '';
    const gone = once(child, 'exit');
    this.#serial?.write('systemctl poweroff\n');
    const late = new AbortController();
    await Promise.race([
      gone,
      sleep(POWER_OFF_LIMIT_MS, undefined, { signal: late.signal }).then(() => {
        throw new Error(`${this.kind}: no power-off within ${POWER_OFF_LIMIT_MS} ms; ${this.#tail()}`);
      }),
    ]).finally(() => late.abort());
    await this.stop();
  }

  #tail(): string {
    return `console:\n${this.#console.slice(-2000)}`;
  }

  /** Runs a shell command in the guest. @returns what it printed @throws {Error} when it fails or takes too long */
  async run(command: string, limitMs = 120_000): Promise<string> {
    const { output, code } = await this.try(command, limitMs);
    if (code !== 0) throw new Error(`in the guest: ${command}\nended with ${code}:\n${output}`);
    return output;
  }

  /** As {@link run}, but a failure is an answer. */
  async try(command: string, limitMs = 120_000): Promise<{ output: string; code: number }> {
    const mark = `@@${++this.#commands}@@`;
    this.#console = '';
    // One line: the next one would go to a program that reads the console.
    this.#serial?.write(`${command}; echo "${mark}" $? "@@"\n`);
    const done = new RegExp(`${mark} (\\d+) @@`);
    await this.#until(() => done.test(this.#console), limitMs, command);
    const found = done.exec(this.#console);
    const output = this.#console
      .slice(0, found?.index)
      .replaceAll('\r', '')
      .split('\n')
      .filter((line) => !line.startsWith('@@ask '))
      .join('\n')
      .trim();
    return { output, code: Number(found?.[1]) };
  }

  /** Reads a 32-bit register from outside the guest. */
  async readRegister(address: number): Promise<number> {
    return Number(await this.#qtestCommand(`readl 0x${address.toString(16)}`));
  }

  async writeRegister(address: number, value: number): Promise<void> {
    await this.#qtestCommand(`writel 0x${address.toString(16)} 0x${value.toString(16)}`);
  }

  /** Sets an input wire of a device from outside. */
  async setIrqIn(device: string, index: number, level: 0 | 1): Promise<void> {
    await this.#qtestCommand(`set_irq_in ${device} unnamed-gpio-in ${index} ${level}`);
  }

  async qmp<T>(execute: string, args: object = {}): Promise<T> {
    const channel = this.#qmp;
    if (channel === undefined) throw new Error('the machine is not running');
    const line = await channel.ask(
      JSON.stringify({ execute, arguments: args }),
      (each) => each.includes('"return"') || each.includes('"error"'),
    );
    const answer = JSON.parse(line) as { return?: T; error?: { desc: string } };
    if (answer.error) throw new Error(`QMP ${execute}: ${answer.error.desc}`);
    return answer.return as T;
  }

  async #qtestCommand(command: string): Promise<string> {
    const channel = this.#qtest;
    if (channel === undefined) throw new Error('the machine is not running');
    const line = await channel.ask(command, (each) => each.startsWith('OK') || each.startsWith('FAIL'));
    if (!line.startsWith('OK')) throw new Error(`qtest ${command}: ${line}`);
    return line.slice(2).trim();
  }

  /** Answers what guest programs ask on the console (`@@ask …`), from outside the guest. */
  answerWith(answer: (question: string) => Promise<string>): void {
    this.#answer = answer;
  }

  #read(text: string): void {
    this.#console += text;
    const lines = (this.#line + text).split('\n');
    this.#line = lines.pop() ?? '';
    for (const line of lines) {
      const question = /^@@ask (.*?)\r?$/.exec(line)?.[1];
      if (question === undefined || this.#answer === undefined) continue;
      this.#answer(question).then(
        (answer) => this.#serial?.write(`${answer}\n`),
        (error) => process.stderr.write(`rig: ${question}: ${error}\n`),
      );
    }
    this.#onConsole?.();
  }

  #until(condition: () => boolean, limitMs: number, what: string): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#onConsole = undefined;
        reject(new Error(`${this.kind}: no answer to "${what}" within ${limitMs} ms; ${this.#tail()}`));
      }, limitMs);
      const check = (): void => {
        const panic = /Kernel panic.*/.exec(this.#console)?.[0];
        if (panic === undefined && !condition()) return;
        clearTimeout(timer);
        this.#onConsole = undefined;
        if (panic === undefined) resolve();
        else reject(new Error(`${this.kind}: ${panic}; console:\n${this.#console.slice(-4000)}`));
      };
      this.#onConsole = check;
      check();
    });
  }
}

function boardArguments({ kind, image, disk }: MachineSettings): readonly string[] {
  // Nothing here must outlast a crash of this machine, so no flush of the guest need reach its disk.
  const drive = `format=raw,cache=unsafe,file=${disk ?? image.disk}`;
  if (kind === 'raspi3b') {
    return ['-M', 'raspi3b', '-dtb', image.raspiDtb, '-drive', `if=sd,${drive}`];
  }
  return [
    ...['-M', 'virt', '-cpu', 'cortex-a57', '-smp', '2', '-m', '1G'],
    ...['-drive', `if=none,id=disk,${drive}`, '-device', 'virtio-blk-device,drive=disk'],
  ];
}

async function dial(path: string): Promise<Socket> {
  for (let tries = 0; ; tries += 1) {
    const socket = connect(path);
    try {
      await once(socket, 'connect');
      return socket;
    } catch (error) {
      // QEMU makes its sockets a moment after it starts.
      if (tries >= 100) throw error;
      await sleep(100);
    }
  }
}
