import { readdir, readFile } from 'node:fs/promises';
import { basename, join, relative, sep } from 'node:path';
import { ROLES } from '../../devices/index.js';
import type { JsonObject } from '../../hal/index.js';
import { type CarAggregatorOptions, subjectsOfCars } from '../aggregator/car-aggregator.js';
import type { Config } from '../config/model.js';
import { Group, OWN_NAME } from '../core/group/index.js';
import { packageFolder, packageVersion } from '../package.js';
import {
  cloudFormation,
  deployment,
  recipe,
  type ThingTopics,
  type ZipEntry,
  zip,
} from '../packaging/index.js';
import { cloudSubjects } from './cloud.js';
import { groupDefinition } from './group.js';

/** Of the product, what a machine needs to run things. */
const SHIPPED = ['package.json', 'dist/hal', 'dist/devices', 'dist/src', 'runtimes', 'LICENSE'];

/** @throws {PackageError} */
export function awsPackage(config: Config): JsonObject {
  return cloudFormation(config, cloudSubjects(groupOf(config)));
}

export interface GreengrassPackage {
  readonly recipe: JsonObject;
  readonly deployment: JsonObject;
  readonly archive: { readonly name: string; readonly content: Buffer };
}

/** Needs the built product. @throws {PackageError} */
export async function greengrassPackage(config: Config): Promise<GreengrassPackage> {
  const version = packageVersion();
  const archive = `greenlight-things-${version}.zip`;
  const configFile = `config/${basename(config.file)}`;
  const group = groupOf(config);
  const options = {
    config,
    things: [...thingTopics(config, group), ...functionTopics(config)],
    ...cloudSubjects(group),
    version,
    archive,
    configFile,
  };
  const documents = { recipe: recipe(options), deployment: deployment(options) };
  const entries: ZipEntry[] = [
    { path: configFile, content: await readFile(config.file) },
    { path: 'package-lock.json', content: await lockFile() },
  ];
  for (const path of SHIPPED) entries.push(...(await filesOf(packageFolder(), path)));
  return { ...documents, archive: { name: archive, content: zip(entries) } };
}

function groupOf(config: Config): Group {
  const group = new Group({ name: config.group.name });
  group.replace(groupDefinition(config, config.core?.thingName));
  return group;
}

/** Of the things that run here; their own shadows are not named. */
function thingTopics(config: Config, group: Group): readonly ThingTopics[] {
  const rows = group.table.list().filter(({ origin }) => origin !== 'member');
  return config.things
    .filter(({ role }) => role !== undefined)
    .map(({ name, role, options }) => ({
      thing: name,
      shadow: ROLES.get(role!)!.traffic(name, options).shadow === true,
      publishes: rows
        .filter((row) => group.table.stands(row.source, name))
        .map((row) => row.subject.replace(OWN_NAME, typeof row.source === 'string' ? '+' : name)),
      receives: rows
        .filter((row) => group.table.stands(row.target, name))
        .map((row) => row.subject.replace(OWN_NAME, typeof row.source === 'string' ? name : '+')),
    }));
}

/** Of functions, which there are clients with certificates of their own, as `ClientFunctions` makes them. */
function functionTopics(config: Config): readonly ThingTopics[] {
  return config.functions.map(({ name, options }) => {
    const subjects = subjectsOfCars(options as unknown as CarAggregatorOptions).map(({ subject }) => subject);
    const get = `$aws/things/${String(options.watch)}/shadow/get`;
    return {
      thing: name,
      shadow: false,
      publishes: [get],
      // the filters that a shadow client subscribes; client device auth compares them letter by letter
      receives: [
        ...subjects,
        ...['get', 'update'].flatMap((operation) => answersOf(String(options.watch), operation)),
      ],
    };
  });
}

function answersOf(thing: string, operation: string): string[] {
  return ['accepted', 'rejected'].map((answer) => `$aws/things/${thing}/shadow/${operation}/${answer}`);
}

/** What `npm ci` needs: of the checkout, or as the package brings it. */
async function lockFile(): Promise<Buffer> {
  const own = join(packageFolder(), 'package-lock.json');
  return readFile(own).catch(() => readFile(join(packageFolder(), 'dist', 'packages.lock.json')));
}

async function filesOf(folder: string, path: string): Promise<ZipEntry[]> {
  const found = await readdir(join(folder, path), { recursive: true, withFileTypes: true }).catch(
    (error: NodeJS.ErrnoException) => {
      // a file, not a folder
      if (error.code === 'ENOTDIR') return undefined;
      throw error;
    },
  );
  if (found === undefined) return [{ path, content: await readFile(join(folder, path)) }];
  const files = found.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return Promise.all(
    files.sort().map(async (file) => ({
      path: relative(folder, file).split(sep).join('/'),
      content: await readFile(file),
    })),
  );
}
