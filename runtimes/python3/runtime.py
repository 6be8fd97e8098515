"""Runs one Python function: loads its module, asks the core for work, hands it to the handler, gives back the result."""
import base64
import collections
import importlib
import json
import logging
import os
import sys
import time
import traceback

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), 'modules'))
sys.path.insert(0, os.getcwd())

from greengrass_common.common_log_appender import local_cloudwatch_handler  # noqa: E402
from greengrass_common.env_vars import ENCODING_TYPE, MY_FUNCTION_ARN  # noqa: E402
from greengrass_common.function_arn_fields import FunctionArnFields  # noqa: E402
from greengrass_ipc_python_sdk.ipc_client import CoreGone, IPCClient, IPCException, WorkItem  # noqa: E402

ClientContext = collections.namedtuple('ClientContext', ['client', 'custom', 'env'])
LOG = logging.getLogger('runtime')
TIMEOUT_MS = int(os.getenv('GREENLIGHT_TIMEOUT_MS', '3000'))


class Context:
    """What AWS Lambda calls the context object."""

    def __init__(self, work):
        arn = FunctionArnFields(MY_FUNCTION_ARN)
        self.invoked_function_arn = MY_FUNCTION_ARN
        self.function_name = arn.name
        self.function_version = arn.qualifier
        self.aws_request_id = work.invocation_id
        self.client_context = client_context(work.client_context)
        self.identity = None
        self._deadline = time.monotonic() * 1000 + TIMEOUT_MS

    def get_remaining_time_in_millis(self):
        return max(0, int(self._deadline - time.monotonic() * 1000))


def client_context(encoded):
    given = json.loads(base64.b64decode(encoded).decode('utf-8')) if encoded else {}
    return ClientContext(given.get('client'), given.get('custom') or {}, given.get('env'))


def event_of(payload):
    if ENCODING_TYPE == 'binary':
        return payload
    return json.loads(payload.decode('utf-8')) if payload else {}


def result_of(value):
    if ENCODING_TYPE == 'binary':
        return b'' if value is None else value
    return json.dumps(value)


def load(handler):
    module, _, name = handler.rpartition('.')
    return getattr(importlib.import_module(module), name)


def log_exception():
    sys.stdout.write(''.join('<3>{}\n'.format(line) for line in traceback.format_exc().splitlines()))
    sys.stdout.flush()


def serve(ipc, handler):
    while True:
        work = ipc.get_work(MY_FUNCTION_ARN)
        try:
            result = result_of(handler(event_of(work.payload), Context(work)))
        except Exception as error:
            log_exception()
            give(ipc.post_handler_err, work.invocation_id, '{}: {}'.format(type(error).__name__, error))
        else:
            give(ipc.post_work_result, WorkItem(work.invocation_id, result, None))


def give(post, *args):
    try:
        post(MY_FUNCTION_ARN, *args)
    except CoreGone:
        raise
    except IPCException as error:
        LOG.error('the core did not take the result: %s', error)


def main():
    root = logging.getLogger()
    root.addHandler(local_cloudwatch_handler)
    root.setLevel(logging.INFO)
    handler_name = next(arg for arg in sys.argv if arg.startswith('--handler=')).partition('=')[2]
    ipc = IPCClient()
    try:
        handler = load(handler_name)
    except Exception as error:
        log_exception()
        ipc.put_initialization_result(MY_FUNCTION_ARN, error)
        # not sys.exit: threads that the module has begun would keep the process
        os._exit(1)
    ipc.put_initialization_result(MY_FUNCTION_ARN, None)
    try:
        serve(ipc, handler)
    except IPCException as error:
        # without a core there is nobody to work for; threads of the function end too
        LOG.error('the core is gone: %s', error)
        os._exit(1)


if __name__ == '__main__':
    main()
