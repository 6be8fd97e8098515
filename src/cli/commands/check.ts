import { resolve } from 'node:path';
import { EXIT } from '../exit.js';
import type { Register } from '../program.js';

/** `greenlight check FILE`: every problem with its path and line, or what the configuration comes to. */
export const registerCheck: Register = (program, { io, action }) => {
  program
    .command('check')
    .argument('<file>', 'a configuration file')
    .description('every problem of a configuration with its place; else what it comes to')
    .option('--json', 'problems, or the effective configuration, as JSON')
    .action(
      action(async (file: string, options: { json?: boolean }) => {
        const [{ checkConfig, formatProblem, withoutSecrets }, { CATALOG }] = await Promise.all([
          import('../../config/index.js'),
          import('../../catalog.js'),
        ]);
        const { config, problems } = await checkConfig(
          { file: resolve(file) },
          { catalog: CATALOG, env: io.env },
        );
        if (config === undefined) {
          if (options.json) io.out(`${JSON.stringify({ problems }, null, 2)}\n`);
          else for (const problem of problems) io.err(`${formatProblem(file, problem)}\n`);
          return EXIT.no;
        }
        const effective = withoutSecrets(config);
        io.out(
          options.json
            ? `${JSON.stringify({ config: effective }, null, 2)}\n`
            : `${file}: no problem\n${JSON.stringify(effective, null, 2)}\n`,
        );
        return EXIT.done;
      }),
    );
};
