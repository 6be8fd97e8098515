import { DeploymentError } from '../errors.js';
import { importFunctions } from './functions.js';
import { partyOf, thingOf } from './names.js';
import { readV1, text, type V1File, type V1Group } from './read.js';

export type { V1File } from './read.js';

export interface ImportedGroup {
  /** A configuration file. */
  readonly yaml: string;
  /** One sentence for each thing that has no counterpart here, or that only people can complete. */
  readonly noCounterpart: readonly string[];
}

/**
 * Makes a configuration of a Greengrass V1 group: the JSON of its definition versions, in any number of files.
 * @param writeYaml of configuration, which this part may not use itself
 * @throws {DeploymentError} DEPLOYMENT_IMPORT
 */
export function importGreengrassV1(
  files: readonly V1File[],
  writeYaml: (configuration: object) => string,
): ImportedGroup {
  const group = readV1(files);
  const noCounterpart: string[] = [];
  const tell = (sentence: string): void => void noCounterpart.push(sentence);
  const core = group.Cores.map(({ ThingArn }) => thingOf(text(ThingArn))).find((name) => name !== undefined);
  const things = importThings(group, tell);
  const functions = importFunctions(group, tell);
  if (core === undefined && things.length === 0 && functions.length === 0) {
    throw new DeploymentError('DEPLOYMENT_IMPORT', 'the files name no core, no device and no function');
  }
  const configuration = {
    version: 1,
    group: { name: groupName(group.name, tell) },
    ...logLevel(group, tell),
    core: { thingName: core ?? 'Greenlight_Core' },
    things,
    functions,
    subscriptions: importSubscriptions(group, tell),
  };
  for (const { ConnectorArn } of group.Connectors)
    tell(`the connector ${text(ConnectorArn)} has no counterpart`);
  return { yaml: writeYaml(configuration), noCounterpart };
}

function importThings(group: V1Group, tell: (sentence: string) => void): readonly object[] {
  const names = new Set<string>();
  const synced: string[] = [];
  const without: string[] = [];
  for (const { ThingArn, CertificateArn, SyncShadow, Id } of group.Devices) {
    const name = thingOf(text(ThingArn));
    if (name === undefined) tell(`a device without a readable ThingArn (Id ${text(Id)}) is left out`);
    else {
      names.add(name);
      const certificate = CERTIFICATE.exec(text(CertificateArn))?.[1];
      if (certificate === undefined) without.push(name);
      else tell(`${name} can keep its certificate: greenlight thing import ${name} ${certificate}`);
      if (SyncShadow === true) synced.push(name);
    }
  }
  if (without.length > 0) {
    tell(
      `certificates are not in the export for ${some(without)}: greenlight thing add NAME --out DIR issues one for each that runs elsewhere`,
    );
  }
  if (synced.length > 0)
    tell(
      `shadows were kept in step with AWS IoT for ${synced.join(', ')}: see cloud in docs/configuration.md`,
    );
  return [...names].map((name) => ({ name }));
}

function importSubscriptions(group: V1Group, tell: (sentence: string) => void): readonly object[] {
  const rows = new Map<string, object>();
  for (const { Source, Subject, Target } of group.Subscriptions) {
    const source = partyOf(text(Source));
    const target = partyOf(text(Target));
    const row = { source, subject: text(Subject), target };
    if (source === undefined || target === undefined) {
      const what = source === undefined ? text(Source) : text(Target);
      tell(
        `the row ${text(Source)} → ${text(Subject)} → ${text(Target)} is left out: ${what || 'nothing'} has no counterpart`,
      );
    } else rows.set(JSON.stringify(row), row);
  }
  return [...rows.values()];
}

function groupName(name: string | undefined, tell: (sentence: string) => void): string {
  if (name === undefined) {
    tell('the export does not name the group (aws greengrass get-group does); imported is put in its place');
    return 'imported';
  }
  const fitting = name.replace(/[^a-zA-Z0-9:_-]+/g, '_').slice(0, 128);
  if (fitting !== name) tell(`the group's name ${JSON.stringify(name)} is written ${fitting}`);
  return fitting;
}

const LEVELS: Readonly<Record<string, string>> = {
  DEBUG: 'debug',
  INFO: 'info',
  WARN: 'warn',
  ERROR: 'error',
  FATAL: 'fatal',
};

/** There is one log here, with one level: the most talkative of theirs. */
function logLevel(group: V1Group, tell: (sentence: string) => void): object {
  if (group.Loggers.length === 0) return {};
  const given = group.Loggers.map(({ Level }) => text(Level));
  const level = Object.keys(LEVELS).find((name) => given.includes(name));
  tell(
    'loggers: there is one log on standard output, for systemd to keep; Space and Type have no counterpart',
  );
  return level === undefined ? {} : { log: { level: LEVELS[level] } };
}

/** The certificate's id is its fingerprint. */
const CERTIFICATE = /:cert\/([0-9a-f]{64})$/;

/** The first of them. */
function some(names: readonly string[]): string {
  const shown = names.slice(0, 10).join(', ');
  return names.length > 10 ? `${shown} and ${names.length - 10} more` : shown;
}
