import type { Catalog } from '../config/catalog.js';
import { checkConfig, formatProblem } from '../config/index.js';
import { checkCertificates, checkClock, checkKeys, checkThingFiles } from './checks/certificates.js';
import { checkGpio } from './checks/gpio.js';
import { checkPorts, checkStateFolder } from './checks/places.js';
import { checkCore } from './checks/reach.js';
import { checkInterpreters, checkNode, checkPackages, checkWatchdog } from './checks/runtime.js';
import { checkUnits } from './checks/units.js';
import type { Check, Finding, Outside } from './contract.js';

const CHECKS: readonly Check[] = [
  checkPackages,
  checkInterpreters,
  checkWatchdog,
  checkUnits,
  checkClock,
  checkStateFolder,
  checkCertificates,
  checkThingFiles,
  checkKeys,
  checkPorts,
  checkGpio,
  checkCore,
];

export interface ExamineOptions {
  readonly catalog: Catalog;
  readonly overrides?: { readonly stateDir?: string };
}

/** Everything that is wrong, in the order in which it is best mended. Does not throw for anything it finds. */
export async function examine(
  file: string,
  outside: Outside,
  options: ExamineOptions,
): Promise<readonly Finding[]> {
  const findings = [...(await checkNode(outside))];
  const { config, problems } = await checkConfig({ file }, { ...options, env: { ...outside.env } });
  if (config === undefined) {
    // what the other checks would look at is not known
    const mend = (path: string): string =>
      path === ''
        ? `ls -l ${file} tells whether it is there and readable; name another with -c FILE, or use sudo`
        : `mend the file; greenlight check ${file} tells when it is right`;
    return [
      ...findings,
      ...problems.map(
        (problem): Finding => ({
          code: 'configuration',
          severity: 'problem',
          message: formatProblem(file, problem),
          mend: mend(problem.path),
        }),
      ),
    ];
  }
  const running = await outside.running(config.stateDir);
  for (const check of CHECKS) findings.push(...(await check({ config, outside, running })));
  return findings;
}
