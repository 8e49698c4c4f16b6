"""Clips: decoding, one track a person, curves over time, and events."""

from emotiscan.video.analysis import VideoAnalysis
from emotiscan.video.decode import Video, VideoFrame, find_clips
from emotiscan.video.errors import VideoError
from emotiscan.video.frame_reader import AnalyzedFrame

__all__ = ["AnalyzedFrame", "Video", "VideoAnalysis", "VideoError", "VideoFrame", "find_clips"]
