/** `deployer.ts FOLDER [STEP]`: deploys one group after the other without end; kills itself at that step of the first. */
import { group, markOf, open } from './group.js';

const [folder = '', at] = process.argv.slice(2);
const killAt = at === undefined ? Number.POSITIVE_INFINITY : Number(at);
let steps = Number.NEGATIVE_INFINITY;
const step = (): void => {
  steps += 1;
  if (steps === killAt) process.kill(process.pid, 'SIGKILL');
};

const { service, initial } = await open(folder, step);
service.attach(
  ['first', 'second'].map((name) => ({
    name,
    apply: async () => {
      step();
      await new Promise((resolve) => setTimeout(resolve, 2));
      step();
    },
  })),
);
steps = 0;
for (let mark = markOf(initial) + 1; ; mark++) {
  const { done } = await service.deploy(group(mark), { by: 'test' });
  process.stdout.write(`begun ${mark}\n`);
  if ((await done).status !== 'Success') throw new Error('a deployment failed');
  process.stdout.write(`done ${mark}\n`);
  if (at !== undefined) process.exit(0);
}
