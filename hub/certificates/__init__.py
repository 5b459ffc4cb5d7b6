"""X.509 certificates: read and check certificates of servers, and issue certificates from the hub's own authority."""

from hub.certificates.authority import SERVER_DAYS, Authority, Bundle, IssuedCertificate
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
    "SERVER_DAYS",
    "Authority",
    "Bundle",
    "Certificate",
    "CertificateFault",
    "IssuedCertificate",
    "check_key",
    "date_fault",
    "faults_of",
    "mode_fault",
    "parse_chain",
    "read_chain",
]
