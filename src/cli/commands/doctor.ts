import { EXIT } from '../exit.js';
import { type CliIo, defaultConfigFile } from '../io.js';
import type { Register } from '../program.js';
import { stateOverride } from '../state.js';

interface DoctorOptions {
  readonly config: string;
  readonly state?: string;
  readonly json?: boolean;
}

/** `greenlight doctor`: exit code 1 when something will not work; warnings alone are 0. */
export const registerDoctor: Register = (program, { io, action }) => {
  program
    .command('doctor')
    .description('what is wrong with this machine for a configuration, and how to mend it')
    .option('-c, --config <file>', 'configuration file', defaultConfigFile())
    .option('--state <dir>', 'state folder, instead of the one in the configuration')
    .option('--json', 'as JSON')
    .action(action((options: DoctorOptions) => doctor(options, io)));
};

async function doctor(options: DoctorOptions, io: CliIo): Promise<number> {
  const [{ examine, thisMachine }, { CATALOG }] = await Promise.all([
    import('../../doctor/index.js'),
    import('../../catalog.js'),
  ]);
  const findings = await examine(options.config, thisMachine(io.env), {
    catalog: CATALOG,
    overrides: stateOverride(options),
  });
  if (options.json) io.out(`${JSON.stringify({ config: options.config, findings }, null, 2)}\n`);
  else if (findings.length === 0) io.out(`nothing is wrong for ${options.config}\n`);
  for (const { code, severity, message, mend } of options.json ? [] : findings)
    io.out(`${severity} ${code}: ${message}\n  mend: ${mend}\n`);
  return findings.some(({ severity }) => severity === 'problem') ? EXIT.no : EXIT.done;
}
