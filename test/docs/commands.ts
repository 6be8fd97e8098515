/** Commands that documentation may show in its `sh` blocks, each with the place where it is exercised. */

export interface ExercisedCommand {
  /** How the command begins, without `npx`: `greenlight shadow get`. The longest that fits counts. */
  readonly begins: string;
  /** File that exercises it. */
  readonly by: string;
  /** Text in that file, by which a reader finds the place and a test sees that it is still there. */
  readonly proof: string;
}

const COMMANDS_TEST = 'test/cli/commands.test.ts';

export const EXERCISED: readonly ExercisedCommand[] = [
  { begins: 'npm ci', by: '.ci/run', proof: 'npm ci' },
  { begins: 'npm test', by: '.ci/run', proof: 'npm test' },
  { begins: 'npm start', by: 'package.json', proof: 'node dist/src/main.js run' },
  { begins: 'npm run build', by: 'package.json', proof: '"test": "npm run --silent build' },
  { begins: 'npm run bench', by: 'package.json', proof: 'bench/main.ts' },
  { begins: 'npm run bundle', by: 'test/deep/packages.sh', proof: 'systemd/bundle.sh' },
  { begins: 'npm run deb', by: 'test/deep/packages.sh', proof: 'systemd/build-deb.sh' },
  { begins: 'npm run docs', by: 'test/docs/generated.test.ts', proof: 'generated()' },
  { begins: 'npx tsx test/docs/generate/all.ts', by: 'test/docs/generated.test.ts', proof: 'generated()' },
  { begins: 'greenlight run', by: COMMANDS_TEST, proof: "cli(['run', '-c', file" },
  { begins: 'greenlight check', by: COMMANDS_TEST, proof: "cli(['check', 'config/laptop.yaml'" },
  { begins: 'greenlight status', by: COMMANDS_TEST, proof: "on('status')" },
  { begins: 'greenlight log', by: 'test/cli/log.test.ts', proof: "cli(['log', ...argv" },
  { begins: 'greenlight stats', by: COMMANDS_TEST, proof: "on('stats')" },
  {
    begins: 'greenlight telemetry',
    by: 'test/cli/telemetry.test.ts',
    proof: "cli(['telemetry', 'GG_Climate'",
  },
  {
    begins: 'greenlight package greengrass-v2',
    by: 'test/packaging/greengrass-v2.test.ts',
    proof: "cli(['package', 'greengrass-v2'",
  },
  {
    begins: 'greenlight package aws',
    by: 'test/packaging/greengrass-v2.test.ts',
    proof: "cli(['package', 'aws'",
  },
  { begins: 'greenlight subscriptions', by: COMMANDS_TEST, proof: "on('subscriptions')" },
  { begins: 'greenlight why', by: COMMANDS_TEST, proof: "'why', 'HelloWorld_Publisher', 'publish'" },
  { begins: 'greenlight shadow get', by: COMMANDS_TEST, proof: "'shadow', 'get', 'GG_TrafficLight'" },
  {
    begins: 'greenlight shadow set',
    by: COMMANDS_TEST,
    proof: "'shadow', 'set', 'GG_TrafficLight', 'property=G'",
  },
  { begins: 'greenlight shadow watch', by: COMMANDS_TEST, proof: "cli(['shadow', 'watch'" },
  { begins: 'greenlight shadow list', by: COMMANDS_TEST, proof: "'shadow', 'list'" },
  { begins: 'greenlight shadow delete', by: COMMANDS_TEST, proof: "'shadow', 'delete'" },
  { begins: 'greenlight deploy', by: 'test/scenarios/deploy.test.ts', proof: "cli(['deploy'," },
  { begins: 'greenlight deployments', by: 'test/scenarios/deploy.test.ts', proof: "on('deployments')" },
  {
    begins: 'greenlight import',
    by: 'test/scenarios/deploy.test.ts',
    proof: "cli(['import', 'greengrass-v1'",
  },
  { begins: 'greenlight doctor', by: 'test/doctor/findings.test.ts', proof: "cli(['doctor', '-c', file" },
  {
    begins: 'greenlight safe-state',
    by: 'test/cli/safe-state.test.ts',
    proof: "cli(['safe-state', '-c', file",
  },
  { begins: 'greenlight gpio', by: COMMANDS_TEST, proof: "cli(['gpio'," },
  { begins: 'greenlight gpio blink', by: COMMANDS_TEST, proof: "cli(['gpio', 'blink'" },
  { begins: 'greenlight gpio loopback', by: COMMANDS_TEST, proof: "cli(['gpio', 'loopback'" },
  { begins: 'greenlight mqtt', by: COMMANDS_TEST, proof: "cli(['mqtt', ...argv" },
  {
    begins: 'greenlight update keygen',
    by: 'test/update/commands.test.ts',
    proof: "cli(['update', 'keygen'",
  },
  { begins: 'greenlight update sign', by: 'test/update/commands.test.ts', proof: "cli(['update', 'sign'" },
  { begins: 'greenlight thing', by: COMMANDS_TEST, proof: "cli(['thing', ...argv" },
];
