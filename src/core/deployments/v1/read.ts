/** Reads the definition versions of a Greengrass V1 group, as `aws greengrass get-…-definition-version` writes them. */
import { isJsonObject, type JsonObject, type JsonValue, messageOf } from '../../../../hal/index.js';
import { DeploymentError } from '../errors.js';

export interface V1File {
  /** For messages. */
  readonly name: string;
  readonly text: string;
}

const LISTS = [
  'Cores',
  'Devices',
  'Functions',
  'Subscriptions',
  'Resources',
  'Loggers',
  'Connectors',
] as const;
type List = (typeof LISTS)[number];

/** Everything that the files hold, each list in the order of the files. */
export interface V1Group extends Readonly<Record<List, readonly JsonObject[]>> {
  readonly name: string | undefined;
  /** `DefaultConfig.Execution` of the function definitions. */
  readonly defaultExecution: JsonObject;
}

/** @throws {DeploymentError} DEPLOYMENT_IMPORT naming the file */
export function readV1(files: readonly V1File[]): V1Group {
  const lists: Record<List, JsonObject[]> = {
    Cores: [],
    Devices: [],
    Functions: [],
    Subscriptions: [],
    Resources: [],
    Loggers: [],
    Connectors: [],
  };
  let name: string | undefined;
  let defaultExecution: JsonObject = {};
  const take = (value: JsonValue): boolean => {
    if (Array.isArray(value)) return (value as readonly JsonValue[]).map(take).includes(true);
    if (!isJsonObject(value)) return false;
    let known = false;
    for (const list of LISTS) {
      const entries = value[list];
      if (!Array.isArray(entries)) continue;
      lists[list].push(...(entries as readonly JsonValue[]).filter(isJsonObject));
      known = true;
    }
    const execution = object(object(value.DefaultConfig).Execution);
    if (Object.keys(execution).length > 0) defaultExecution = execution;
    // `get-group`: it has a name; `get-group-version`: only references, which the other files resolve
    if (typeof value.Arn === 'string' && /:\/greengrass\/groups\/[^/]+$/.test(value.Arn)) {
      if (typeof value.Name === 'string') name = value.Name;
      known = true;
    }
    if (value.Definition !== undefined) known = take(value.Definition) || known;
    return known || Object.keys(value).some((key) => key.endsWith('DefinitionVersionArn'));
  };
  for (const { name: file, text } of files) {
    if (!take(parse(file, text))) {
      throw new DeploymentError(
        'DEPLOYMENT_IMPORT',
        `${file} holds none of ${LISTS.join(', ')}: give the JSON of Greengrass V1 definition versions`,
      );
    }
  }
  return { ...lists, name, defaultExecution };
}

/** The value when it is an object, else an empty one. */
export function object(value: JsonValue | undefined): JsonObject {
  return value !== undefined && isJsonObject(value) ? value : {};
}

export function text(value: JsonValue | undefined): string {
  return typeof value === 'string' ? value : '';
}

export function list(value: JsonValue | undefined): readonly JsonObject[] {
  return Array.isArray(value) ? (value as readonly JsonValue[]).filter(isJsonObject) : [];
}

function parse(file: string, content: string): JsonValue {
  try {
    return JSON.parse(content) as JsonValue;
  } catch (error) {
    throw new DeploymentError(
      'DEPLOYMENT_IMPORT',
      `${file} is not JSON: ${messageOf(error).replaceAll(/\s+/g, ' ')}`,
      {
        cause: error,
      },
    );
  }
}
