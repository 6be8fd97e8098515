"""Log records as lines that the core reads: `<N>` at the start is the priority, as in sd-daemon(3)."""
import logging
import sys


class LineHandler(logging.Handler):
    def emit(self, record):
        try:
            level = record.levelno
            priority = 3 if level >= logging.ERROR else 4 if level >= logging.WARNING else 6 if level >= logging.INFO else 7
            text = ''.join('<{}>{}\n'.format(priority, line) for line in self.format(record).splitlines() or [''])
            sys.stdout.write(text)
            sys.stdout.flush()
        except Exception:
            self.handleError(record)


local_cloudwatch_handler = LineHandler()
local_cloudwatch_handler.setFormatter(logging.Formatter('[%(levelname)s]-%(filename)s:%(lineno)d,%(message)s'))
