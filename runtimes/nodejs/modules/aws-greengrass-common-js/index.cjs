/** What the core tells a function of itself, and function ARNs, by the names under which the published SDK knows them. */
const { env } = process;

exports.envVars = {
  AUTH_TOKEN: env.AWS_CONTAINER_AUTHORIZATION_TOKEN,
  MY_FUNCTION_ARN: env.MY_FUNCTION_ARN,
  ENCODING_TYPE: env.ENCODING_TYPE,
  SHADOW_FUNCTION_ARN: env.SHADOW_FUNCTION_ARN,
  ROUTER_FUNCTION_ARN: env.ROUTER_FUNCTION_ARN,
  SECRETS_MANAGER_FUNCTION_ARN: env.SECRETS_MANAGER_FUNCTION_ARN,
  GGC_MAX_INTERFACE_VERSION: env.GGC_MAX_INTERFACE_VERSION,
  GG_DAEMON_PORT: env.GG_DAEMON_PORT ?? '8000',
};

exports.encodingType = { encodingTypeJSON: 'json', encodingTypeBinary: 'binary' };

exports.versionParser = {
  /** '1.5' becomes [1, 5]. */
  parseVersion: (version) => String(version).split('.').slice(0, 2).map(Number),
};

const ARN =
  /^(arn:aws[a-z-]*:lambda:([a-z0-9-]*):([0-9a-zA-Z]*):function:([a-zA-Z0-9_-]+))(?::([a-zA-Z0-9$_-]+))?$/;

/** Region and account may be empty, as in the router's. */
exports.FunctionArnFields = class FunctionArnFields {
  constructor(arn) {
    const match = ARN.exec(arn);
    if (match === null) throw new Error('Cannot parse given string as a function ARN.');
    [, this.unqualifiedArn, this.region, this.accountId, this.name, this.qualifier] = match;
  }

  toArnString() {
    return exports.buildFunctionArn(this.unqualifiedArn, this.qualifier);
  }
};

exports.buildFunctionArn = (unqualifiedArn, qualifier) =>
  qualifier ? `${unqualifiedArn}:${qualifier}` : unqualifiedArn;

/** The SDK's own log. Its debug and info lines repeat what the function does; only what went wrong is shown. */
class LocalWatchLogger {
  debug() {}
  info() {}
  warn(message) {
    process.stderr.write(`<4>${message}\n`);
  }
  error(message) {
    process.stderr.write(`<3>${message}\n`);
  }
  fatal(message) {
    this.error(message);
  }
}

exports.logging = { LocalWatchLogger };
