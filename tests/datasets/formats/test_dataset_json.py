"""Every dataset.json gives as many cases as it lists, each under a name of its own."""

import json

import pytest

from weakseg3d.datasets.formats.dataset_json import cases_of_dataset_json
from weakseg3d.errors import UserError


def cases(folder, content, files=(), channel=0):
    """Write ``content`` and empty ``files``, and return ``{case: (image, label)}`` as paths within the folder."""
    for name in files:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    (folder / "dataset.json").write_text(json.dumps(content), encoding="utf-8")
    found = cases_of_dataset_json(folder / "dataset.json", channel)
    return {case: tuple(str(path.relative_to(folder)) for path in sources.values()) for case, sources in found.items()}


def training(*pairs):
    return {"training": [{"image": image, "label": label} for image, label in pairs]}


def test_cases_are_called_like_their_labels(tmp_path):
    content = training(("./imagesTr/a.nii.gz", "./labelsTr/a.nii.gz"), ("./imagesTr/b.nii.gz", "./labelsTr/b.nii.gz"))
    found = cases(tmp_path, content, ["imagesTr/a.nii.gz"])
    assert found == {kind: (f"imagesTr/{kind}.nii.gz", f"labelsTr/{kind}.nii.gz") for kind in "ab"}


@pytest.mark.parametrize(
    ("labels", "names"),
    [
        (["p1/seg.nii.gz", "p2/seg.nii.gz", "p3/seg.nii.gz"], ["p1", "p2", "p3"]),
        (["site/a/1/seg.nii", "site/a/2/seg.nii", "site/b/1/seg.nii"], ["a_1", "a_2", "b_1"]),
        (["a/x.nii", "b/x.nii", "b/y.nii"], ["a_x", "b_x", "b_y"]),
    ],
)
def test_labels_of_one_name_are_told_apart_by_their_folders(tmp_path, labels, names):
    assert list(cases(tmp_path, training(*[("ct.nii", label) for label in labels]))) == names


@pytest.mark.parametrize("labels", [["a/x.nii", "a/x.nii"], ["a/x.nii", "x.nii"], ["x.nii", "x.nii.gz"]])
def test_cases_that_cannot_be_told_apart_are_rejected(tmp_path, labels):
    with pytest.raises(UserError, match=r"dataset.json: several cases are called"):
        cases(tmp_path, training(*[("ct.nii", label) for label in labels]))


@pytest.mark.parametrize("channel", [0, 1])
def test_nnunet_1_lists_images_without_their_channel(tmp_path, channel):
    files = ["imagesTr/x_0000.nii.gz", "imagesTr/x_0001.nii.gz", "labelsTr/x.nii.gz"]
    found = cases(tmp_path, training(("./imagesTr/x.nii.gz", "./labelsTr/x.nii.gz")), files, channel)
    assert found == {"x": (f"imagesTr/x_000{channel}.nii.gz", "labelsTr/x.nii.gz")}


@pytest.mark.parametrize("channel", [0, 1])
def test_a_list_of_images_has_one_per_channel(tmp_path, channel):
    found = cases(tmp_path, training((["t1.nii", "t2.nii"], "x.nii")), channel=channel)
    assert found == {"x": (f"t{channel + 1}.nii", "x.nii")}


def test_nnunet_2_names_the_cases_itself(tmp_path):
    listed = {"first": {"images": ["a.nii"], "label": "seg.nii"}, "second": {"images": ["b.nii"], "label": "p/seg.nii"}}
    assert list(cases(tmp_path, {"dataset": listed})) == ["first", "second"]


@pytest.mark.parametrize("image", [3, None, [], [None], {"a": 1}])
def test_anything_else_is_rejected(tmp_path, image):
    with pytest.raises(UserError, match="not a dataset.json"):
        cases(tmp_path, training((image, "x.nii")))
