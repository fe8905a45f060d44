"""Protocols: files that fix arms, endpoints, normalisation, tests and questions before anyone looks at the numbers."""

from __future__ import annotations

from histo.study.protocol.following import Followed, follow
from histo.study.protocol.library import list_protocols, load_protocol
from histo.study.protocol.model import Protocol, ProtocolArm, ProtocolEndpoint, ProtocolQuestion

__all__ = [
    "Followed",
    "Protocol",
    "ProtocolArm",
    "ProtocolEndpoint",
    "ProtocolQuestion",
    "follow",
    "list_protocols",
    "load_protocol",
]
