import { dirname, resolve } from 'node:path';
import { isMapping } from './draft.js';
import { readYaml } from './yaml.js';

/**
 * The archive that a configuration names to go with its group, before anything of it is checked.
 * @param file what the path is relative to
 */
export function archiveOf(text: string, file: string): string | undefined {
  const { value } = readYaml(text);
  const application = isMapping(value) ? value.application : undefined;
  const archive = isMapping(application) ? application.file : undefined;
  return typeof archive === 'string' ? resolve(dirname(file), archive) : undefined;
}
