"""The local HTTP API of the core (/2016-11-01), by the names under which the published SDK knows it."""
import collections
import http.client
import json
import threading

from greengrass_common.env_vars import AUTH_TOKEN, GG_DAEMON_PORT

_BASE = '/2016-11-01/functions/'
_ID = 'X-Amz-InvocationId'
_CONTEXT = 'X-Amz-Client-Context'
_FAILURE = 'X-Amz-Function-Error'
_ROUTER = 'arn:aws:lambda:::function:GGRouter'


class IPCException(Exception):
    """The core answered with an error, or not at all."""


class CoreGone(IPCException):
    """Nobody listens any more."""


WorkItem = collections.namedtuple('WorkItem', ['invocation_id', 'payload', 'client_context'])
GetWorkResultOutput = collections.namedtuple('GetWorkResultOutput', ['payload', 'func_err'])


def _bytes(payload):
    if payload is None:
        return b''
    if hasattr(payload, 'read'):
        payload = payload.read()
    return payload.encode('utf-8') if isinstance(payload, str) else payload


def _text(value):
    return value.decode() if isinstance(value, bytes) else value


class IPCClient:
    _GG_DAEMON_PORT = GG_DAEMON_PORT

    @staticmethod
    def set_gg_daemon_port(port):
        IPCClient._GG_DAEMON_PORT = port

    def __init__(self, endpoint='localhost', port=None):
        # the port is the core's to say; the argument is there for callers of old
        self.endpoint = '127.0.0.1' if endpoint == 'localhost' else endpoint
        self.port = int(IPCClient._GG_DAEMON_PORT)
        self.auth_token = AUTH_TOKEN
        # one connection per thread: functions publish from timers of theirs
        self._local = threading.local()

    def post_work(self, function_arn, payload, client_context, invocation_type='RequestResponse'):
        headers = {'X-Amz-Invocation-Type': invocation_type}
        if client_context:
            headers[_CONTEXT] = _text(client_context)
        return self._request('POST', function_arn, _bytes(payload), headers)[1].get(_ID)

    def get_work_result(self, function_arn, invocation_id):
        if function_arn == _ROUTER:
            return GetWorkResultOutput(payload='', func_err='')
        payload, headers = self._request('GET', function_arn, None, {_ID: invocation_id})
        return GetWorkResultOutput(payload=payload, func_err=headers.get(_FAILURE))

    def get_work(self, function_arn):
        payload, headers = self._request('GET', function_arn + '/work', None, {})
        return WorkItem(headers.get(_ID), payload, headers.get(_CONTEXT))

    def post_work_result(self, function_arn, work_item):
        self._request('POST', function_arn + '/work', _bytes(work_item.payload), {_ID: work_item.invocation_id})

    def post_handler_err(self, function_arn, invocation_id, handler_err):
        body = json.dumps({'errorMessage': handler_err}).encode('utf-8')
        self._request('POST', function_arn + '/work', body, {_ID: invocation_id, _FAILURE: 'Handled'})

    def put_initialization_result(self, function_arn, func_error):
        if isinstance(func_error, Exception):
            func_error = '{}("{}")'.format(type(func_error).__name__, func_error)
        body = json.dumps({'Success': not func_error, 'Response': str(func_error or '')}).encode('utf-8')
        self._request('PUT', function_arn + '/initialized', body, {})

    def _request(self, method, path, body, headers):
        headers = dict(headers, Authorization=self.auth_token)
        for fresh in (False, True):
            connection = self._connection(fresh)
            try:
                connection.request(method, _BASE + path, body, headers)
                response = connection.getresponse()
                data = response.read()
            except ConnectionRefusedError as error:
                raise CoreGone(str(error))
            except (OSError, http.client.HTTPException) as error:
                # a connection that was kept may have been closed meanwhile, before the request was seen
                if fresh or not isinstance(error, (ConnectionError, http.client.RemoteDisconnected)):
                    raise IPCException(str(error))
                continue
            if response.status >= 300:
                raise IPCException('HTTP Error {}: {}'.format(response.status, data.decode('utf-8', 'replace')))
            return data, response.headers

    def _connection(self, fresh):
        connection = getattr(self._local, 'connection', None)
        if fresh or connection is None:
            if connection is not None:
                connection.close()
            connection = http.client.HTTPConnection(self.endpoint, self.port)
            self._local.connection = connection
        return connection
