import { execFile } from 'node:child_process';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';

const run = promisify(execFile);

describe('the command line', () => {
  it('loads no package but its own before it knows the command: a Pi takes seconds for each', async () => {
    const program = pathToFileURL('dist/src/cli/program.js').href;
    const script = `await import('${program}');
      const { default: { _cache } } = await import('node:module');
      console.log(JSON.stringify(Object.keys(_cache)));`;
    const { stdout } = await run(process.execPath, ['--input-type=module', '-e', script]);
    const packages = (JSON.parse(stdout) as string[]).map(
      (file) => /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(file)?.[1],
    );
    expect([...new Set(packages)]).toEqual(['commander']);
  });
});
