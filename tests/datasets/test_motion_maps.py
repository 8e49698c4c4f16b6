import io

import numpy as np
import pytest
import torch

from emotiscan import facs
from emotiscan.datasets.augmentation import Augmentation
from emotiscan.datasets.face_dataset import FaceDataset
from emotiscan.datasets.loaders import load_source
from emotiscan.datasets.motion_maps import SIDE, motion_maps_in_crop, read_motion_maps, regions_in_crop
from emotiscan.model.network import ModelConfig
from emotiscan.training import report
from emotiscan.training.losses import labels_of_photos, map_loss, region_loss, side_loss
from tests.support.tiny_runs import emotiscan_train
from tests.support.trees import put, write_rendered

WHOLE = np.array([[1 / 96, 0, 0], [0, 1 / 96, 0]])
WHOLE_CROP = np.array([[1.0, 0, 0], [0, 1, 0]])
AU_NAMES = ("AU12", "AU4", "AU1")


@pytest.fixture
def folder(tmp_path):
    """Rendered images of 96 px whose AU12 moves the left half of the image; the second has no maps."""
    folder = write_rendered(tmp_path / "rendered", [{"AU12": 0.8}, {"AU12": 0.8}, {}])
    left = np.zeros((24, 24), np.uint8)
    left[:, :12] = 255
    buffer = io.BytesIO()
    np.savez(buffer, AU12=left)
    put(folder / "maps/000000.npz", buffer.getvalue())
    put(folder / "maps/000002.npz", buffer.getvalue())
    return folder


def dataset(folder, **options):
    table = load_source(f"rendered:{folder}")
    config = ModelConfig(action_units=AU_NAMES, input_size=32)
    return FaceDataset(table, np.array([WHOLE] * len(table)), config, movement=SIDE, **options)


