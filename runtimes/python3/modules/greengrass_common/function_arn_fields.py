"""Function ARNs: arn:aws:lambda:REGION:ACCOUNT:function:NAME[:QUALIFIER]. Region and account may be empty."""
import re

_FORM = re.compile(r'(arn:aws[a-z-]*:lambda:([a-z0-9-]*):([0-9a-zA-Z]*):function:([a-zA-Z0-9_-]+))(?::([a-zA-Z0-9$_-]+))?$')


class FunctionArnFields:
    def __init__(self, function_arn_string):
        match = _FORM.match(function_arn_string)
        if match is None:
            raise ValueError('Cannot parse given string as a function ARN.')
        self.unqualified_arn, self.region, self.account_id, self.name, self.qualifier = match.groups()

    @staticmethod
    def build_arn_string(region, account_id, name, qualifier):
        arn = 'arn:aws:lambda:{}:{}:function:{}'.format(region, account_id, name)
        return FunctionArnFields.build_function_arn(arn, qualifier)

    @staticmethod
    def build_function_arn(unqualified_arn, qualifier):
        return '{}:{}'.format(unqualified_arn, qualifier) if qualifier else unqualified_arn

    def to_arn_string(self):
        return FunctionArnFields.build_function_arn(self.unqualified_arn, self.qualifier)
