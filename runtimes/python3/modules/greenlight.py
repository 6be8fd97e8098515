"""What a function may do beside the Greengrass V1 SDK: the GPIO lines that it was granted."""
import http.client
import json
import os
import urllib.parse


class LineError(Exception):
    """The line was not granted, is not there, or someone else holds it."""


def read_line(line):
    """'active' or 'inactive'. Takes the line as an input unless it was written."""
    return _request('GET', line, None)


def write_line(line, value):
    """Takes the line as an output. It becomes inactive when the function ends other than idle."""
    _request('PUT', line, json.dumps({'value': value}))


def _request(method, line, body):
    connection = http.client.HTTPConnection('127.0.0.1', int(os.environ['GG_DAEMON_PORT']), timeout=10)
    try:
        headers = {'Authorization': os.environ['AWS_CONTAINER_AUTHORIZATION_TOKEN']}
        connection.request(method, '/greenlight/lines/' + urllib.parse.quote(line, safe=''), body, headers)
        response = connection.getresponse()
        answer = json.loads(response.read().decode('utf-8'))
    finally:
        connection.close()
    if response.status != 200:
        raise LineError(answer.get('message', 'status %d' % response.status))
    return answer['value']
