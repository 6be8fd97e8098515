import { CATALOG } from '../../src/catalog.js';
import { checkConfig } from '../../src/config/index.js';
import type { Config } from '../../src/config/model.js';

export async function configOf(text: string, file = '/etc/greenlight/site.yaml'): Promise<Config> {
  const { config, problems } = await checkConfig({ file, text }, { catalog: CATALOG, env: {} });
  if (config === undefined) throw new Error(problems.map((p) => `${p.path}: ${p.message}`).join('\n'));
  return config;
}
