"""From an image to readings: the Python API, which the app and the command line use as well.

    from emotiscan import Analyzer

    analyzer = Analyzer()
    for reading in analyzer.analyze("photo.jpg").readings:
        print(reading.emotion, reading.present)

An `Analyzer` loads a checkpoint once, an `Analysis` has one `Reading` per face.
"""

import itertools
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import torch
from PIL import Image

from emotiscan import runtime
from emotiscan.faces import DETECTION_SIDE, TURNS, Face, FaceDetector
from emotiscan.images import ImageError, LazyPhoto, decode_photo, to_rgb
from emotiscan.model.checkpoint import DEFAULT_WEIGHTS, Card, load_checkpoint
from emotiscan.model.device import resolve_device
from emotiscan.model.engines import EngineSwitch
from emotiscan.model.network import InferenceModel, ModelConfig, prepare
from emotiscan.model.parallel import single_thread_pool
from emotiscan.pipeline import pipeline_map, remembered
from emotiscan.reading import CutFace, Reading, readings_of

if TYPE_CHECKING:  # takes half a second, and only tables need it
    from pandas import DataFrame

    from emotiscan.video.analysis import VideoAnalysis
    from emotiscan.video.decode import Source as VideoSource

BATCH_SIZE = 4
"""Faces that pass through the network together. On a CPU, larger batches are no faster and need more memory."""

GPU_BATCH_SIZE = 64
"""Faces that pass through the network together on a GPU."""

MAX_FINDERS = 8
"""Most threads of one process that look for faces; with more of them, they wait for Python rather than for cores."""

MAX_FACES = 64
"""Faces of one image that are analyzed: the largest ones, if there are more."""


Source: TypeAlias = Image.Image | LazyPhoto | bytes | str | PathLike[str]
"""An upright image, decoded or not, or a file's bytes or path."""


@dataclass(frozen=True, eq=False, repr=False)
class Analysis:
    """What the network predicts for all faces of one image. Displays itself in a notebook.

    Attributes:
        lazy_photo: the photo, which may not have been decoded in full.
        readings: one per face, from left to right.
        skipped_faces: number of detected faces that were not analyzed because there were more than `MAX_FACES`.
        name: of the image: its path, or what `Analyzer.analyze` was given; "" if neither is known.
        config: what the network predicts: names of its outputs, in order.
        rotated: degrees by which the photo was turned clockwise, because faces were found only then: 0, 90, 180 or 270.
            Boxes and crops are in the turned photo.
    """

    lazy_photo: LazyPhoto
    readings: tuple[Reading, ...]
    skipped_faces: int = 0
    name: str = ""
    config: ModelConfig = field(default_factory=ModelConfig)
    rotated: int = 0

    @property
    def photo(self) -> Image.Image:
        """The photo, upright, RGB; turned by `rotated` if it came lying on its side or upside down.

        Decoded on first use if large faces were read from half of its pixels, which is faster.
        """
        return self.lazy_photo.whole

    @property
    def emotions(self) -> tuple[str, ...]:
        """Emotions that the network predicts, in order."""
        return self.config.emotions

    @property
    def action_units(self) -> tuple[str, ...]:
        """Action units that the network predicts, in order."""
        return self.config.action_units

    def to_frame(self) -> "DataFrame":
        """Convert to a pandas table with one row per face.

        Returns:
            The columns that `emotiscan read --format csv` writes, e.g. `image` (the name), `face` (from 0), `emotion`,
            the probability of each emotion and action unit, and `error`. An image without faces gives one row that has
            only `image` and `error`.
        """
        from emotiscan.export.records import frame, records

        return frame(records(self.name, self.readings, self.rotated), self.config)

    def __repr__(self) -> str:
        name = f"{self.name!r}, " if self.name else ""
        faces = "1 face" if len(self.readings) == 1 else f"{len(self.readings)} faces"
        turned = f", turned by {self.rotated}°" if self.rotated else ""
        width, height = self.lazy_photo.size
        return f"Analysis({name}{width} x {height} px, {faces}{turned})"

    def _repr_html_(self) -> str:
        from emotiscan.export.html import analysis_html

        return analysis_html(self)


