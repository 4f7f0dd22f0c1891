"""DICOM that isovox writes, read by the readers that others use."""

import highdicom
import nibabel
import numpy as np
import pydicom
import pytest
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, generate_uid

SHAPE = (6, 9, 11)


def series(folder, array):
    """Slices of a CT, the last position first; the names do not sort as the positions do."""
    folder.mkdir()
    study, uid, frame = generate_uid(), generate_uid(), generate_uid()
    images = []
    for k, plane in enumerate(array):
        meta = FileMetaDataset()
        meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID, meta.TransferSyntaxUID = CTImageStorage, generate_uid(), ExplicitVRLittleEndian
        image = FileDataset(None, {}, file_meta=meta, preamble=b"\0" * 128)
        image.SOPClassUID, image.SOPInstanceUID = CTImageStorage, meta.MediaStorageSOPInstanceUID
        image.StudyInstanceUID, image.SeriesInstanceUID, image.FrameOfReferenceUID = study, uid, frame
        image.PatientName, image.PatientID, image.StudyDate, image.Modality = "Muster^Erika", "4711", "20200102", "CT"
        image.SeriesNumber, image.InstanceNumber = 3, len(array) - k
        image.ImagePositionPatient, image.ImageOrientationPatient = [-20.5, 10, 2.5 * k - 7], [1, 0, 0, 0, 1, 0]
        image.PixelSpacing, image.SliceThickness = [0.75, 0.5], 2.5
        image.SamplesPerPixel, image.PhotometricInterpretation = 1, "MONOCHROME2"
        image.Rows, image.Columns = plane.shape
        image.BitsAllocated, image.BitsStored, image.HighBit, image.PixelRepresentation = 16, 16, 15, 1
        image.RescaleSlope, image.RescaleIntercept = 1, -1024
        image.PixelData = (plane + 1024).astype("<i2").tobytes()
        image.save_as(folder / f"{(k * 5) % 7}.dcm", enforce_file_format=True)
        images.append(image)
    return images


@pytest.fixture
def made(isovox, rng):
    array = rng.integers(-1000, 1000, SHAPE, dtype=np.int16)
    return array, series(isovox.path("series"), array)


def ascending(volume):
    """highdicom gives planes, rows and columns as right-handed axes: here the planes from the last to the first."""
    array, affine = volume.array, volume.affine.copy()
    if affine[2, 0] < 0:
        affine[:, 3] += affine[:, 0] * (len(array) - 1)
        array, affine[:, 0] = array[::-1], -affine[:, 0]
    return array, affine


def test_a_mask_is_a_segmentation(isovox, made):
    array, images = made
    isovox("threshold", "series", "-o", "mask.dcm", "--lower", "0")
    seg = highdicom.seg.segread(isovox.path("mask.dcm"))
    assert seg.segmentation_type == highdicom.seg.SegmentationTypeValues.BINARY and seg.number_of_segments == 1
    volume = seg.get_volume(combine_segments=True)
    planes, affine = ascending(volume)
    np.testing.assert_array_equal(planes, array >= 0)
    # Index (plane, row, column) to LPS.
    np.testing.assert_allclose(affine, [[0, 0, 0.5, -20.5], [0, 0.75, 0, 10], [2.5, 0, 0, -7], [0, 0, 0, 1]], atol=1e-6)
    back = seg.get_pixels_by_source_instance([i.SOPInstanceUID for i in images], combine_segments=True)
    np.testing.assert_array_equal(back, array >= 0)
    assert (seg.StudyInstanceUID, seg.FrameOfReferenceUID) == (images[0].StudyInstanceUID, images[0].FrameOfReferenceUID)
    assert seg.PatientName == "" and seg.PatientID == ""


def test_labels_are_segments(isovox, made):
    array, _ = made
    isovox("pipe", "series", "!", "threshold", "--lower", "900", "!", "label", "-o", "labels.dcm")
    isovox("pipe", "series", "!", "threshold", "--lower", "900", "!", "label", "-o", "labels.nii")
    labels = np.asanyarray(nibabel.load(isovox.path("labels.nii")).dataobj).T
    seg = highdicom.seg.segread(isovox.path("labels.dcm"))
    assert list(seg.segment_numbers) == list(range(1, labels.max() + 1))
    assert seg.get_segment_description(1).segment_label == "Label 1"
    volume = seg.get_volume(combine_segments=True, allow_missing_positions=True)
    np.testing.assert_array_equal(ascending(volume)[0], labels)
    assert len(pydicom.dcmread(isovox.path("labels.dcm")).pixel_array) == seg.NumberOfFrames
