import { createRequire } from 'node:module';
import { arch, availableParallelism, platform, totalmem } from 'node:os';
import { useDevice } from '@crossmodal/core/device';
import { type Context, report } from '../cli/context.js';

// From where the packages of stores are looked for.
const require = createRequire(createRequire(import.meta.url).resolve('@crossmodal/search/package.json'));
const own = createRequire(import.meta.url);

/** What can be installed besides, and what for. */
const optional: Readonly<Record<string, string>> = {
  '@lancedb/lancedb': '--store lancedb:DIR',
  '@zilliz/milvus2-sdk-node': '--store milvus:URL',
  openmoji: 'crossmodal sample',
  'onnxruntime-web': 'crossmodal export --site',
};

function versionOf(name: string): string | undefined {
  try {
    return (own(`${name}/package.json`) as { version: string }).version;
  } catch {
    for (const { resolve } of [own, require]) {
      try {
        resolve(name);
        return 'installed';
      } catch {
        // Not from there.
      }
    }
    return undefined;
  }
}

export async function doctorCommand(context: Context): Promise<void> {
  const device = await useDevice(context.device as 'auto');
  const packages = Object.entries(optional).map(([name, purpose]) => ({
    name,
    purpose,
    version: versionOf(name) ?? null,
  }));
  const facts = {
    node: process.version,
    platform: `${platform()} ${arch()}`,
    cores: availableParallelism(),
    memory: Math.round(totalmem() / 2 ** 30),
    device: {
      name: device.name,
      description: device.description,
      reason: device.reason,
      passedOver: device.passedOver,
    },
    packages,
  };
  report(context, facts, () =>
    [
      `node      ${facts.node}, ${facts.platform}, ${facts.cores} cores, ${facts.memory} GB`,
      `device    ${device.name}: ${device.description} (${device.reason})`,
      ...device.passedOver.map(({ name, why }) => `          not ${name}: ${why.split('\n')[0]}`),
      ...packages.map(
        ({ name, purpose, version }) =>
          `${version === null ? 'missing ' : 'found   '}  ${name}${version ? ` ${version}` : `: npm install ${name}`} (${purpose})`,
      ),
    ].join('\n'),
  );
}
