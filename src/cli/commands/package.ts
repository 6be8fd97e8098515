import { mkdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { Config } from '../../config/model.js';
import { EXIT } from '../exit.js';
import type { CliIo } from '../io.js';
import type { Register } from '../program.js';

/** `greenlight package aws|greengrass-v2`: what a configuration needs of AWS, as files. */
export const registerPackage: Register = (program, { io, action }) => {
  const command = program.command('package').description('what a configuration needs of AWS, as files');
  command
    .command('aws')
    .argument('<file>', 'a configuration file')
    .description('a CloudFormation template: things, policies, table, role alias')
    .action(
      action(async (file: string) => {
        const config = await configOf(file, io);
        if (config === undefined) return EXIT.no;
        const { awsPackage } = await import('../../app/package.js');
        io.out(text(awsPackage(config)));
        return undefined;
      }),
    );
  command
    .command('greengrass-v2')
    .argument('<file>', 'a configuration file with connect.greengrass')
    .requiredOption('--out <folder>', 'folder for recipe, deployment and archive')
    .description('its things as a component of a Greengrass V2 core')
    .action(
      action(async (file: string, { out }: { out: string }) => {
        const config = await configOf(file, io);
        if (config === undefined) return EXIT.no;
        const { greengrassPackage } = await import('../../app/package.js');
        const { recipe, deployment, archive } = await greengrassPackage(config);
        await mkdir(out, { recursive: true });
        for (const [name, content] of [
          ['recipe.json', text(recipe)],
          ['deployment.json', text(deployment)],
          [archive.name, archive.content],
        ] as const) {
          await writeFile(join(out, name), content);
          io.out(`${join(out, name)}\n`);
        }
        return undefined;
      }),
    );
};

function text(document: unknown): string {
  return `${JSON.stringify(document, null, 2)}\n`;
}

async function configOf(file: string, io: CliIo): Promise<Config | undefined> {
  const [{ checkConfig, formatProblem }, { CATALOG }] = await Promise.all([
    import('../../config/index.js'),
    import('../../catalog.js'),
  ]);
  const { config, problems } = await checkConfig({ file: resolve(file) }, { catalog: CATALOG, env: io.env });
  for (const problem of config === undefined ? problems : []) io.err(`${formatProblem(file, problem)}\n`);
  return config;
}
