/** The lists, with the limits of a Greengrass group: things by role, functions by builtin, rows of the subscription table. */
import type { Catalog } from '../catalog.js';
import { NAME, type Schema, term } from './terms.js';

/** `source` and `target` that are no member of the group. */
export const SHADOW_SERVICE = 'GGShadowService';
export const CLOUD = 'cloud';

export function thingsSchema(catalog: Catalog): Schema {
  const roles = [...catalog.roles.values()];
  const common: Readonly<Record<string, Schema>> = {
    name: term(NAME, {
      description:
        'Name of the thing and its MQTT client id. Letters, digits, ":", "_" and "-", at most 128.',
    }),
    role: {
      enum: roles.map((role) => role.name),
      description: 'What the thing is and does. Absent: a member of the group that runs elsewhere.',
    },
  };
  return {
    type: 'array',
    maxItems: 2_500,
    default: [],
    description: 'The things of the group.',
    items: {
      type: 'object',
      properties: common,
      required: ['name'],
      allOf: [
        variant('role', undefined, common, { options: {}, required: [] }),
        ...roles.map((role) => variant('role', role.name, common, role)),
      ],
    },
  };
}

export function functionsSchema(catalog: Catalog): Schema {
  const builtins = [...catalog.builtins.values()];
  const common: Readonly<Record<string, Schema>> = {
    name: {
      type: 'string',
      pattern: '^[a-zA-Z0-9_-]{1,64}$',
      description: 'Name of the function. Letters, digits, "_" and "-", at most 64.',
    },
    builtin: {
      enum: builtins.map((builtin) => builtin.name),
      description: 'A function that comes with the product. Absent: one of your own, with `handler`.',
    },
  };
  return {
    type: 'array',
    maxItems: 200,
    default: [],
    description: 'Functions that the core runs.',
    items: {
      type: 'object',
      properties: common,
      required: ['name'],
      allOf: [
        variant('builtin', undefined, common, { options: OWN_FUNCTION, required: ['handler', 'runtime'] }),
        ...builtins.map((builtin) => variant('builtin', builtin.name, common, builtin)),
      ],
    },
  };
}

/** Keys of a function of someone's own. */
export const OWN_FUNCTION: Readonly<Record<string, Schema>> = {
  handler: {
    type: 'string',
    pattern: '^[^\\s]+\\.[A-Za-z_][A-Za-z0-9_]*$',
    description:
      'File without extension, a dot, and the function in it: `functions/hello.function_handler`; relative to the configuration file.',
  },
  runtime: { enum: ['python3', 'nodejs'], description: 'What runs it.' },
  pinned: {
    type: 'boolean',
    default: false,
    description: 'Runs from start to stop. Otherwise it is started by its first message.',
  },
  memoryMb: {
    type: 'integer',
    minimum: 4,
    maximum: 4_096,
    default: 64,
    description: 'Memory limit in MB (2^20 bytes).',
  },
  timeoutSeconds: {
    type: 'number',
    exclusiveMinimum: 0,
    maximum: 86_400,
    default: 3,
    description: 'Time for one message, in seconds.',
  },
  encoding: {
    enum: ['json', 'binary'],
    default: 'json',
    description: 'How the payload of a message is passed to it.',
  },
  environment: {
    type: 'object',
    maxProperties: 100,
    propertyNames: {
      pattern: '^[A-Za-z_][A-Za-z0-9_]*$',
      description: 'Letters, digits and "_", not beginning with a digit.',
    },
    additionalProperties: { type: 'string', maxLength: 32_768 },
    default: {},
    description: 'Its environment variables. Values are not shown by `greenlight check`.',
    writeOnly: true,
  },
  resources: {
    type: 'object',
    properties: {
      lines: {
        type: 'array',
        maxItems: 20,
        items: { type: 'string', minLength: 1, maxLength: 64 },
        description: 'GPIO lines that it reads and writes through the core, by name.',
      },
      devices: {
        type: 'array',
        maxItems: 20,
        items: { type: 'string', pattern: '^/' },
        description: 'Device files, as absolute paths.',
      },
      folders: {
        type: 'array',
        maxItems: 20,
        items: {
          type: 'object',
          properties: {
            path: { type: 'string', pattern: '^/', description: 'Absolute.' },
            access: { enum: ['ro', 'rw'], default: 'ro', description: 'To read, or to read and write.' },
          },
          required: ['path'],
          additionalProperties: false,
        },
        description: 'Folders.',
      },
    },
    additionalProperties: false,
    description:
      'What of this machine it may use. Checked before it starts; it finds it as JSON in GREENLIGHT_RESOURCES. Devices and folders are kept to what is granted by `runAs` only.',
  },
  runAs: {
    type: 'object',
    properties: {
      uid: { type: 'integer', minimum: 1, description: 'User id.' },
      gid: { type: 'integer', minimum: 1, description: 'Group id.' },
    },
    required: ['uid', 'gid'],
    additionalProperties: false,
    description: 'User and group that it runs as. Needs a core that runs as root.',
  },
};

export function subscriptionsSchema(catalog: Catalog): Schema {
  const member = (description: string): Schema => ({
    anyOf: [
      { type: 'string', minLength: 1, maxLength: 128 },
      {
        type: 'object',
        properties: { role: { enum: [...catalog.roles.keys()], description: 'Every thing with this role.' } },
        required: ['role'],
        additionalProperties: false,
      },
    ],
    description,
  });
  return {
    type: 'array',
    maxItems: 10_000,
    default: [],
    description: 'Rows of the subscription table, added to those that roles and builtins imply.',
    items: {
      type: 'object',
      properties: {
        source: member(
          'Who sends: name of a thing or function, GGShadowService, cloud, or { role: ROLE } for every thing with that role.',
        ),
        subject: {
          type: 'string',
          minLength: 1,
          description: `MQTT topic filter. A level \`\${thing}\` stands for the name of the thing that { role: ROLE } stands for.`,
        },
        target: member(
          'Who receives: name of a thing or function, GGShadowService, cloud, or { role: ROLE } for every thing with that role.',
        ),
      },
      required: ['source', 'subject', 'target'],
      additionalProperties: false,
    },
  };
}

/** The keys that an element may have once its role or builtin is known (or, without one, when it is absent). */
function variant(
  key: 'role' | 'builtin',
  value: string | undefined,
  common: Readonly<Record<string, Schema>>,
  keys: { readonly options: Readonly<Record<string, Schema>>; readonly required: readonly string[] },
): Schema {
  const properties: Record<string, Schema> = {};
  for (const name of Object.keys(common)) properties[name] = {};
  for (const [name, schema] of Object.entries(keys.options)) properties[name] = schema;
  const chosen: Schema =
    value === undefined
      ? { not: { required: [key] } }
      : { properties: { [key]: { const: value } }, required: [key] };
  return {
    if: chosen,
    // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
    then: { properties, required: [...keys.required], additionalProperties: false },
  };
}
