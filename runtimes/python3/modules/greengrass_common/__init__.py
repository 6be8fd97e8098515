from .env_vars import AUTH_TOKEN, MY_FUNCTION_ARN  # noqa: F401
from .function_arn_fields import FunctionArnFields  # noqa: F401