def test_present_action_unit_has_its_map_and_absent_one_a_blank_map(folder):
    moves = dataset(folder)[0]["movement"].numpy()
    assert moves.shape == (3, SIDE, SIDE)
    assert moves[0, :, : SIDE // 2 - 1].min() > 0.95
    assert moves[0, :, SIDE // 2 + 1 :].max() < 0.05
    assert (moves[1:] == 0).all()


def test_unknown_motion_maps_are_nan(folder):
    without_maps = dataset(folder)[1]["movement"]
    assert without_maps.isnan().all()
    maps = read_motion_maps(folder, "maps/000000.npz", 96)
    moves = motion_maps_in_crop(maps, AU_NAMES, np.array([np.nan, 1, 0]), WHOLE)
    assert np.isnan(moves[:2]).all()  # an unknown label, and an action unit without a map
    assert (moves[2] == 0).all()


def test_motion_maps_are_flipped_with_the_image(folder):
    still = dict.fromkeys(vars(Augmentation()), 0.0)
    mirrored = dataset(folder, augmentation=Augmentation(**{**still, "flip": 1.0}))[0]["movement"]
    torch.testing.assert_close(mirrored, dataset(folder)[0]["movement"].flip(2), atol=0.02, rtol=0)


def test_damaged_motion_maps_are_logged_and_skipped(folder, caplog):
    put(folder / "maps/000000.npz", b"no maps")
    assert dataset(folder)[0]["movement"].isnan().all()
    assert "maps/000000.npz" in caplog.text
    assert "render the image again" in caplog.text


def test_map_loss_raises_cells_in_the_map_and_ignores_unknown_maps():
    maps = torch.zeros(2, 1, 4, 4)
    maps[0, 0, :, :2] = 1
    maps[1] = torch.nan
    logits = torch.zeros(2, 1, 2, 2, requires_grad=True)
    loss = map_loss(logits, maps)
    assert loss.item() == pytest.approx(4 * np.log(2))
    loss.backward()
    assert (logits.grad[0, 0, :, 0] < 0).all()
    assert (logits.grad[0, 0, :, 1] > 0).all()
    assert (logits.grad[1] == 0).all()
    assert map_loss(logits, torch.full((2, 1, 4, 4), torch.nan)).item() == 0


def test_map_loss_expects_certainty_for_a_place_smaller_than_a_cell():
    maps = torch.zeros(1, 1, 4, 4)
    maps[0, 0, 0, 0] = 0.5  # an eighth of its cell
    sure = torch.full((1, 1, 2, 2), -20.0)
    sure[0, 0, 0, 0] = 20
    assert map_loss(sure, maps).item() == pytest.approx(0, abs=1e-6)
    assert map_loss(torch.full((1, 1, 2, 2), -20.0), torch.zeros(1, 1, 4, 4)).item() == pytest.approx(0, abs=1e-6)


def test_regions_are_where_anatomy_says_and_follow_the_crop():
    mouth, brows, _ = regions_in_crop(AU_NAMES, WHOLE_CROP)
    assert mouth[8:10, 4].min() > 0.5  # a lip corner
    assert mouth[:4].max() == 0
    assert brows[6:].max() == 0
    lowered = np.array([[1.0, 0, 0], [0, 1, 0.25]])
    np.testing.assert_allclose(regions_in_crop(AU_NAMES, lowered)[1, 3:], brows[:-3], atol=0.02)


def test_only_images_without_motion_maps_get_regions(folder):
    rendered, photo = (dataset(folder, regions=SIDE)[n]["region"] for n in (0, 1))
    assert rendered.isnan().all()
    np.testing.assert_allclose(photo, regions_in_crop(AU_NAMES, WHOLE_CROP))


def test_flipped_images_get_flipped_regions(folder):
    turned = dict.fromkeys(vars(Augmentation()), 0.0) | {"shift": 0.1, "flip": 1.0}
    moved = dataset(folder, augmentation=Augmentation(**turned), regions=SIDE, seed=3)
    item, plain = moved[1], dataset(folder)[1]
    place = Augmentation(**turned).random_transform(np.random.default_rng((3, 1)))
    np.testing.assert_allclose(item["region"], regions_in_crop(AU_NAMES, place))
    assert not torch.equal(item["crop"], plain["crop"])


def test_region_loss_penalizes_only_cells_outside_the_region():
    regions = torch.zeros(2, 1, 4, 4)
    regions[0, 0, :2, :2] = 0.5
    regions[1] = torch.nan
    logits = torch.zeros(2, 1, 2, 2, requires_grad=True)
    loss = region_loss(logits, regions)
    assert loss.item() == pytest.approx(3 * np.log(2))
    loss.backward()
    assert logits.grad[0, 0, 0, 0] == 0
    assert (logits.grad[0, 0].flatten()[1:] > 0).all()
    assert (logits.grad[1] == 0).all()
    assert region_loss(logits, torch.full((2, 1, 4, 4), torch.nan)).item() == 0


def test_side_loss_raises_the_weaker_side():
    def read(cells):
        return cells.amax((2, 3))

    au_logit_map = torch.full((1, 1, 2, 5), -4.0)
    au_logit_map[0, 0, 0, 0] = 4
    au_logit_map.requires_grad_()
    present = torch.ones(1, 1)
    loss = side_loss(au_logit_map, read, present)
    assert loss.item() == pytest.approx((np.log1p(np.exp(-4)) + np.log1p(np.exp(4))) / 2, rel=1e-4)
    loss.backward()
    assert (au_logit_map.grad[0, 0, :, 3:] < 0).all()  # a step downhill makes the other side speak
    middle = torch.full((1, 1, 2, 5), -4.0)
    middle[0, 0, 1, 2] = 4
    assert side_loss(middle, read, present).item() == pytest.approx(np.log1p(np.exp(-4)), rel=1e-3)
    assert side_loss(au_logit_map, read, present * torch.nan).item() == 0


def test_side_loss_applies_to_photos_only():
    regions = torch.ones(2, 2, 4, 4)
    regions[1] = torch.nan
    labels = labels_of_photos(torch.tensor([[1.0, 0.5], [1.0, 0.0]]), regions)
    assert labels[0].tolist() == [1, 0.5]
    assert labels[1].isnan().all()


def test_training_teaches_the_network_where_an_action_unit_shows(tmp_path, monkeypatch, capsys):
    def kept(network, *_):
        networks.append(network)

    networks = []
    monkeypatch.setattr(report, "finish", kept)
    folder = write_rendered(
        tmp_path / "rendered", [{"AU12": 0.8}, {}] * 4, ["train"] * 4 + ["validation"] * 2 + ["train"] * 2
    )
    left = np.zeros((24, 24), np.uint8)
    left[:, :12] = 255
    buffer = io.BytesIO()
    np.savez(buffer, AU12=left)
    for n in range(8):
        put(folder / f"maps/{n:06}.npz", buffer.getvalue())
    arguments = ["--data", f"rendered:{folder}", "--cache", str(tmp_path / "cache"), "--precision", "fp32"]
    arguments += ["--init", "none", "--backbone", "densenet121", "--hidden", "16", "--batch", "6", "--workers", "0"]
    arguments += ["--sizes", "64:8", "--no-augmentation", "--dropout", "0", "--lr", "0.003"]
    for option in ("--map-loss", "--region-loss", "--side-loss"):
        assert emotiscan_train([*arguments, "--out", str(tmp_path / "global"), option, "1"]) == 2
        assert f"{option} teaches where action units show; add --local-action-units" in capsys.readouterr().err
    seen = []
    for weight in ("0", "1"):
        options = ["--out", str(tmp_path / weight), "--local-action-units", "--map-loss", weight]
        assert emotiscan_train([*arguments, *options]) == 0
        crops = torch.stack([item["crop"] for item in dataset(folder, size=64)])
        network = networks[-1].train()  # so few steps leave no batch statistics to evaluate with
        with torch.inference_mode():
            au_logit_map = network.au_logit_map(network.features(crops))
        assert au_logit_map.shape == (8, len(facs.AU_NAMES), 2, 2)
        left, right = au_logit_map[::2, facs.AU_NAMES.index("AU12")].mean((0, 1)).tolist()
        seen.append(left - right)
    torch.set_flush_denormal(False)
    assert seen[1] > seen[0] + 0.2
