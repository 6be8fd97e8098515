import { existsSync } from 'node:fs';
import { hasProgram, sh, step } from './shell.js';

interface Tool {
  /** A program, or the path of a file. */
  readonly program: string;
  /** The Debian package that has it. */
  readonly package: string;
}

const TOOLS: readonly Tool[] = [
  { program: 'qemu-system-aarch64', package: 'qemu-system-arm' },
  { program: 'apt-get', package: 'apt' },
  { program: 'dpkg-deb', package: 'dpkg' },
  { program: 'mke2fs', package: 'e2fsprogs' },
  { program: 'depmod', package: 'kmod' },
  { program: 'cpio', package: 'cpio' },
  { program: 'fdtput', package: 'device-tree-compiler' },
  { program: 'aarch64-linux-gnu-g++', package: 'g++-aarch64-linux-gnu' },
  { program: 'aarch64-linux-gnu-gcc', package: 'gcc-aarch64-linux-gnu' },
  { program: '/usr/aarch64-linux-gnu/include/stdio.h', package: 'libc6-dev-arm64-cross' },
  { program: 'make', package: 'make' },
  { program: 'python3', package: 'python3' },
];

/** What the rig needs and this machine lacks. */
export function missingTools(): readonly Tool[] {
  return TOOLS.filter(
    ({ program }) => !(program.startsWith('/') ? existsSync(program) : hasProgram(program)),
  );
}

/** Installs the missing ones from Debian; needs root. */
export async function installTools(tools: readonly Tool[]): Promise<void> {
  const packages = [...new Set(tools.map((tool) => tool.package))];
  const env = { DEBIAN_FRONTEND: 'noninteractive' };
  await step(`installing ${packages.join(', ')}`, async () => {
    await sh('apt-get', ['update', '-q'], { env });
    await sh('apt-get', ['install', '-y', '-q', '--no-install-recommends', ...packages], { env });
  });
}
