/** What is on other machines. */
import type { Check } from '../contract.js';

export const checkCore: Check = async ({ config, outside }) => {
  const { discovery, greengrass, awsIot } = config.connect ?? {};
  // one that announces itself is looked for when the things start
  if (discovery?.host === 'mdns') return [];
  const host =
    discovery?.host ??
    greengrass?.endpoint ??
    (greengrass?.region && `greengrass-ats.iot.${greengrass.region}.amazonaws.com`) ??
    awsIot?.endpoint;
  const port = (discovery ?? greengrass ?? awsIot)?.port;
  if (host === undefined || port === undefined) return [];
  const code = await outside.connect(host, port);
  if (code === undefined) return [];
  const mends: Record<string, string> = {
    ENOTFOUND: `getent hosts ${host} must give an address: add it to DNS or /etc/hosts, or write the address into connect`,
    EAI_AGAIN: `getent hosts ${host} must give an address: is the network up (nmcli, ip -br address)?`,
    ECONNREFUSED: `greenlight status on ${host} tells whether the core runs, and greenlight check there on which address it listens: core.discovery.host must not be 127.0.0.1`,
  };
  return [
    {
      code: 'core-unreachable',
      // things are safe without it and go on trying
      severity: 'warning',
      message: `the core at ${host}:${port} does not answer (${code}); the things here obey once it does`,
      mend:
        mends[code] ??
        `ping ${host}, then nc -vz ${host} ${port}: a firewall between the two machines must let TCP ${port} and the MQTT port through`,
    },
  ];
};
