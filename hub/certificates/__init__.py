"""X.509 certificates: read and check those of servers."""

from hub.certificates.reading import (
    Certificate,
    CertificateFault,
    check_key,
    date_fault,
    faults_of,
    mode_fault,
    parse_chain,
    read_chain,
)

__all__ = [
    "Certificate",
    "CertificateFault",
    "check_key",
    "date_fault",
    "faults_of",
    "mode_fault",
    "parse_chain",
    "read_chain",
]
