import type { Machine } from './machine.js';

/** Registers of the BCM2835 GPIO block as the Pi 3 maps them. */
const BCM = { FSEL0: 0x3f200000, SET0: 0x3f20001c, CLR0: 0x3f200028, LEV0: 0x3f200034 } as const;
/** Data register of the PL061; the address bits 2 to 9 mask the lines. */
const PL061 = 0x09030000;

/** The lines of an emulated board, seen and driven from outside the guest. */
export interface Outside {
  drive(offset: number, level: 0 | 1): Promise<void>;
  /** Electrical level. */
  level(offset: number): Promise<0 | 1>;
  /** The outputs whose level is high, a bit each, all levels of one moment: lamps on them are lit. */
  lit(): Promise<number>;
}

export async function outsideOf(machine: Machine): Promise<Outside> {
  return machine.kind === 'raspi3b' ? raspi(machine) : virt(machine, await pl061Path(machine));
}

/** Answers the questions that guest programs ask. */
export function answerQuestions(machine: Machine, outside: Outside): void {
  machine.answerWith(async (text) => {
    const { do: what, offset, level } = JSON.parse(text) as { do: string; offset: number; level?: 0 | 1 };
    if (what === 'drive') {
      await outside.drive(offset, level ?? 0);
      return '0';
    }
    return String(await outside.level(offset));
  });
}

function raspi(machine: Machine): Outside {
  const selects = async (): Promise<readonly number[]> => [
    await machine.readRegister(BCM.FSEL0),
    await machine.readRegister(BCM.FSEL0 + 4),
    await machine.readRegister(BCM.FSEL0 + 8),
  ];
  const level = async (offset: number): Promise<0 | 1> =>
    (await machine.readRegister(BCM.LEV0)) & (1 << offset) ? 1 : 0;
  return {
    // The emulated block takes a level on an input line this way, though without an edge.
    drive: (offset, to) => machine.writeRegister(to === 1 ? BCM.SET0 : BCM.CLR0, 2 ** offset),
    level,
    lit: async () => {
      let outputs = 0;
      // Ten lines to a register, three bits each; 1 is an output. The header has lines up to 27.
      for (const [index, select] of (await selects()).entries()) {
        for (let line = 0; line < 10; line += 1) {
          if (((select >>> (3 * line)) & 7) === 1) outputs |= 1 << (10 * index + line);
        }
      }
      return outputs & (await machine.readRegister(BCM.LEV0));
    },
  };
}

function virt(machine: Machine, device: string): Outside {
  const level = async (offset: number): Promise<0 | 1> =>
    (await machine.readRegister(PL061 + (4 << offset))) === 0 ? 0 : 1;
  return {
    drive: (offset, to) => machine.setIrqIn(device, offset, to),
    level,
    lit: () => machine.readRegister(PL061 + (0xff << 2)),
  };
}

async function pl061Path(machine: Machine): Promise<string> {
  const parent = '/machine/unattached';
  const children = await machine.qmp<{ name: string; type: string }[]>('qom-list', { path: parent });
  const found = children.find((child) => child.type === 'child<pl061>');
  if (found === undefined) throw new Error('the virt board has no PL061');
  return `${parent}/${found.name}`;
}
