/** The schema as editors get it: config/schema.json. */
import { isJsonObject, type JsonValue } from '../../../hal/index.js';
import type { Catalog } from '../catalog.js';
import { DURATION_PATTERN, DURATION_RULE } from '../duration.js';
import { configSchema } from './index.js';
import type { Schema } from './terms.js';

/** JSON Schema draft-07 with nothing in it that is not of draft-07: durations become a pattern, variables a sentence. */
export function publishedSchema(catalog: Catalog): Schema {
  return { $schema: 'http://json-schema.org/draft-07/schema#', ...translate(configSchema(catalog)) };
}

function translate(schema: Schema): Schema {
  const { env, format, description, ...rest } = schema;
  const sentences = [
    description,
    format === 'duration' && `Duration: ${DURATION_RULE}.`,
    typeof env === 'string' && `Variable: ${env}.`,
  ].filter((sentence) => typeof sentence === 'string');
  const result: Record<string, JsonValue> = {};
  if (sentences.length > 0) result.description = sentences.join(' ');
  for (const [keyword, value] of Object.entries(rest)) result[keyword] = translateKeyword(keyword, value);
  if (format === 'duration') result.pattern = DURATION_PATTERN;
  else if (format !== undefined) result.format = format;
  return result;
}

/** Goes on where a keyword holds schemas; the value of any other (`default`, `enum`, …) is data. */
function translateKeyword(keyword: string, value: JsonValue): JsonValue {
  if (['anyOf', 'oneOf', 'allOf'].includes(keyword) && Array.isArray(value)) {
    return (value as readonly Schema[]).map(translate);
  }
  if (!isJsonObject(value)) return value;
  if (keyword === 'properties') {
    return Object.fromEntries(Object.entries(value).map(([key, child]) => [key, translate(child as Schema)]));
  }
  const holdsSchema = ['items', 'additionalProperties', 'propertyNames', 'if', 'then', 'not'];
  return holdsSchema.includes(keyword) ? translate(value) : value;
}
