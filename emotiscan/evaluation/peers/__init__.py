"""Comparison with other programs that read faces, on the same photos: `emotiscan evaluate --against PEER`."""

from emotiscan.evaluation.peers.comparison import compare_with_peer
from emotiscan.evaluation.peers.process import PeerError
from emotiscan.evaluation.peers.programs import PEERS, PeerOptions

__all__ = ["PEERS", "PeerError", "PeerOptions", "compare_with_peer"]
