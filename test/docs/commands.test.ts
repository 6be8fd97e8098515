import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { cli } from '../support/cli.js';
import { EXERCISED } from './commands.js';
import { filesBelow, ROOT, read } from './generate/sources.js';

const PAGES = ['README.md', ...filesBelow('docs', '.md')];

/** Commands of every fenced `sh` block, without `npx` and `sudo` before `greenlight`. */
function shownCommands(): readonly { page: string; command: string }[] {
  return PAGES.flatMap((page) =>
    [...read(page).matchAll(/^```(?:sh|bash|shell|console)\n([\s\S]*?)^```$/gm)].flatMap(([, block]) =>
      block!
        .replaceAll('\\\n', ' ')
        .split('\n')
        .flatMap((line) => line.replace(/(^|\s)#.*$/, '').split('&&'))
        .map((command) => command.trim().replace(/^(npx|sudo) (?=greenlight )/, ''))
        .filter((command) => command !== '')
        .map((command) => ({ page, command })),
    ),
  );
}

function exercised(command: string) {
  return EXERCISED.filter(({ begins }) => command === begins || command.startsWith(`${begins} `)).sort(
    (a, b) => b.begins.length - a.begins.length,
  )[0];
}

describe('commands in documentation', () => {
  it('are exercised: test/docs/commands.ts says where', () => {
    const commands = shownCommands();
    expect(commands.length).toBeGreaterThan(0);
    expect(commands.filter(({ command }) => exercised(command) === undefined)).toEqual([]);
  });

  it.each(EXERCISED)('$begins is exercised in $by', ({ by, proof }) => {
    expect(read(by)).toContain(proof);
  });

  it('have options that the command knows', async () => {
    for (const { page, command } of shownCommands().filter(({ command }) =>
      command.startsWith('greenlight '),
    )) {
      const words = command.split(/\s+/).slice(1);
      const verb = exercised(command)!.begins.split(' ').slice(1);
      const sub = verb[0] === 'thing' ? ['thing', words[1]!] : verb;
      const { code, out } = await cli([...sub, '--help']);
      expect(code, `${page}: ${command}`).toBe(0);
      for (const option of words.filter((word) => /^--?[a-z]/.test(word))) {
        expect(out, `${page}: ${command}`).toMatch(new RegExp(`(^|[\\s,])${option}[\\s,]`));
      }
    }
  });

  it('are scripts of the package', () => {
    const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
    for (const { command } of shownCommands()) {
      const script = /^npm (?:run (\S+)|(start|test))/.exec(command);
      if (script !== null) expect(Object.keys(scripts)).toContain(script[1] ?? script[2]);
    }
  });
});

describe('links in documentation', () => {
  it.each(PAGES)('of %s lead to files', (page) => {
    const folder = join(ROOT, page, '..');
    const targets = [...read(page).matchAll(/\]\(([^)#\s]+)(?:#[^)]*)?\)/g)].map(([, target]) => target!);
    const local = targets.filter((target) => !/^[a-z]+:/.test(target));
    expect(local.filter((target) => !existsSync(join(folder, target)))).toEqual([]);
  });
});