class Analyzer:
    """Finds faces in images and predicts their emotions and action units.

    Keeps no image; safe to share among threads. A program in which other threads compete for the processor should call
    `emotiscan.runtime.configure()` before anything imports torch.

    Attributes:
        model: the network, optimized for inference.
        card: description of the checkpoint: labels, calibration, metrics.
        device: where the network runs. Faces are detected on the CPU, and results are on the CPU.
    """

    def __init__(self, weights: str | Path = DEFAULT_WEIGHTS, device: str = "auto", engine: str = "auto") -> None:
        """Load a checkpoint.

        Args:
            weights: a .safetensors file that EmotiScan wrote.
            device: "cpu", "cuda", "mps", or "auto" for the fastest available one.
            engine: what runs the network on the CPU: "torch"; "openvino", which is converted first if it has to be;
                or "auto" for torch and, once it is ready in the background, OpenVINO if the extra `fast` is installed.
                The environment variable `EMOTISCAN_ENGINE` can say what "auto" means.

        Raises:
            CheckpointError: the file is missing, damaged, or of another version.
            DeviceError: this machine has no such device.
            EngineError: the engine is unknown, not installed, or does not work here.
        """
        self.device = resolve_device("cpu" if (device, engine) == ("auto", "openvino") else device)
        self.card: Card
        model, self.card = load_checkpoint(weights)
        self.model: InferenceModel = model.to(self.device).optimize_for_inference()
        del model
        self._engine = EngineSwitch(self.model, self.card.fingerprint, engine)
        self._detector = FaceDetector()
        runtime.trim_memory()

    @property
    def engine(self) -> str:
        """What runs the network now: "torch" or "openvino". With the engine "auto" it can change once."""
        return self.model.engine

    @property
    def detector(self) -> FaceDetector:
        """Finds the faces."""
        return self._detector

    def analyze(
        self,
        source: Source,
        cropped: bool = False,
        *,
        name: str | None = None,
        beside_others: bool = False,
    ) -> Analysis:
        """Analyze every face in an image.

        If no face is found, or only a doubtful one, the photo is also tried turned by 90, 180 and 270 degrees
        (`Analysis.rotated`): some lie on their side and do not say so.

        Args:
            source: an image, or a file's bytes or path.
            cropped: the image is known to be one face. It is analyzed even if no face is detected in it.
            name: what to call the image in tables; None for its path, or "" if there is none.
            beside_others: other threads analyze images at the same time. Faces are then found on one core: of several
                such searches each gets a core of its own, which takes less time in all than sharing all cores.

        Raises:
            ImageError: the file cannot be read or is not an image.
            TypeError: the source is something else, e.g. an array.
        """
        if beside_others:
            found = self.finders().submit(self._find, source, cropped, name).result()
        else:
            found = self._find(source, cropped, name)
        (analysis,) = self._read([found])
        return analysis

    def analyze_stream(self, sources: Iterable[Source], cropped: bool = False) -> Iterator[Analysis | ImageError]:
        """Analyze many images, several at a time: some are decoded and searched while the network reads others.

        The readings are those of `analyze`, up to rounding.

        Args:
            sources: as in `analyze`; they may still be arriving. Each is answered without waiting for the next one.
            cropped: each image is known to be one face.

        Yields:
            For each source in turn its analysis, or the error of an image that cannot be read.

        Raises:
            TypeError: a source is something else, e.g. an array.
        """

        def find(source: Source) -> _Found | ImageError:
            try:
                return self._find(source, cropped)
            except ImageError as error:
                return error

        def read(batch: list[_Found | ImageError]) -> list[Analysis | ImageError]:
            analyses = iter(self._read([found for found in batch if isinstance(found, _Found)]))
            return [next(analyses) if isinstance(found, _Found) else found for found in batch]

        return pipeline_map(
            find,
            read,
            sources,
            pool=self.finders(),
            look_ahead=_finder_count() + self._batch_size,
            batch_size=self._batch_size,
            size=lambda found: len(found.faces) if isinstance(found, _Found) else 0,
        )

    def analyze_many(
        self, paths: Iterable[str | PathLike[str]], cropped: bool = False, *, progress: bool = False
    ) -> "DataFrame":
        """Analyze many image files.

        The photos themselves are not kept. For folders, several processes, or output that can be resumed, use
        `emotiscan read`.

        Args:
            paths: of image files, e.g. `Path("photos").glob("*.jpg")`.
            cropped: each image is known to be one face.
            progress: show a progress bar (needs tqdm).

        Returns:
            One row per face, with the columns of `Analysis.to_frame`. An image that cannot be read, or has no face,
            gives one row with only `image` and `error`.

        Raises:
            TypeError: `paths` is a single path.
        """
        from emotiscan.export.records import error_record, frame, records

        if isinstance(paths, str | bytes | PathLike):
            raise TypeError("analyze_many takes a list of paths; put a single path into a list, or use analyze")
        if progress:
            from tqdm.auto import tqdm

            paths = tqdm(list(paths), unit="image")
        rows: list[dict[str, Any]] = []
        waiting: deque[Source] = deque()
        for analysis in self.analyze_stream(remembered(paths, waiting), cropped):
            path = waiting.popleft()
            if isinstance(analysis, ImageError):
                rows.append(error_record(str(path), str(analysis)))
            else:
                rows += records(analysis.name, analysis.readings, analysis.rotated)
        return frame(rows, self.card.config)

    def analyze_video(
        self, source: "VideoSource", *, fps: float | None = None, start: float | None = None, end: float | None = None
    ) -> "VideoAnalysis":
        """Analyze a clip, frame by frame; needs the extra `video`.

        Iterate over the result to get the frames, each with its `time`, its `readings`, and the person (`tracks`) that
        each reading belongs to. Afterwards `to_frame()` and `timeline` have all of them.

        Args:
            source: a path, a file's bytes, or a file object.
            fps: frames per second to read; None for all.
            start: first and `end` last time of the stretch to read, in seconds.
            end: the frame with this time is not read any more.

        Raises:
            VideoError: the file cannot be read or is no video.
        """
        from emotiscan.video.analysis import VideoAnalysis
        from emotiscan.video.decode import Video

        return VideoAnalysis(self, Video(source, fps=fps, start=start, end=end))

    def read_faces(self, faces: Sequence[tuple[Image.Image, Face]]) -> list[Reading]:
        """Predict faces that were found before, in one or more photos.

        Args:
            faces: each with the upright RGB photo that it is in.
        """
        return self.read_cut([cut for photo, face in faces for cut in self.cut(photo, [face])])

    def cut(self, photo: Image.Image, faces: Sequence[Face]) -> list[CutFace]:
        """Cut out faces that were found before: the part of reading them that a thread of one core can do.

        Args:
            photo: upright, RGB.
            faces: in the photo.
        """
        return self._cut(LazyPhoto(photo), faces)

    def read_cut(self, faces: Sequence[CutFace]) -> list[Reading]:
        """Predict faces that have been cut out, of one or more photos."""
        size = self._batch_size
        batches = [faces[start : start + size] for start in range(0, len(faces), size)]
        return [reading for batch in batches for reading in self._predict(batch)]

    def _cut(self, photo: LazyPhoto, faces: Sequence[Face]) -> list[CutFace]:
        """Cut out faces, which are in pixels of the photo's copy."""
        copy, side = photo.small, self.card.config.input_size
        return [CutFace(face.scaled(photo.scale), photo.size, face.crop(copy), face.crop(copy, side)) for face in faces]

    @property
    def _batch_size(self) -> int:
        return BATCH_SIZE if self.device.type == "cpu" else GPU_BATCH_SIZE

    @staticmethod
    def finders() -> ThreadPoolExecutor:
        """Threads that look for faces, each on one core; the whole process shares them."""
        return single_thread_pool(_finder_count(), "find")

    def _find(self, source: Source, cropped: bool, name: str | None = None) -> "_Found":
        """Decode an image and cut out its faces: the part of the work without the network."""
        opened = _opened(source)
        photo, faces, rotated = self._search(opened, cropped)
        if not opened.is_whole and not (faces and all(face.has_detail for face in faces)):
            photo, faces, rotated = self._search(opened.decoded(), cropped)
        largest = sorted(faces, key=lambda face: -face.side)[:MAX_FACES]
        chosen = [face for face in faces if face in largest] if len(faces) > MAX_FACES else faces
        skipped = len(faces) - len(chosen)
        return _Found(photo, self._cut(photo, chosen), skipped, _name_of(source) if name is None else name, rotated)

    def _search(self, photo: LazyPhoto, cropped: bool) -> tuple[LazyPhoto, list[Face], int]:
        """The photo turned upright, its faces in pixels of `LazyPhoto.small`, and by how much it was turned."""
        if cropped:
            return photo, [self._detector.locate(photo.small)], 0
        _, faces, rotated = self._detector.detect_any_way_up(photo.small, is_copy=not photo.is_whole)
        return photo.turned(TURNS[rotated]) if rotated else photo, faces, rotated

    def _read(self, images: "Sequence[_Found]") -> list[Analysis]:
        """Predict the faces of one or more images, in batches that may hold faces of several."""
        readings = iter(self.read_cut([face for image in images for face in image.faces]))
        return [
            Analysis(
                lazy_photo=image.photo,
                readings=tuple(itertools.islice(readings, len(image.faces))),
                skipped_faces=image.skipped,
                name=image.name,
                config=self.card.config,
                rotated=image.rotated,
            )
            for image in images
        ]

    def _predict(self, faces: Sequence[CutFace]) -> Iterator[Reading]:
        crops = prepare([face.network_crop for face in faces], self.card.config)
        with torch.inference_mode():
            outputs = self.model.predict(crops.to(self.device)).to_cpu()
        self._engine.after_batch()
        return readings_of(outputs, faces, self.card, self.model)


class _Found(NamedTuple):
    """An image whose faces are known, but not read yet.

    Attributes:
        photo: upright.
        faces: those to read, from left to right.
        skipped: number of further faces.
        name: of the image.
        rotated: as in `Analysis`.
    """

    photo: LazyPhoto
    faces: Sequence[CutFace]
    skipped: int
    name: str
    rotated: int


def _finder_count() -> int:
    return min(MAX_FINDERS, torch.get_num_threads())


def _opened(source: object) -> LazyPhoto:
    if isinstance(source, LazyPhoto):
        return source
    if isinstance(source, Image.Image):
        return LazyPhoto(to_rgb(source))
    return decode_photo(_bytes_or_path(source), DETECTION_SIDE)


def _bytes_or_path(source: object) -> bytes | Path:
    if isinstance(source, str | PathLike):
        return Path(source)
    if isinstance(source, bytes | bytearray | memoryview):
        return bytes(source)
    raise TypeError(
        f"an image is a path, the bytes of a file, or a PIL image, not {type(source).__name__}; "
        "for an array in RGB order use PIL.Image.fromarray"
    )


def _name_of(source: object) -> str:
    return str(source) if isinstance(source, str | PathLike) else ""
