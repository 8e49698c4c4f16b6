"""Clips: decoding, one track a person, curves over time, and events."""

from emotiscan.video.analysis import AnalyzedFrame, VideoAnalysis
from emotiscan.video.decode import Video, VideoFrame, find_clips
from emotiscan.video.errors import VideoError

__all__ = ["AnalyzedFrame", "Video", "VideoAnalysis", "VideoError", "VideoFrame", "find_clips"]
