def parse_version(version):
    """'1.5' -> (1, 5)"""
    major, minor = str(version).split('.')[:2]
    return int(major), int(minor)
